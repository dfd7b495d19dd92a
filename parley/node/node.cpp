#include <parley/node/node.hpp>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace parley::node {

p2p::SettingList settings_of(NodeConfig& config) {
    auto list = p2p::settings_of(config);
    list.join(settings_of(config.chain));
    return list;
}

Result<NodeConfig, p2p::ConfigError> parse_config(std::string_view toml, std::string_view file_name,
                                                  p2p::OtherTables other) {
    NodeConfig config;
    const auto ok = read_config(settings_of(config), config, toml, file_name, other);
    if (!ok) return std::unexpected{ok.error()};
    return config;
}

namespace {

/// What the network knows of the chain.
p2p::Config of_network(const NodeConfig& config, const std::optional<ChainData>& chain) {
    p2p::Config out = static_cast<const p2p::Config&>(config);
    [[maybe_unused]] const auto differs = take_chain(out.network, facts_of(config.chain, chain));
    assert(!differs);
    return out;
}

}  // namespace

Node::Node(const NodeConfig& config, NodeKey key, Store& store, Log& log, Rng rng, Now now,
           EntropySource* entropy, std::optional<ChainData> chain)
    : ChainOwner{Chain{config.chain, rng.split("parts").split("tx"), chain, &store}},
      Network(of_network(config, chain), std::move(key), store, log, rng, now, entropy) {}

Result<std::unique_ptr<Node>, StoreError> Node::create(NodeConfig config, NodeKey key, Store& store,
                                                       Log& log, Rng rng, Now now,
                                                       std::vector<transport::PeerHandler*> modules,
                                                       EntropySource* entropy,
                                                       std::optional<ChainData> chain) {
    std::unique_ptr<Node> node{
        new Node{config, std::move(key), store, log, rng, now, entropy, std::move(chain)}};
    std::ranges::copy(node->chain().modules(), std::back_inserter(modules));
    if (auto opened = node->open(now, std::move(modules)); !opened) {
        return std::unexpected{opened.error()};
    }
    node->chain().follow(node->hub());
    if (auto* blocks = node->chain().blocks()) {
        blocks->follow_head(now, [net = node.get()](Now at, const chain::ChainHeader& head) {
            net->set_head(at, head.header.number, head.header.timestamp);
        });
    }
    return node;
}

std::vector<rpc::Method> rpc_methods(Node& node, std::shared_ptr<p2p::RpcExtras> extras) {
    extras->status.emplace_back([&node](auto& out) { node.chain().add_status(out); });
    extras->node_info.emplace_back([&node](auto& out) { node.chain().add_node_info(out); });
    auto methods = p2p::rpc_methods(node, std::move(extras));
    std::ranges::move(node.chain().rpc_methods(), std::back_inserter(methods));
    return methods;
}

}  // namespace parley::node
