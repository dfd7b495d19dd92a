#include <parley/node/rpc/test_rpc.hpp>

#include <string>

using namespace parley;
using namespace parley::node;

namespace {

constexpr auto unix_socket = rpc::Origin::unix_socket;

NodeId id_of(std::uint64_t seed) {
    SeededEntropy entropy{seed};
    return NodeKey::generate(entropy).id();
}

std::string param(const NodeId& id) {
    return "[\"" + id.to_string() + "\"]";
}

NodeConfig permissioned(std::vector<NodeId> allow) {
    NodeConfig config;
    config.permissions.allow = std::move(allow);
    return config;
}

}  // namespace

TEST_CASE("rpc: the allow-list changes while the node runs, and outlives it") {
    const auto first = id_of(11);
    const auto second = id_of(12);
    RpcNode node{permissioned({first})};
    CHECK(node.result("parley_allowed") ==
          json::value({{"enabled", true}, {"allowed", {first.to_string()}}}));
    CHECK(node.result("parley_allow", param(second), unix_socket) == true);
    CHECK(node.result("parley_allow", param(second), unix_socket) == false);
    CHECK(node.result("parley_disallow", param(first), unix_socket) == true);
    CHECK(node.result("parley_disallow", param(first), unix_socket) == false);
    CHECK_FALSE(node.node->permissions().allows(first));
    node.save();
    node.restart();
    CHECK(node.result("parley_allowed").at("allowed") == json::value{second.to_string()});
    CHECK(node.result("parley_disallow", param(second), unix_socket) == true);
    CHECK(node.result("parley_allowed") ==
          json::value({{"enabled", true}, {"allowed", json::array{}}}));
}

TEST_CASE("rpc: the allow-list is the owner's, of other nodes, and of permissioned networks") {
    RpcNode node{permissioned({id_of(11)})};
    CHECK(node.error("parley_allow", param(id_of(12))).starts_with("-32000: "));
    CHECK(node.error("parley_disallow", param(id_of(11))).starts_with("-32000: "));
    CHECK(node.node->permissions().allows(id_of(11)));
    CHECK(node.error("parley_allow", param(node.node->id()), unix_socket) ==
          "-32000: that is this node itself");
    CHECK(node.error("parley_allow", "[\"02\"]", unix_socket).starts_with("-32602: params[0]: "));
    CHECK(node.error("parley_allow", "[7]", unix_socket).starts_with("-32602: params[0]: "));
    CHECK(node.error("parley_allow", "[]", unix_socket).starts_with("-32602: params[0]: "));

    RpcNode open;
    CHECK(open.error("parley_allow", param(id_of(11)), unix_socket) ==
          "-32000: the network is open to everybody: see permissions.enabled");
    CHECK(open.result("parley_allowed") ==
          json::value({{"enabled", false}, {"allowed", json::array{}}}));
}
