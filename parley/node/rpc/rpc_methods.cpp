#include <parley/node/rpc/rpc_method.hpp>

#include <algorithm>
#include <array>

namespace parley::node {

namespace {

constexpr RpcMethod answers(std::string_view name, std::size_t params_max,
                            RpcResult (*answer)(const RpcCall&)) {
    return {.name = name, .params_max = params_max, .answer = answer};
}

constexpr RpcMethod changes(std::string_view name, std::size_t params_max,
                            RpcResult (*answer)(const RpcCall&)) {
    return {.name = name, .params_max = params_max, .unix_only = true, .answer = answer};
}

constexpr RpcMethod starts(std::string_view name, std::size_t params_max,
                           void (*start)(const RpcCall&, RpcDone)) {
    return {.name = name, .params_max = params_max, .start = start};
}

/// A change that is kept.
constexpr RpcMethod lasts(std::string_view name, std::size_t params_max,
                          RpcResult (*answer)(const RpcCall&)) {
    return {.name = name,
            .params_max = params_max,
            .unix_only = true,
            .lasting = true,
            .answer = answer};
}

/// Sorted by name.
constexpr std::array methods{
    changes("admin_addPeer", 1, &admin_add_peer),
    changes("admin_addTrustedPeer", 1, &admin_add_trusted_peer),
    lasts("admin_ban", 3, &admin_ban),
    answers("admin_bans", 0, &admin_bans),
    answers("admin_nodeInfo", 0, &admin_node_info),
    answers("admin_peers", 0, &admin_peers),
    changes("admin_removePeer", 1, &admin_remove_peer),
    changes("admin_removeTrustedPeer", 1, &admin_remove_trusted_peer),
    lasts("admin_unban", 1, &admin_unban),
    changes("discv5_addEnr", 1, &discv5_add_enr),
    starts("discv5_findNode", 2, &discv5_find_node),
    answers("discv5_getEnr", 1, &discv5_get_enr),
    starts("discv5_lookupEnr", 1, &discv5_lookup_enr),
    answers("discv5_nodeInfo", 0, &discv5_node_info),
    starts("discv5_ping", 1, &discv5_ping),
    starts("discv5_recursiveFindNodes", 1, &discv5_recursive_find_nodes),
    answers("discv5_routingTableInfo", 0, &discv5_routing_table_info),
    starts("discv5_talkReq", 3, &discv5_talk_req),
    answers("eth_accounts", 0, &eth_accounts),
    answers("eth_blockNumber", 0, &eth_block_number),
    answers("eth_chainId", 0, &eth_chain_id),
    answers("eth_gasPrice", 0, &eth_gas_price),
    answers("eth_getBlockByHash", 2, &eth_get_block),
    answers("eth_getBlockByNumber", 2, &eth_get_block),
    answers("eth_getTransactionByHash", 1, &eth_get_transaction_by_hash),
    answers("eth_getTransactionCount", 2, &eth_get_transaction_count),
    answers("eth_getTransactionReceipt", 1, &eth_get_transaction_receipt),
    answers("eth_maxPriorityFeePerGas", 0, &eth_gas_price),
    starts("eth_sendRawTransaction", 1, &eth_send_raw_transaction),
    answers("eth_syncing", 0, &eth_syncing),
    answers("net_listening", 0, &net_listening),
    answers("net_peerCount", 0, &net_peer_count),
    answers("net_version", 0, &net_version),
    lasts("parley_allow", 1, &parley_allow),
    answers("parley_allowed", 0, &parley_allowed),
    starts("parley_dhtAnnounce", 0, &parley_dht_announce),
    answers("parley_dhtTable", 0, &parley_dht_table),
    lasts("parley_disallow", 1, &parley_disallow),
    answers("parley_status", 0, &parley_status),
    answers("txpool_content", 0, &txpool_content),
    answers("txpool_status", 0, &txpool_status),
    answers("web3_clientVersion", 0, &web3_client_version),
};
static_assert(std::ranges::is_sorted(methods, {}, &RpcMethod::name));

}  // namespace

const RpcMethod* find_method(std::string_view name) {
    const auto* const found = std::ranges::lower_bound(methods, name, {}, &RpcMethod::name);
    return found != methods.end() && found->name == name ? found : nullptr;
}

}  // namespace parley::node
