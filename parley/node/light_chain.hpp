// LightChain: a chain of which this node keeps the headers alone (LightNode), with its JSON-RPC
// methods, status and figures: what Chain is to a full node.
//
//     LightChain chain{config, data, rng};
//     if (!network.open(now, chain.modules())) return;
//     dispatcher.add(chain.rpc_methods());
//
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/light/light_node.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/p2p/config/config.hpp>
#include <parley/p2p/metrics.hpp>
#include <parley/rpc/method.hpp>

#include <memory>
#include <string>
#include <vector>

namespace parley::node {

/// What a light node needs beside its settings.
struct LightData {
    chain::Genesis genesis;
    chain::Header first_header;                   ///< of `genesis`
    std::shared_ptr<const chain::Engine> engine;  ///< by votes or by work
    std::shared_ptr<Store> store;                 ///< of the headers
};
/// Errors, in words: the chain is neither by votes nor by work, or the settings do not fit to it.
Result<LightData, std::string> make_light_data(const ChainConfig& config, chain::Genesis genesis,
                                               std::shared_ptr<Store> store);
/// What the network is to know of it.
p2p::ChainFacts facts_of(const LightData& data);

class LightChain {
public:
    LightChain(const ChainConfig& config, LightData data, Rng rng);

    chain::light::LightNode& light() { return light_; }
    const chain::light::LightNode& light() const { return light_; }
    const LightData& data() const { return data_; }
    const ChainConfig& config() const { return config_; }

    /// To be plugged into a network; they live as long as this.
    std::vector<transport::PeerHandler*> modules() { return {&light_}; }
    /// Those of Ethereum that can be proven; what cannot is refused by name (rpc/light_rpc.cpp).
    std::vector<rpc::Method> rpc_methods();
    /// Members of parley_status.
    void add_status(rpc::json::object& out) const;
    /// Members of admin_nodeInfo's "network".
    void add_node_info(rpc::json::object& out) const;
    /// Adds the chain's figures, which docs/METRICS.md lists.
    void collect_metrics(p2p::Metrics& metrics) const;

private:
    ChainConfig config_;
    LightData data_;
    chain::light::LightNode light_;
};

}  // namespace parley::node
