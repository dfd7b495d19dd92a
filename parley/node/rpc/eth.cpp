#include <parley/node/rpc/functions.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <string>

namespace parley::node {

namespace {

/// Suggested where nothing is known of what others pay: 1 gwei.
constexpr std::uint64_t price_wei_default = 1'000'000'000;

}  // namespace

rpc::Result eth_accounts(Chain&, const rpc::Call&) {
    return rpc::json::array{};  // the node holds no accounts' keys
}

rpc::Result eth_block_number(Chain&, const rpc::Call&) {
    return rpc::json::value("0x0");  // until there is a ledger
}

rpc::Result eth_chain_id(Chain& chain, const rpc::Call&) {
    return rpc::json::value(rpc::hex_quantity(chain.config().id));
}

rpc::Result eth_gas_price(Chain&, const rpc::Call&) {
    return rpc::json::value(rpc::hex_quantity(price_wei_default));
}

rpc::Result eth_get_block(Chain&, const rpc::Call&) {
    return rpc::json::value{};  // until there is a ledger
}

rpc::Result eth_get_transaction_by_hash(Chain& chain, const rpc::Call& call) {
    const auto hash = rpc::hash_param(call, 0);
    if (!hash) return std::unexpected{hash.error()};
    const auto* pooled = chain.pool().find(*hash);
    return pooled == nullptr ? rpc::json::value{} : rpc::json::value(transaction_json(*pooled));
}

/// Without a ledger every account begins at nonce 0; "pending" adds what waits in the pool.
rpc::Result eth_get_transaction_count(Chain& chain, const rpc::Call& call) {
    const auto bytes = rpc::data_param(call, 0, sizeof(chain::Address));
    if (!bytes) return std::unexpected{bytes.error()};
    const chain::Address address{array_of<sizeof(chain::Address)>(*bytes)};
    const auto block = rpc::text_param(call, 1, "a block tag or number");
    if (!block && call.params.size() > 1) return std::unexpected{block.error()};
    const bool pending = block && *block == "pending";
    const auto next = pending ? chain.pool().next_nonce(address) : std::nullopt;
    return rpc::json::value(rpc::hex_quantity(next.value_or(0)));
}

rpc::Result eth_get_transaction_receipt(Chain&, const rpc::Call& call) {
    const auto hash = rpc::hash_param(call, 0);
    if (!hash) return std::unexpected{hash.error()};
    return rpc::json::value{};  // nothing is mined until there is a ledger
}

void eth_send_raw_transaction(Chain& chain, const rpc::Call& call, rpc::Done done) {
    auto raw = rpc::data_param(call, 0);
    if (!raw) return done(std::unexpected{raw.error()});
    chain.relay().submit(
        call.now, SharedBytes::own(std::move(*raw)),
        [done = std::move(done)](Result<Hash256, chain::SubmitError> result) mutable {
            if (!result) return done(rpc::refused(result.error().message));
            done(rpc::json::value(rpc::hex_data(*result)));
        });
}

rpc::Result eth_syncing(Chain&, const rpc::Call&) {
    return rpc::json::value(false);
}

}  // namespace parley::node
