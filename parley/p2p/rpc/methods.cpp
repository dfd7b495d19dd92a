#include <parley/p2p/rpc/methods.hpp>

#include <parley/p2p/rpc/functions.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/method_list.hpp>
#include <parley/rpc/params.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace parley::p2p {

namespace {

using List = rpc::MethodList<Network>;

rpc::Result web3_client_version(Network& node, const rpc::Call&) {
    return rpc::json::value(node.config().client);
}

rpc::Result net_version(Network& node, const rpc::Call&) {
    return rpc::json::value(std::to_string(node.config().network.id));
}

rpc::Result net_peer_count(Network& node, const rpc::Call&) {
    return rpc::json::value(rpc::hex_quantity(node.peers().size()));
}

rpc::Result net_listening(Network& node, const rpc::Call&) {
    return rpc::json::value(node.endpoint().has_value());
}

void add_admin(List& list) {
    list.changes("admin_addPeer", 1, &admin_add_peer);
    list.changes("admin_addTrustedPeer", 1, &admin_add_trusted_peer);
    list.lasts("admin_ban", 3, &admin_ban);
    list.answers("admin_bans", 0, &admin_bans);
    list.answers("admin_peers", 0, &admin_peers);
    list.changes("admin_removePeer", 1, &admin_remove_peer);
    list.changes("admin_removeTrustedPeer", 1, &admin_remove_trusted_peer);
    list.lasts("admin_unban", 1, &admin_unban);
    list.lasts("parley_allow", 1, &parley_allow);
    list.answers("parley_allowed", 0, &parley_allowed);
    list.lasts("parley_disallow", 1, &parley_disallow);
    list.answers("parley_failedDials", 0, &parley_failed_dials);
    list.answers("parley_lanes", 0, &parley_lanes);
}

void add_dht(List& list) {
    list.changes("discv5_addEnr", 1, &discv5_add_enr);
    list.starts_for_owner("discv5_findNode", 2, &discv5_find_node);
    list.answers("discv5_getEnr", 1, &discv5_get_enr);
    list.starts("discv5_lookupEnr", 1, &discv5_lookup_enr);
    list.answers("discv5_nodeInfo", 0, &discv5_node_info);
    list.starts_for_owner("discv5_ping", 1, &discv5_ping);
    list.starts("discv5_recursiveFindNodes", 1, &discv5_recursive_find_nodes);
    list.answers("discv5_routingTableInfo", 0, &discv5_routing_table_info);
    list.starts_for_owner("discv5_talkReq", 3, &discv5_talk_req);
    list.starts("parley_dhtAnnounce", 0, &parley_dht_announce);
    list.answers("parley_dhtTable", 0, &parley_dht_table);
}

}  // namespace

std::vector<rpc::Method> rpc_methods(Network& network, std::shared_ptr<const RpcExtras> extras) {
    List list{network};
    list.answers("net_listening", 0, &net_listening);
    list.answers("net_peerCount", 0, &net_peer_count);
    list.answers("net_version", 0, &net_version);
    list.answers("web3_clientVersion", 0, &web3_client_version);
    add_admin(list);
    add_dht(list);
    list.add({.name = "admin_nodeInfo", .answer = [&network, extras](const rpc::Call& call) {
                  return admin_node_info(network, call, *extras);
              }});
    list.add({.name = "parley_status",
              .answer = [&network, extras = std::move(extras)](const rpc::Call& call) {
                  return parley_status(network, call, *extras);
              }});
    return list.take();
}

rpc::DispatcherLimits limits_of(const RpcConfig& config) {
    return {.body_bytes_max = config.body_bytes_max, .batch_max = config.batch_max};
}

rpc::Dispatcher dispatcher_for(Network& network) {
    return rpc::Dispatcher{
        limits_of(network.config().rpc), [&network](Now now, rpc::Dispatcher::Saved done) {
            network.when_saved(now, [done = std::move(done)](const auto& failure) mutable {
                done(failure ? std::optional{message(*failure)} : std::nullopt);
            });
        }};
}

Result<NodeId, rpc::Error> peer_param(const Network& network, const rpc::Call& call,
                                      std::size_t index) {
    constexpr std::string_view expected = "a node's ID, \"ID@address:port\" or \"enr:...\"";
    const auto text = rpc::text_param(call, index, expected);
    if (!text) return std::unexpected{text.error()};
    auto id = NodeId::parse(*text);
    if (!id) {
        const auto target = Target::parse(*text);
        if (!target) return rpc::bad_param(index, expected, "another string");
        id = target->id;
    }
    if (*id == network.id()) return rpc::refused("that is this node itself");
    return *id;
}

}  // namespace parley::p2p
