// What a JSON-RPC method gets and gives. For sources of Rpc only.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/node/node.hpp>
#include <parley/node/rpc/rpc.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace parley::node {

namespace json = boost::json;

namespace rpc_code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
inline constexpr int refused = -32000;          ///< as geth: understood, and declined
inline constexpr int reply_too_large = -32003;  ///< as geth
}  // namespace rpc_code

struct RpcError {
    int code;
    std::string message;
};
using RpcResult = Result<json::value, RpcError>;

struct RpcCall {
    Node& node;
    Now now;
    const json::array& params;
    std::size_t reply_bytes_max;   ///< what the result may have
    std::optional<Endpoint> http;  ///< where the node answers over HTTP
};
using RpcDone = std::move_only_function<void(RpcResult)>;

struct RpcMethod {
    std::string_view name;
    std::size_t params_max;
    bool unix_only = false;  ///< it changes the node: only its owner may
    bool lasting = false;    ///< what it changes outlives the node: answered once it is on disk
    RpcResult (*answer)(const RpcCall&) = nullptr;
    /// Instead of `answer`, where the result comes later. Calls `done` once.
    void (*start)(const RpcCall&, RpcDone done) = nullptr;
};

/// Null if there is none of that name.
const RpcMethod* find_method(std::string_view name);

// rpc_eth.cpp
RpcResult web3_client_version(const RpcCall&);
RpcResult net_version(const RpcCall&);
RpcResult net_peer_count(const RpcCall&);
RpcResult net_listening(const RpcCall&);
RpcResult eth_accounts(const RpcCall&);
RpcResult eth_block_number(const RpcCall&);
RpcResult eth_chain_id(const RpcCall&);
RpcResult eth_gas_price(const RpcCall&);
RpcResult eth_get_block(const RpcCall&);
RpcResult eth_get_transaction_by_hash(const RpcCall&);
RpcResult eth_get_transaction_count(const RpcCall&);
RpcResult eth_get_transaction_receipt(const RpcCall&);
void eth_send_raw_transaction(const RpcCall&, RpcDone done);
RpcResult eth_syncing(const RpcCall&);

// rpc_txpool.cpp
RpcResult txpool_status(const RpcCall&);
RpcResult txpool_content(const RpcCall&);

// rpc_admin.cpp
RpcResult admin_add_peer(const RpcCall&);
RpcResult admin_node_info(const RpcCall&);
RpcResult admin_peers(const RpcCall&);
RpcResult parley_status(const RpcCall&);

// rpc_dht.cpp
RpcResult discv5_node_info(const RpcCall&);
RpcResult discv5_routing_table_info(const RpcCall&);
RpcResult discv5_add_enr(const RpcCall&);
RpcResult discv5_get_enr(const RpcCall&);
void discv5_ping(const RpcCall&, RpcDone done);
void discv5_find_node(const RpcCall&, RpcDone done);
void discv5_talk_req(const RpcCall&, RpcDone done);
void discv5_recursive_find_nodes(const RpcCall&, RpcDone done);
void discv5_lookup_enr(const RpcCall&, RpcDone done);
RpcResult parley_dht_table(const RpcCall&);
void parley_dht_announce(const RpcCall&, RpcDone done);

// rpc_permissions.cpp
RpcResult parley_allow(const RpcCall&);
RpcResult parley_allowed(const RpcCall&);
RpcResult parley_disallow(const RpcCall&);

// rpc_peers.cpp
RpcResult admin_remove_peer(const RpcCall&);
RpcResult admin_add_trusted_peer(const RpcCall&);
RpcResult admin_remove_trusted_peer(const RpcCall&);

// rpc_bans.cpp
RpcResult admin_ban(const RpcCall&);
RpcResult admin_unban(const RpcCall&);
RpcResult admin_bans(const RpcCall&);

}  // namespace parley::node
