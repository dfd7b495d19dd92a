#include <parley/node/rpc/block_methods.hpp>

#include <parley/node/rpc/block_json.hpp>
#include <parley/node/rpc/receipt_json.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <array>
#include <cstdint>
#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

using Asked = Result<BlockQuestion, rpc::Error>;
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

Asked ask(const Result<BlockRef, rpc::Error>& ref, FromBlock make) {
    if (!ref) return std::unexpected{ref.error()};
    return BlockQuestion{*ref, std::move(make)};
}

template <ReadRef Read>
Asked read_block(const rpc::Call& call) {
    const auto ref = Read(call, 0);
    const auto full = rpc::flag_param(call, 1);
    if (ref && !full) return std::unexpected{full.error()};
    const auto detail = ref && *full ? TxDetail::full : TxDetail::hashes;
    return ask(ref, [detail](const chain::LoggedBlock& logged, const Hash256& hash) -> rpc::Result {
        return json::value(block_json(logged, hash, detail));
    });
}

Asked read_receipts(const rpc::Call& call) {
    return ask(any_block_param(call, 0),
               [](const chain::LoggedBlock& logged, const Hash256& hash) -> rpc::Result {
                   return json::value(receipts_json(logged, hash));
               });
}

template <ReadRef Read>
Asked read_transaction_count(const rpc::Call& call) {
    return ask(Read(call, 0), [](const chain::LoggedBlock& logged, const Hash256&) -> rpc::Result {
        return json::value(rpc::hex_quantity(logged.block.body.transactions.size()));
    });
}

template <ReadRef Read>
Asked read_uncle_count(const rpc::Call& call) {
    return ask(Read(call, 0), [](const chain::LoggedBlock& logged, const Hash256&) -> rpc::Result {
        return json::value(rpc::hex_quantity(logged.block.body.ommers.size()));
    });
}

/// The item of the second parameter, or null.
template <class Make>
Asked ask_item(const rpc::Call& call, const Result<BlockRef, rpc::Error>& ref, Make make) {
    const auto index = rpc::u64_param(call, 1);
    if (ref && !index) return std::unexpected{index.error()};
    return ask(ref,
               [index = index.value_or(0), make](const chain::LoggedBlock& logged,
                                                 const Hash256& hash) -> rpc::Result {
                   return make(logged, hash, static_cast<std::size_t>(index));
               });
}

template <ReadRef Read>
Asked read_uncle(const rpc::Call& call) {
    return ask_item(
        call, Read(call, 0),
        [](const chain::LoggedBlock& logged, const Hash256&, std::size_t index) -> rpc::Result {
            const auto& ommers = logged.block.body.ommers;
            if (index >= ommers.size()) return json::value{};
            return json::value(ommer_json(ommers[index]));
        });
}

template <ReadRef Read>
Asked read_transaction(const rpc::Call& call) {
    return ask_item(call, Read(call, 0),
                    [](const chain::LoggedBlock& logged, const Hash256& hash,
                       std::size_t index) -> rpc::Result {
                        if (index >= logged.senders.size()) return json::value{};
                        return json::value(transaction_json(logged.block.body.transactions[index],
                                                            logged.senders[index],
                                                            {logged.block.header, hash, index}));
                    });
}

Asked read_raw_header(const rpc::Call& call) {
    return ask(any_block_param(call, 0),
               [](const chain::LoggedBlock& logged, const Hash256&) -> rpc::Result {
                   return json::value(rpc::hex_data(logged.block.header.encode()));
               });
}

Asked read_raw_block(const rpc::Call& call) {
    return ask(any_block_param(call, 0),
               [](const chain::LoggedBlock& logged, const Hash256&) -> rpc::Result {
                   return json::value(rpc::hex_data(logged.block.encode()));
               });
}

Asked read_raw_receipts(const rpc::Call& call) {
    return ask(any_block_param(call, 0),
               [](const chain::LoggedBlock& logged, const Hash256&) -> rpc::Result {
                   json::array out;
                   for (const auto& one : logged.receipts) {
                       out.emplace_back(rpc::hex_data(one.encode()));
                   }
                   return out;
               });
}

constexpr auto methods = std::to_array<BlockMethod>({
    {"debug_getRawBlock", 1, &read_raw_block},
    {"debug_getRawHeader", 1, &read_raw_header},
    {"debug_getRawReceipts", 1, &read_raw_receipts, true},
    {"eth_getBlockByHash", 2, &read_block<&block_hash_param>},
    {"eth_getBlockByNumber", 2, &read_block<&block_number_param>},
    {"eth_getBlockReceipts", 1, &read_receipts, true},
    {"eth_getBlockTransactionCountByHash", 1, &read_transaction_count<&block_hash_param>},
    {"eth_getBlockTransactionCountByNumber", 1, &read_transaction_count<&block_number_param>},
    {"eth_getTransactionByBlockHashAndIndex", 2, &read_transaction<&block_hash_param>, false, true},
    {"eth_getTransactionByBlockNumberAndIndex", 2, &read_transaction<&block_number_param>, false,
     true},
    {"eth_getUncleByBlockHashAndIndex", 2, &read_uncle<&block_hash_param>},
    {"eth_getUncleByBlockNumberAndIndex", 2, &read_uncle<&block_number_param>},
    {"eth_getUncleCountByBlockHash", 1, &read_uncle_count<&block_hash_param>},
    {"eth_getUncleCountByBlockNumber", 1, &read_uncle_count<&block_number_param>},
});

}  // namespace

std::span<const BlockMethod> block_methods() {
    return methods;
}

}  // namespace parley::node
