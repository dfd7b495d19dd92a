// Peers that the owner names while the node runs; admin_addPeer is in rpc_admin.cpp.
#include <parley/node/rpc/rpc_method.hpp>
#include <parley/node/rpc/rpc_params.hpp>

#include <fmt/format.h>

namespace parley::node {

RpcResult admin_remove_peer(const RpcCall& call) {
    const auto id = peer_param(call, 0);
    if (!id) return std::unexpected{id.error()};
    return json::value(call.node.remove_peer(call.now, *id));
}

RpcResult admin_add_trusted_peer(const RpcCall& call) {
    const auto id = peer_param(call, 0);
    if (!id) return std::unexpected{id.error()};
    if (call.node.trust(*id)) return json::value(true);
    return std::unexpected{RpcError{
        rpc_code::refused, fmt::format("{} nodes are trusted already", Node::trusted_max)}};
}

RpcResult admin_remove_trusted_peer(const RpcCall& call) {
    const auto id = peer_param(call, 0);
    if (!id) return std::unexpected{id.error()};
    return json::value(call.node.untrust(*id));
}

}  // namespace parley::node
