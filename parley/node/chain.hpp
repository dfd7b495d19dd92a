// Chain: the modules of our chain (today pool and relay) with their settings, JSON-RPC methods,
// status and figures: all that a network needs to carry it, and nothing of the network.
//
//     Chain chain{config, rng};
//     if (!network.open(now, chain.modules())) return;  // a StoreError
//     dispatcher.add(chain.rpc_methods());
//
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/p2p/config/config.hpp>
#include <parley/p2p/metrics.hpp>
#include <parley/rpc/method.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace parley::node {

/// The chain's part of parley.toml.
struct ChainConfig {
    std::uint64_t id = 7700;  ///< that transactions are signed for (EIP-155)
    std::uint64_t pool_bytes_max = 64ULL << 20;
    gossip::TreeConfig gossip;  ///< not in parley.toml
};
/// The chain's settings, bound to `config`.
p2p::SettingList settings_of(ChainConfig& config);

class Chain {
public:
    Chain(const ChainConfig& config, Rng rng);

    const ChainConfig& config() const { return config_; }
    const chain::TxPool& pool() const { return pool_; }
    /// To submit transactions of this node's own user.
    chain::TxRelay& relay() { return relay_; }
    const chain::TxRelay& relay() const { return relay_; }

    /// Ethereum's methods, to be given the ledger and fed with what happens.
    EthRpc& eth() { return eth_; }

    /// To be plugged into a network; they live as long as this.
    std::vector<transport::PeerHandler*> modules() { return {&relay_}; }
    /// eth_* and txpool_* (rpc/methods.cpp).
    std::vector<rpc::Method> rpc_methods();
    /// Members of parley_status.
    void add_status(rpc::json::object& out) const;
    /// Members of admin_nodeInfo's "network".
    void add_node_info(rpc::json::object& out) const;
    /// Adds the chain's figures, which docs/METRICS.md lists.
    void collect_metrics(p2p::Metrics& metrics) const;

private:
    ChainConfig config_;
    chain::TxPool pool_;
    chain::TxRelay relay_;
    EthRpc eth_;
};

}  // namespace parley::node
