// Peers that the owner names while the node runs; admin_addPeer is in admin.cpp.
#include <parley/p2p/rpc/functions.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

namespace parley::p2p {

rpc::Result parley_failed_dials(Network& node, const rpc::Call&) {
    rpc::json::array out;
    for (const auto& failure : node.failed_dials()) {
        out.push_back({{"target", failure.target},
                       {"reason", transport::name(failure.reason)},
                       {"detail", failure.detail},
                       {"advice", failure.advice}});
    }
    return out;
}

rpc::Result admin_remove_peer(Network& node, const rpc::Call& call) {
    const auto id = peer_param(node, call, 0);
    if (!id) return std::unexpected{id.error()};
    return rpc::json::value(node.remove_peer(call.now, *id));
}

rpc::Result admin_add_trusted_peer(Network& node, const rpc::Call& call) {
    const auto id = peer_param(node, call, 0);
    if (!id) return std::unexpected{id.error()};
    if (node.trust(*id)) return rpc::json::value(true);
    return rpc::refused(fmt::format("{} nodes are trusted already", named_peers_max));
}

rpc::Result admin_remove_trusted_peer(Network& node, const rpc::Call& call) {
    const auto id = peer_param(node, call, 0);
    if (!id) return std::unexpected{id.error()};
    return rpc::json::value(node.untrust(*id));
}

}  // namespace parley::p2p
