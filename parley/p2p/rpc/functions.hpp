// The functions behind the network's JSON-RPC methods. Internal to p2p/rpc.
#pragma once

#include <parley/p2p/rpc/methods.hpp>

namespace parley::p2p {

// admin.cpp
/// Dials a target again and again, as a static peer, until the node ends.
rpc::Result admin_add_peer(Network& node, const rpc::Call& call);
/// This node: ID, record, endpoint, topics, network.
rpc::Result admin_node_info(Network& node, const rpc::Call& call, const RpcExtras& extras);
/// An object for each link that is up.
rpc::Result admin_peers(Network& node, const rpc::Call& call);
/// An object for each topic: what its lanes carried since the start, and what waits.
rpc::Result parley_lanes(Network& node, const rpc::Call& call);
/// A summary: links, slots, address book, DHT, traffic, and what `extras` adds.
rpc::Result parley_status(Network& node, const rpc::Call& call, const RpcExtras& extras);

// bans.cpp
/// Bans an ID or an address, for 24 hours unless a number of seconds is given; refused when the
/// list of bans is full.
rpc::Result admin_ban(Network& node, const rpc::Call& call);
/// Whether it was banned.
rpc::Result admin_unban(Network& node, const rpc::Call& call);
/// The bans in force, of the owner and for offences.
rpc::Result admin_bans(Network& node, const rpc::Call& call);

// dht.cpp
/// This node's record and its place in the key space. A node without a DHT refuses every
/// method of this group.
rpc::Result discv5_node_info(Network& node, const rpc::Call& call);
/// The IDs in the table, by log distance, 1 to 256.
rpc::Result discv5_routing_table_info(Network& node, const rpc::Call& call);
/// Puts a record into the table, unchecked; whether it is there now.
rpc::Result discv5_add_enr(Network& node, const rpc::Call& call);
/// The record that the table has; refused if it has none.
rpc::Result discv5_get_enr(Network& node, const rpc::Call& call);
/// Asks one node for the number of its record and how it sees this one; refused if it does not
/// answer in time.
void discv5_ping(Network& node, const rpc::Call& call, rpc::Done done);
/// Asks one node for records at up to 257 log distances, 0 to 256.
void discv5_find_node(Network& node, const rpc::Call& call, rpc::Done done);
/// Sends a request of another protocol, whose name and text have at most 700 bytes together.
void discv5_talk_req(Network& node, const rpc::Call& call, rpc::Done done);
/// Looks up the nodes closest to a place; refused when too many lookups are under way.
void discv5_recursive_find_nodes(Network& node, const rpc::Call& call, rpc::Done done);
/// Looks up the newest record of one node; refused if nobody knows it.
void discv5_lookup_enr(Network& node, const rpc::Call& call, rpc::Done done);
/// The table, with what is known of each node.
rpc::Result parley_dht_table(Network& node, const rpc::Call& call);
/// Greets the nodes nearest to this one, so that they store its record.
void parley_dht_announce(Network& node, const rpc::Call& call, rpc::Done done);

// permissions.cpp
/// Whether the ID was not on the list; refused in an open network.
rpc::Result parley_allow(Network& node, const rpc::Call& call);
/// The list, and whether it counts.
rpc::Result parley_allowed(Network& node, const rpc::Call& call);
/// Whether the ID was on the list; its links end. Refused in an open network.
rpc::Result parley_disallow(Network& node, const rpc::Call& call);

// peers.cpp
/// Boot nodes, static and added peers that have no link, with the reason and what to do.
rpc::Result parley_failed_dials(Network& node, const rpc::Call& call);
/// Ends its link, and the dialing of a static peer; false if it was neither.
rpc::Result admin_remove_peer(Network& node, const rpc::Call& call);
/// Lets it in from its next link on even when all inbound slots are taken; refused when there are
/// named_peers_max others.
rpc::Result admin_add_trusted_peer(Network& node, const rpc::Call& call);
/// Whether it was trusted.
rpc::Result admin_remove_trusted_peer(Network& node, const rpc::Call& call);

}  // namespace parley::p2p
