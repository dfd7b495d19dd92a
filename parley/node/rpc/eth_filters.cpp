#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/node/rpc/log_query.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <optional>
#include <string>
#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

std::unexpected<rpc::Error> filter_not_found() {
    return rpc::refused("filter not found");
}

rpc::Result add_filter(EthRpc& eth, const rpc::Call& call, FilterKind kind) {
    const auto id = eth.filters().add(call.now, kind);
    if (!id) return rpc::refused("too many filters");
    return json::value(*id);
}

/// The number at an end of a range: of a tag, that of its block.
Result<std::uint64_t, rpc::Error> number_of_ref(const EthLedger& chain, const BlockRef& ref) {
    if (const auto* number = std::get_if<std::uint64_t>(&ref)) return *number;
    if (ref == BlockRef{BlockTag::pending}) {
        return std::unexpected{
            rpc::Error{rpc::code::invalid_params, "pending logs are not supported"}};
    }
    const auto block = require_block(chain, ref);
    if (!block) return std::unexpected{block.error()};
    return block->header.header.number;
}

/// Code never runs, so that there are no logs: what is asked for is checked all the same.
rpc::Result no_logs(EthRpc& eth, const LogQuery& query) {
    const auto* chain = eth.chain();
    if (chain == nullptr) return eth.no_ledger();
    const auto invalid = [](std::string why) {
        return std::unexpected{rpc::Error{rpc::code::invalid_params, std::move(why)}};
    };
    if (query.block_hash) {
        const auto block = find_block(*chain, BlockByHash{*query.block_hash});
        if (!block) return std::unexpected{block.error()};
        if (!*block) return rpc::refused("unknown block");
        return json::array{};
    }
    const auto from = number_of_ref(*chain, query.from);
    if (!from) return std::unexpected{from.error()};
    const auto to = number_of_ref(*chain, query.to);
    if (!to) return std::unexpected{to.error()};
    if (*from > *to) return invalid("invalid block range params");
    if (*to > chain->ledger.head().header.number) {
        return invalid("block range extends beyond current head block");
    }
    return json::array{};
}

rpc::Result eth_get_logs(EthRpc& eth, const rpc::Call& call) {
    const auto query = log_query_param(call, 0);
    if (!query) return std::unexpected{query.error()};
    return no_logs(eth, *query);
}

rpc::Result eth_new_filter(EthRpc& eth, const rpc::Call& call) {
    const auto query = log_query_param(call, 0);
    if (!query) return std::unexpected{query.error()};
    return add_filter(eth, call, FilterKind::logs);
}

rpc::Result eth_new_block_filter(EthRpc& eth, const rpc::Call& call) {
    return add_filter(eth, call, FilterKind::blocks);
}

rpc::Result eth_new_pending_transaction_filter(EthRpc& eth, const rpc::Call& call) {
    return add_filter(eth, call, FilterKind::transactions);
}

rpc::Result eth_get_filter_changes(EthRpc& eth, const rpc::Call& call) {
    const auto id = rpc::text_param(call, 0, "the id of a filter");
    if (!id) return std::unexpected{id.error()};
    const auto changes = eth.filters().changes(call.now, *id);
    if (!changes) return filter_not_found();
    json::array out;
    for (const auto& hash : *changes) out.emplace_back(rpc::hex_data(hash));
    return out;
}

rpc::Result eth_get_filter_logs(EthRpc& eth, const rpc::Call& call) {
    const auto id = rpc::text_param(call, 0, "the id of a filter");
    if (!id) return std::unexpected{id.error()};
    if (eth.filters().kind(call.now, *id) != FilterKind::logs) return filter_not_found();
    return json::array{};
}

rpc::Result eth_uninstall_filter(EthRpc& eth, const rpc::Call& call) {
    const auto id = rpc::text_param(call, 0, "the id of a filter");
    if (!id) return std::unexpected{id.error()};
    return json::value(eth.filters().remove(call.now, *id));
}

}  // namespace

void add_filter_methods(EthMethods& list) {
    list.answers("eth_getFilterChanges", 1, &eth_get_filter_changes);
    list.answers("eth_getFilterLogs", 1, &eth_get_filter_logs);
    list.answers("eth_getLogs", 1, &eth_get_logs);
    list.answers("eth_newBlockFilter", 0, &eth_new_block_filter);
    list.answers("eth_newFilter", 1, &eth_new_filter);
    list.answers("eth_newPendingTransactionFilter", 0, &eth_new_pending_transaction_filter);
    list.answers("eth_uninstallFilter", 1, &eth_uninstall_filter);
}

}  // namespace parley::node
