// The allow-list of a permissioned network.
#include <parley/node/rpc/rpc_method.hpp>
#include <parley/node/rpc/rpc_params.hpp>

#include <fmt/format.h>

namespace parley::node {

namespace {

using Outcome = Permissions::Outcome;

RpcResult change(const RpcCall& call, Outcome (Node::*set)(Now, const NodeId&)) {
    const auto id = peer_param(call, 0);
    if (!id) return std::unexpected{id.error()};
    if (!call.node.permissions().enabled()) {
        return std::unexpected{RpcError{
            rpc_code::refused, "the network is open to everybody: see permissions.enabled"}};
    }
    const auto outcome = (call.node.*set)(call.now, *id);
    if (outcome != Outcome::full) return json::value(outcome == Outcome::changed);
    return std::unexpected{RpcError{
        rpc_code::refused,
        fmt::format("{} changes to the settings are kept, and no more", Permissions::changes_max)}};
}

}  // namespace

RpcResult parley_allow(const RpcCall& call) {
    return change(call, &Node::allow);
}

RpcResult parley_disallow(const RpcCall& call) {
    return change(call, &Node::disallow);
}

RpcResult parley_allowed(const RpcCall& call) {
    const auto& permissions = call.node.permissions();
    json::array ids;
    for (const auto& id : permissions.allowed()) ids.emplace_back(id.to_string());
    return json::object{{"enabled", permissions.enabled()}, {"allowed", std::move(ids)}};
}

}  // namespace parley::node
