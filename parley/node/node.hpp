// Node: a network node that carries our chain, as one state machine. The only place where the
// network and the chain meet: it plugs the chain's modules into the network and adds nothing.
// Threading: one thread at a time.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/p2p/network.hpp>
#include <parley/p2p/rpc/methods.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace parley::node {

/// All of parley.toml: the network's settings and the chain's.
struct NodeConfig : p2p::Config {
    ChainConfig chain;
};
/// All settings, the network's and the chain's, bound to `config`.
p2p::SettingList settings_of(NodeConfig& config);
/// Defaults, then TOML, then the checks of p2p::check.
Result<NodeConfig, p2p::ConfigError> parse_config(
    std::string_view toml, std::string_view file_name,
    p2p::OtherTables other = p2p::OtherTables::refuse);

/// Holds what must outlive the network: modules do.
struct ChainOwner {
    Chain chain;
};

class Node final : private ChainOwner, public p2p::Network {
public:
    /// See p2p::Network; of `chain` fits what the settings say of it. `modules` are plugged in next
    /// to the chain's. With `chain` it has blocks.
    static Result<std::unique_ptr<Node>, StoreError> create(
        NodeConfig config, NodeKey key, Store& store, Log& log, Rng rng, Now now,
        std::vector<transport::PeerHandler*> modules = {}, EntropySource* entropy = nullptr,
        std::optional<ChainData> chain = {});

    /// Lives as long as the node.
    Chain& chain() { return ChainOwner::chain; }
    const Chain& chain() const { return ChainOwner::chain; }
    const chain::TxPool& pool() const { return chain().pool(); }
    /// As Chain::relay.
    chain::TxRelay& relay() { return chain().relay(); }
    const chain::TxRelay& relay() const { return chain().relay(); }

private:
    Node(const NodeConfig& config, NodeKey key, Store& store, Log& log, Rng rng, Now now,
         EntropySource* entropy, std::optional<ChainData> chain);
};

/// All methods of a node. What `extras` adds to replies comes before what the chain does.
std::vector<rpc::Method> rpc_methods(
    Node& node, std::shared_ptr<p2p::RpcExtras> extras = std::make_shared<p2p::RpcExtras>());

}  // namespace parley::node
