// Chain: the modules of our chain (pool, relay, and with a genesis the ledger) with their settings,
// JSON-RPC methods, status and figures: all that a network needs to carry it, and nothing of the
// network.
//
//     Chain chain{config, rng};
//     if (!network.open(now, chain.modules())) return;  // a StoreError
//     chain.follow(network.hub());
//     dispatcher.add(chain.rpc_methods());
//
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/chain/light/light_server.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/events/hub.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/node/chain_data.hpp>
#include <parley/node/ledger_module.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/validator_module.hpp>
#include <parley/p2p/metrics.hpp>
#include <parley/rpc/method.hpp>

#include <optional>
#include <vector>

namespace parley::node {

class Chain {
public:
    /// Without `data` it has no blocks: a pool whose transactions nobody executes. What the own
    /// user submits is kept in `store`, if there is one, which outlives this and its Jobs.
    Chain(const ChainConfig& config, Rng rng, std::optional<ChainData> data = {},
          Store* store = nullptr);

    const ChainConfig& config() const { return config_; }
    const chain::TxPool& pool() const { return pool_; }
    /// To submit transactions of this node's own user.
    chain::TxRelay& relay() { return relay_; }
    const chain::TxRelay& relay() const { return relay_; }

    /// Ethereum's methods.
    EthRpc& eth() { return eth_; }
    /// Null without blocks.
    LedgerModule* blocks() { return blocks_ ? &*blocks_ : nullptr; }
    const LedgerModule* blocks() const { return blocks_ ? &*blocks_ : nullptr; }

    /// Null unless this node serves light ones.
    const chain::light::LightServer* light_server() const {
        return light_server_ ? &*light_server_ : nullptr;
    }
    /// Null unless blocks are made by votes.
    ValidatorModule* validator() { return validator_ ? &*validator_ : nullptr; }
    const ValidatorModule* validator() const { return validator_ ? &*validator_ : nullptr; }

    /// To be plugged into a network; they live as long as this.
    std::vector<transport::PeerHandler*> modules();
    /// Once, when the network is open: transactions are told to filters and subscriptions.
    void follow(Hub& hub);
    /// eth_*, txpool_* and those of the consensus (rpc/methods.cpp).
    std::vector<rpc::Method> rpc_methods();
    /// Members of parley_status.
    void add_status(rpc::json::object& out) const;
    /// Members of admin_nodeInfo's "network".
    void add_node_info(rpc::json::object& out) const;
    /// Adds the chain's figures, which docs/METRICS.md lists.
    void collect_metrics(p2p::Metrics& metrics) const;

private:
    void serve_light_nodes();

    ChainConfig config_;
    HeadState state_;
    chain::TxPool pool_;
    chain::TxRelay relay_;
    EthRpc eth_;
    std::optional<LedgerModule> blocks_;
    std::optional<ValidatorModule> validator_;
    std::optional<chain::light::LightServer> light_server_;
    Hub::Subscription added_;
    Hub::Subscription moved_;
};

}  // namespace parley::node
