#include <parley/node/rpc/eth_config.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/rpc/hex.hpp>

namespace parley::node {

namespace {

namespace json = rpc::json;

rpc::Result eth_accounts(EthRpc&, const rpc::Call&) {
    return json::array{};  // the node holds no accounts' keys
}

rpc::Result eth_chain_id(EthRpc& eth, const rpc::Call&) {
    return json::value(rpc::hex_quantity(eth.services().chain_id));
}

rpc::Result eth_block_number(EthRpc& eth, const rpc::Call&) {
    const auto* chain = eth.chain();
    return json::value(rpc::hex_quantity(chain ? chain->ledger.head().header.number : 0));
}

rpc::Result eth_syncing(EthRpc& eth, const rpc::Call&) {
    const auto progress = eth.syncing();
    if (!progress) return json::value(false);
    return json::value(progress_json(*progress));
}

rpc::Result eth_config(EthRpc& eth, const rpc::Call&) {
    const auto* chain = eth.chain();
    if (chain == nullptr) return eth.no_ledger();
    return json::value(config_json({.chain_id = eth.services().chain_id,
                                    .genesis_hash = chain->ledger.genesis_hash(),
                                    .genesis_time_s = chain->genesis_time_s,
                                    .forks = chain->forks},
                                   chain->ledger.head().header.timestamp));
}

}  // namespace

json::object progress_json(const SyncProgress& progress) {
    json::object out{{"startingBlock", rpc::hex_quantity(progress.starting)},
                     {"currentBlock", rpc::hex_quantity(progress.current)},
                     {"highestBlock", rpc::hex_quantity(progress.highest)}};
    if (progress.accounts) out["syncedAccounts"] = rpc::hex_quantity(*progress.accounts);
    return out;
}

void add_chain_methods(EthMethods& list) {
    list.answers("eth_accounts", 0, &eth_accounts);
    list.answers("eth_blockNumber", 0, &eth_block_number);
    list.answers("eth_chainId", 0, &eth_chain_id);
    list.answers("eth_config", 0, &eth_config);
    list.answers("eth_syncing", 0, &eth_syncing);
}

}  // namespace parley::node
