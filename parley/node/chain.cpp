#include <parley/node/chain.hpp>

namespace parley::node {

namespace {

chain::TxRelayConfig relay_config(const ChainConfig& config) {
    chain::TxRelayConfig out;
    out.rules.chain_id = config.id;
    out.tree = config.gossip;
    return out;
}

}  // namespace

p2p::SettingList settings_of(ChainConfig& config) {
    p2p::SettingList list;
    list.table("network").number("chain_id",
                                 "The chain id that transactions are signed for (EIP-155).", 1,
                                 p2p::SettingList::any, config.id);
    list.table("pool").number("bytes_max", "Bytes of memory for waiting transactions.", 1 << 16,
                              p2p::SettingList::any, config.pool_bytes_max);
    return list;
}

Chain::Chain(const ChainConfig& config, Rng rng)
    : config_(config),
      pool_({.bytes_max = config.pool_bytes_max, .salt = rng.split("pool").next()}),
      relay_(relay_config(config), pool_, rng),
      eth_({.chain_id = config.id, .pool = pool_, .relay = relay_}, rng.split("filters")) {}

void Chain::add_status(rpc::json::object& out) const {
    const auto& counters = relay_.counters();
    out["chainId"] = config_.id;
    out["pool"] = {{"count", pool_.size()}, {"bytes", pool_.size_bytes()}};
    out["transactions"] = {{"added", counters.added},
                           {"received", counters.received},
                           {"duplicates", counters.duplicates}};
}

void Chain::add_node_info(rpc::json::object& out) const {
    out["chainId"] = config_.id;
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
}

}  // namespace parley::node
