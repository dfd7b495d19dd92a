#include <parley/node/rpc/answers.hpp>
#include <parley/node/rpc/block_json.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/node/rpc/receipt_json.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

using ReadRef = Result<BlockRef, rpc::Error> (*)(const rpc::Call&, std::size_t);

Result<BlockRef, rpc::Error> block_hash_param(const rpc::Call& call, std::size_t index) {
    const auto hash = rpc::hash_param(call, index);
    if (!hash) return std::unexpected{hash.error()};
    return BlockRef{BlockByHash{*hash}};
}

/// As block_param, but not to be left out.
Result<BlockRef, rpc::Error> any_block_param(const rpc::Call& call, std::size_t index) {
    if (index < call.params.size())
        return read_block_ref(call.params[index], rpc::param_place(index));
    return rpc::bad_param(index, "a block number, tag or hash", "nothing");
}

/// What `make` makes of the block of the first parameter; null if there is no such block.
void answer_from(EthRpc& eth, const rpc::Call& call, const Result<BlockRef, rpc::Error>& ref,
                 FromBlock make, rpc::DoneText done) {
    if (!ref) return done(std::unexpected{ref.error()});
    const auto* chain = eth.chain();
    if (chain == nullptr) return done(eth.nothing_found());
    const auto block = find_block(*chain, *ref);
    if (!block) return done(std::unexpected{block.error()});
    if (!*block) return done("null");
    answer_from_block(eth, call.now, **block, std::move(make), std::move(done));
}

template <ReadRef Read>
void eth_get_block(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    const auto ref = Read(call, 0);
    const auto full = rpc::flag_param(call, 1);
    if (ref && !full) return done(std::unexpected{full.error()});
    const auto detail = ref && *full ? TxDetail::full : TxDetail::hashes;
    answer_from(
        eth, call, ref,
        [detail](const chain::LoggedBlock& logged, const Hash256& hash) -> rpc::Result {
            return json::value(block_json(logged, hash, detail));
        },
        std::move(done));
}

void eth_get_block_receipts(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    answer_from(
        eth, call, any_block_param(call, 0),
        [](const chain::LoggedBlock& logged, const Hash256& hash) -> rpc::Result {
            return json::value(receipts_json(logged, hash));
        },
        std::move(done));
}

template <ReadRef Read>
void eth_get_transaction_count_of_block(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    answer_from(
        eth, call, Read(call, 0),
        [](const chain::LoggedBlock& logged, const Hash256&) -> rpc::Result {
            return json::value(rpc::hex_quantity(logged.block.body.transactions.size()));
        },
        std::move(done));
}

template <ReadRef Read>
void eth_get_uncle_count(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    answer_from(
        eth, call, Read(call, 0),
        [](const chain::LoggedBlock& logged, const Hash256&) -> rpc::Result {
            return json::value(rpc::hex_quantity(logged.block.body.ommers.size()));
        },
        std::move(done));
}

template <ReadRef Read>
void eth_get_uncle(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    const auto ref = Read(call, 0);
    const auto index = rpc::u64_param(call, 1);
    if (ref && !index) return done(std::unexpected{index.error()});
    answer_from(
        eth, call, ref,
        [index = index.value_or(0)](const chain::LoggedBlock& logged,
                                    const Hash256&) -> rpc::Result {
            const auto& ommers = logged.block.body.ommers;
            if (index >= ommers.size()) return json::value{};
            return json::value(ommer_json(ommers[static_cast<std::size_t>(index)]));
        },
        std::move(done));
}

}  // namespace

void add_block_methods(EthMethods& list) {
    list.starts_text("eth_getBlockByHash", 2, &eth_get_block<&block_hash_param>);
    list.starts_text("eth_getBlockByNumber", 2, &eth_get_block<&block_number_param>);
    list.starts_text("eth_getBlockReceipts", 1, &eth_get_block_receipts);
    list.starts_text("eth_getBlockTransactionCountByHash", 1,
                     &eth_get_transaction_count_of_block<&block_hash_param>);
    list.starts_text("eth_getBlockTransactionCountByNumber", 1,
                     &eth_get_transaction_count_of_block<&block_number_param>);
    list.starts_text("eth_getUncleByBlockHashAndIndex", 2, &eth_get_uncle<&block_hash_param>);
    list.starts_text("eth_getUncleByBlockNumberAndIndex", 2, &eth_get_uncle<&block_number_param>);
    list.starts_text("eth_getUncleCountByBlockHash", 1, &eth_get_uncle_count<&block_hash_param>);
    list.starts_text("eth_getUncleCountByBlockNumber", 1,
                     &eth_get_uncle_count<&block_number_param>);
}

}  // namespace parley::node
