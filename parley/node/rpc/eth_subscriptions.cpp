#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/log_query.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace parley::node {

namespace {

namespace json = rpc::json;

/// Names are the caller's: only harmless ones are repeated.
rpc::Error no_such_subscription(std::string_view name) {
    const bool harmless =
        name.size() <= 64 && std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
    return {rpc::code::method_not_found,
            fmt::format("no \"{}\" subscription in eth namespace", harmless ? name : "...")};
}

/// Nothing, or why there can be no subscription to these logs: none come of the past, or while
/// they may yet change.
std::optional<rpc::Error> fault_of(const LogQuery& query) {
    const auto invalid = [](std::string why) {
        return rpc::Error{rpc::code::invalid_params, std::move(why)};
    };
    const BlockRef pending{BlockTag::pending};
    if (query.from == pending || query.to == pending) {
        return invalid("pending logs are not supported");
    }
    const auto* from = std::get_if<std::uint64_t>(&query.from);
    const auto* to = std::get_if<std::uint64_t>(&query.to);
    if (from && to && *from > *to) return invalid("invalid block range params");
    return std::nullopt;
}

/// What the parameters ask for.
Result<SubscriptionKind, rpc::Error> kind_param(const rpc::Call& call) {
    const auto name = rpc::text_param(call, 0, "the name of a subscription");
    if (!name) return std::unexpected{name.error()};
    if (*name == "newPendingTransactions") {
        const auto whole = rpc::flag_param(call, 1);
        if (!whole) return std::unexpected{whole.error()};
        return *whole ? SubscriptionKind::transactions : SubscriptionKind::hashes;
    }
    if (*name == "logs") {
        const auto query = log_query_param(call, 1);
        if (!query) return std::unexpected{query.error()};
        if (auto fault = fault_of(*query)) return std::unexpected{std::move(*fault)};
        return SubscriptionKind::logs;
    }
    const bool heads = *name == "newHeads";
    if (!heads && *name != "syncing") return std::unexpected{no_such_subscription(*name)};
    if (rpc::optional_param(call, 1) != nullptr) {
        return std::unexpected{
            rpc::Error{rpc::code::invalid_params,
                       fmt::format("params: expected at most 1, got {}", call.params.size())}};
    }
    return heads ? SubscriptionKind::heads : SubscriptionKind::syncing;
}

rpc::Result eth_subscribe(EthRpc& eth, const rpc::Call& call) {
    if (!call.session) return std::unexpected{rpc::notifications_unsupported()};
    const auto kind = kind_param(call);
    if (!kind) return std::unexpected{kind.error()};
    const auto id = eth.subscriptions().add(call.session, *kind);
    if (!id) return rpc::refused("too many subscriptions");
    call.session->hold_until_replied();
    if (*kind == SubscriptionKind::syncing) {
        call.session->notify(subscription_text(*id, json::serialize(eth.sync_notice())));
    }
    return json::value(*id);
}

rpc::Result eth_unsubscribe(EthRpc& eth, const rpc::Call& call) {
    const auto id = rpc::text_param(call, 0, "the id of a subscription");
    if (!id) return std::unexpected{id.error()};
    if (!eth.subscriptions().remove(call.session.get(), *id)) {
        return rpc::refused("subscription not found");
    }
    return json::value(true);
}

}  // namespace

void add_subscription_methods(EthMethods& list) {
    list.answers("eth_subscribe", 2, &eth_subscribe);
    list.answers("eth_unsubscribe", 1, &eth_unsubscribe);
}

}  // namespace parley::node
