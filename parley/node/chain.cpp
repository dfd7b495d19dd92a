#include <parley/node/chain.hpp>

#include <parley/chain/sync/chain_events.hpp>

#include <utility>

namespace parley::node {

namespace {

chain::TxRelayConfig relay_config(const ChainConfig& config) {
    chain::TxRelayConfig out;
    out.rules.chain_id = config.id;
    out.tree = config.gossip;
    return out;
}

}  // namespace

Chain::Chain(const ChainConfig& config, Rng rng, std::optional<ChainData> data, Store* store)
    : config_(config),
      pool_({.bytes_max = config.pool_bytes_max, .salt = rng.split("pool").next()}, &state_),
      relay_(relay_config(config), pool_, rng),
      eth_({.chain_id = config.id, .pool = pool_, .relay = relay_}, rng.split("eth")) {
    if (store) relay_.keep_own(*store);
    if (!data) return;
    blocks_.emplace(config, std::move(*data), LedgerModule::Parts{state_, pool_, relay_, eth_},
                    rng.split("blocks"));
    if (is_by_votes(blocks_->data())) {
        validator_.emplace(*blocks_, rng.split("validator").next());
    }
    if (config.light_nodes_max > 0) serve_light_nodes();
}

void Chain::serve_light_nodes() {
    light_server_.emplace(
        chain::light::LightServerConfig{},
        chain::light::LightServer::Chain{
            .ledger = [this]() -> chain::Ledger& { return blocks_->sync().ledger(); },
            .is_whole = [this] { return blocks_->sync().is_whole(); },
            .submit =
                [this](Now now, const Endpoint& from, SharedBytes raw,
                       chain::light::LightServer::OnSubmitted done) {
                    relay_.submit_from(now, from, std::move(raw),
                                       [now, done = std::move(done)](auto result) {
                                           if (result) return done(now, {});
                                           done(now, std::unexpected{result.error().message});
                                       });
                }});
}

std::vector<transport::PeerHandler*> Chain::modules() {
    std::vector<transport::PeerHandler*> out{&relay_};
    if (blocks_) out.push_back(&*blocks_);
    if (validator_) out.push_back(&*validator_);
    if (light_server_) out.push_back(&*light_server_);
    return out;
}

void Chain::follow(Hub& hub) {
    added_ = hub.subscribe<chain::TxAdded>(
        [this](const chain::TxAdded& added) { eth_.on_transaction(added.hash); });
    if (!light_server_) return;
    moved_ = hub.subscribe<chain::HeadMoved>(
        [this](const chain::HeadMoved&) { light_server_->on_head(); });
}

void Chain::add_status(rpc::json::object& out) const {
    const auto& counters = relay_.counters();
    out["chainId"] = config_.id;
    out["pool"] = {{"count", pool_.size()}, {"bytes", pool_.size_bytes()}};
    out["transactions"] = {{"added", counters.added},
                           {"received", counters.received},
                           {"duplicates", counters.duplicates}};
    if (!blocks_) return;
    const auto& head = blocks_->ledger().head();
    out["head"] = {{"number", head.header.number},
                   {"hash", "0x" + to_hex(head.hash)},
                   {"time", head.header.timestamp},
                   {"missing", blocks_->sync().missing()}};
    if (light_server_) {
        out["lightNodes"] = {{"served", light_server_->peers()},
                             {"questions", light_server_->counters().questions},
                             {"bytes", light_server_->counters().bytes}};
    }
}

void Chain::add_node_info(rpc::json::object& out) const {
    out["chainId"] = config_.id;
    if (!blocks_) return;
    out["head"] = "0x" + to_hex(blocks_->ledger().head().hash);
}

void Chain::collect_metrics(p2p::Metrics& metrics) const {
    metrics.gauge("parley_pool_transactions", "Transactions that wait in the pool.")
        .add(pool_.size());
    metrics.gauge("parley_pool_bytes", "Memory of the transactions in the pool.")
        .add(pool_.size_bytes());
    const auto& counters = relay_.counters();
    metrics.counter("parley_transactions_received_total", "Transactions that peers sent.")
        .add(counters.received);
    metrics.counter("parley_transactions_added_total", "Transactions that went into the pool.")
        .add(counters.added);
    metrics.counter("parley_transactions_duplicate_total", "Received ones that were known.")
        .add(counters.duplicates);
    metrics.counter("parley_transactions_invalid_total", "Received ones that no chain would take.")
        .add(counters.invalid);
    if (!blocks_) return;
    const auto& ledger = blocks_->ledger();
    metrics.gauge("parley_head_number", "Number of the last block of the main chain.")
        .add(ledger.head().header.number);
    metrics.gauge("parley_head_time_seconds", "Its time, in Unix seconds.")
        .add(ledger.head().header.timestamp);
    metrics.gauge("parley_blocks_missing", "Blocks between it and the last known header.")
        .add(blocks_->sync().missing());
    metrics.gauge("parley_blocks_unsaved", "Blocks that a start after a kill executes again.")
        .add(ledger.unsaved_blocks());
    if (const auto* producer = blocks_->producer()) {
        metrics.counter("parley_blocks_made_total", "Blocks that this node made.")
            .add(producer->counters().made);
    }
    if (const auto* miner = blocks_->miner()) {
        metrics.counter("parley_blocks_made_total", "Blocks that this node made.")
            .add(miner->counters().found);
        metrics.counter("parley_nonces_stale_total", "Good nonces that came too late.")
            .add(miner->counters().stale);
    }
}

}  // namespace parley::node
