// The network's JSON-RPC methods: net_*, web3_clientVersion, admin_*, discv5_*, parley_*.
// docs/RPC.md describes each. Threading: the node's thread.
#pragma once

#include <parley/identity/endpoint.hpp>
#include <parley/p2p/network.hpp>
#include <parley/rpc/dispatcher.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace parley::p2p {

/// What others add to the replies of the network's methods.
struct RpcExtras {
    using Add = std::function<void(rpc::json::object&)>;
    std::vector<Add> status;         ///< members of parley_status
    std::vector<Add> node_info;      ///< members of admin_nodeInfo's "network"
    std::optional<Endpoint> http{};  ///< where the HTTP server listens, for parley_status
};

/// `network` outlives the methods and all replies under way. `extras` may be filled in later.
std::vector<rpc::Method> rpc_methods(Network& network, std::shared_ptr<const RpcExtras> extras);

/// A dispatcher without methods, with the limits of the network's settings; replies to lasting
/// methods wait until the network is saved. `network` outlives it.
rpc::Dispatcher dispatcher_for(Network& network);
rpc::DispatcherLimits limits_of(const RpcConfig& config);

/// Parameter `index` as the ID of another node: 66 hex digits, `ID@address:port`, or a record.
Result<NodeId, rpc::Error> peer_param(const Network& network, const rpc::Call& call,
                                      std::size_t index);

}  // namespace parley::p2p
