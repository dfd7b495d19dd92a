#include <parley/node/rpc/eth_rpc.hpp>

#include <parley/node/rpc/header_json.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

#include <chrono>

namespace parley::node {

namespace {

namespace json = rpc::json;

/// Between two notices of a progress that goes on.
constexpr Duration progress_interval = std::chrono::minutes{1};

}  // namespace

std::vector<rpc::Method> EthRpc::methods() {
    EthMethods list{*this};
    add_chain_methods(list);
    add_state_methods(list);
    add_block_methods(list);
    add_transaction_methods(list);
    add_fee_methods(list);
    add_call_methods(list);
    add_filter_methods(list);
    add_subscription_methods(list);
    return list.take();
}

void EthRpc::on_block(const chain::ChainHeader& block) {
    filters_.on_block(block.hash);
    subscriptions_.notify(SubscriptionKind::heads,
                          [&] { return json::serialize(header_json(block.header, block.hash)); });
}

void EthRpc::on_transaction(const Hash256& hash) {
    filters_.on_transaction(hash);
    subscriptions_.notify(SubscriptionKind::hashes,
                          [&] { return "\"" + rpc::hex_data(hash) + "\""; });
    // It may have left already.
    const auto* pooled = services_.pool.find(hash);
    if (pooled == nullptr) return;
    subscriptions_.notify(SubscriptionKind::transactions,
                          [&] { return json::serialize(transaction_json(*pooled)); });
}

std::optional<SyncProgress> EthRpc::syncing() const {
    if (awaits_state()) return fetching_();
    return chain_ && chain_->syncing ? chain_->syncing() : std::nullopt;
}

json::value EthRpc::sync_notice() const {
    const auto progress = syncing();
    if (!progress) return false;
    return {{"syncing", true}, {"status", progress_json(*progress)}};
}

void EthRpc::on_progress(Now now) {
    const bool is_syncing = syncing().has_value();
    const bool due = is_syncing && now.instant - progress_told_ >= progress_interval;
    if (is_syncing == told_syncing_ && !due) return;
    told_syncing_ = is_syncing;
    progress_told_ = now.instant;
    subscriptions_.notify(SubscriptionKind::syncing,
                          [&] { return json::serialize(sync_notice()); });
}

std::unexpected<rpc::Error> EthRpc::no_ledger() const {
    return rpc::refused(awaits_state() ? "the state is being fetched: try again later"
                                       : "this node keeps no ledger");
}

Result<std::string, rpc::Error> EthRpc::nothing_found() const {
    if (awaits_state()) return no_ledger();
    return "null";
}

}  // namespace parley::node
