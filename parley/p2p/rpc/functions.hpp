// The functions behind the network's JSON-RPC methods. Internal to p2p/rpc.
#pragma once

#include <parley/p2p/rpc/methods.hpp>

namespace parley::p2p {

// admin.cpp
rpc::Result admin_add_peer(Network& node, const rpc::Call& call);
rpc::Result admin_node_info(Network& node, const rpc::Call& call, const RpcExtras& extras);
rpc::Result admin_peers(Network& node, const rpc::Call& call);
rpc::Result parley_status(Network& node, const rpc::Call& call, const RpcExtras& extras);

// bans.cpp
rpc::Result admin_ban(Network& node, const rpc::Call& call);
rpc::Result admin_unban(Network& node, const rpc::Call& call);
rpc::Result admin_bans(Network& node, const rpc::Call& call);

// dht.cpp
rpc::Result discv5_node_info(Network& node, const rpc::Call& call);
rpc::Result discv5_routing_table_info(Network& node, const rpc::Call& call);
rpc::Result discv5_add_enr(Network& node, const rpc::Call& call);
rpc::Result discv5_get_enr(Network& node, const rpc::Call& call);
void discv5_ping(Network& node, const rpc::Call& call, rpc::Done done);
void discv5_find_node(Network& node, const rpc::Call& call, rpc::Done done);
void discv5_talk_req(Network& node, const rpc::Call& call, rpc::Done done);
void discv5_recursive_find_nodes(Network& node, const rpc::Call& call, rpc::Done done);
void discv5_lookup_enr(Network& node, const rpc::Call& call, rpc::Done done);
rpc::Result parley_dht_table(Network& node, const rpc::Call& call);
void parley_dht_announce(Network& node, const rpc::Call& call, rpc::Done done);

// permissions.cpp
rpc::Result parley_allow(Network& node, const rpc::Call& call);
rpc::Result parley_allowed(Network& node, const rpc::Call& call);
rpc::Result parley_disallow(Network& node, const rpc::Call& call);

// peers.cpp
rpc::Result admin_remove_peer(Network& node, const rpc::Call& call);
rpc::Result admin_add_trusted_peer(Network& node, const rpc::Call& call);
rpc::Result admin_remove_trusted_peer(Network& node, const rpc::Call& call);

}  // namespace parley::p2p
