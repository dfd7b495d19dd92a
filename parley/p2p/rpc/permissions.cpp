// The allow-list of a permissioned network.
#include <parley/p2p/rpc/functions.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

namespace parley::p2p {

namespace {

using Outcome = Permissions::Outcome;

rpc::Result change(Network& node, const rpc::Call& call,
                   Outcome (Network::*set)(Now, const NodeId&)) {
    const auto id = peer_param(node, call, 0);
    if (!id) return std::unexpected{id.error()};
    if (!node.permissions().enabled()) {
        return rpc::refused("the network is open to everybody: see permissions.enabled");
    }
    const auto outcome = (node.*set)(call.now, *id);
    if (outcome != Outcome::full) return rpc::json::value(outcome == Outcome::changed);
    return rpc::refused(
        fmt::format("{} changes to the settings are kept, and no more", Permissions::changes_max));
}

}  // namespace

rpc::Result parley_allow(Network& node, const rpc::Call& call) {
    return change(node, call, &Network::allow);
}

rpc::Result parley_disallow(Network& node, const rpc::Call& call) {
    return change(node, call, &Network::disallow);
}

rpc::Result parley_allowed(Network& node, const rpc::Call&) {
    const auto& permissions = node.permissions();
    rpc::json::array ids;
    for (const auto& id : permissions.allowed()) ids.emplace_back(id.to_string());
    return rpc::json::object{{"enabled", permissions.enabled()}, {"allowed", std::move(ids)}};
}

}  // namespace parley::p2p
