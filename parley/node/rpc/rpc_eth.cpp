#include <parley/node/rpc/json_hex.hpp>
#include <parley/node/rpc/rpc_method.hpp>
#include <parley/node/rpc/rpc_params.hpp>
#include <parley/node/rpc/rpc_transaction.hpp>

#include <string>

namespace parley::node {

namespace {

/// Suggested where nothing is known of what others pay: 1 gwei.
constexpr std::uint64_t price_wei_default = 1'000'000'000;

}  // namespace

RpcResult web3_client_version(const RpcCall& call) {
    return json::value(call.node.config().client);
}

RpcResult net_version(const RpcCall& call) {
    return json::value(std::to_string(call.node.config().network.id));
}

RpcResult net_peer_count(const RpcCall& call) {
    return json::value(hex_quantity(call.node.peers().size()));
}

RpcResult net_listening(const RpcCall& call) {
    return json::value(call.node.endpoint().has_value());
}

RpcResult eth_accounts(const RpcCall&) {
    return json::array{};  // the node holds no accounts' keys
}

RpcResult eth_block_number(const RpcCall&) {
    return json::value("0x0");  // until there is a ledger
}

RpcResult eth_chain_id(const RpcCall& call) {
    return json::value(hex_quantity(call.node.config().network.chain_id));
}

RpcResult eth_gas_price(const RpcCall&) {
    return json::value(hex_quantity(price_wei_default));
}

RpcResult eth_get_block(const RpcCall&) {
    return json::value{};  // until there is a ledger
}

RpcResult eth_get_transaction_by_hash(const RpcCall& call) {
    const auto hash = hash_param(call, 0);
    if (!hash) return std::unexpected{hash.error()};
    const auto* pooled = call.node.pool().find(*hash);
    return pooled == nullptr ? json::value{} : json::value(transaction_json(*pooled));
}

/// Without a ledger every account begins at nonce 0; "pending" adds what waits in the pool.
RpcResult eth_get_transaction_count(const RpcCall& call) {
    const auto address = address_param(call, 0);
    if (!address) return std::unexpected{address.error()};
    const auto block = text_param(call, 1, "a block tag or number");
    if (!block && call.params.size() > 1) return std::unexpected{block.error()};
    const bool pending = block && *block == "pending";
    const auto next = pending ? call.node.pool().next_nonce(*address) : std::nullopt;
    return json::value(hex_quantity(next.value_or(0)));
}

RpcResult eth_get_transaction_receipt(const RpcCall& call) {
    const auto hash = hash_param(call, 0);
    if (!hash) return std::unexpected{hash.error()};
    return json::value{};  // nothing is mined until there is a ledger
}

void eth_send_raw_transaction(const RpcCall& call, RpcDone done) {
    auto raw = data_param(call, 0);
    if (!raw) return done(std::unexpected{raw.error()});
    call.node.relay().submit(
        call.now, SharedBytes::own(std::move(*raw)),
        [done = std::move(done)](Result<Hash256, chain::SubmitError> result) mutable {
            if (!result) {
                return done(std::unexpected{RpcError{rpc_code::refused, result.error().message}});
            }
            done(json::value(hex_data(*result)));
        });
}

RpcResult eth_syncing(const RpcCall&) {
    return json::value(false);
}

}  // namespace parley::node
