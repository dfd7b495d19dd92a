#include <parley/node/rpc/receipt_json.hpp>

#include <parley/chain/types/fees.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

namespace parley::node {

namespace json = boost::json;

namespace {

json::array logs_json(const chain::LoggedBlock& logged, const Hash256& block_hash,
                      std::size_t index, std::uint64_t first_log) {
    const auto& header = logged.block.header;
    json::array out;
    for (const auto& log : logged.receipts[index].logs) {
        json::array topics;
        for (const auto& topic : log.topics) topics.emplace_back(rpc::hex_data(topic));
        out.push_back({
            {"address", log.address.to_string()},
            {"topics", std::move(topics)},
            {"data", rpc::hex_data(log.data)},
            {"blockNumber", rpc::hex_quantity(header.number)},
            {"blockTimestamp", rpc::hex_quantity(header.timestamp)},
            {"transactionHash", rpc::hex_data(logged.block.body.transactions[index].hash)},
            {"transactionIndex", rpc::hex_quantity(index)},
            {"blockHash", rpc::hex_data(block_hash)},
            {"logIndex", rpc::hex_quantity(first_log + out.size())},
            {"removed", false},
        });
    }
    return out;
}

BeforeReceipt after(const BeforeReceipt& before, const chain::Receipt& receipt) {
    return {receipt.cumulative_gas_used, before.logs + receipt.logs.size()};
}

}  // namespace

json::object receipt_json(const chain::LoggedBlock& logged, const Hash256& block_hash,
                          std::size_t index, const BeforeReceipt& before) {
    const auto& header = logged.block.header;
    const auto& tx = logged.block.body.transactions[index];
    const auto& receipt = logged.receipts[index];
    json::object out{
        {"blockHash", rpc::hex_data(block_hash)},
        {"blockNumber", rpc::hex_quantity(header.number)},
        {"transactionHash", rpc::hex_data(tx.hash)},
        {"transactionIndex", rpc::hex_quantity(index)},
        {"from", logged.senders[index].to_string()},
        {"to", tx.to ? json::value(tx.to->to_string()) : json::value{}},
        {"gasUsed", rpc::hex_quantity(receipt.cumulative_gas_used - before.gas_used)},
        {"cumulativeGasUsed", rpc::hex_quantity(receipt.cumulative_gas_used)},
        {"contractAddress", nullptr},
        {"logs", logs_json(logged, block_hash, index, before.logs)},
        {"logsBloom", rpc::hex_data(receipt.logs_bloom())},
        {"type", rpc::hex_quantity(static_cast<std::uint64_t>(tx.type))},
        {"effectiveGasPrice", rpc::hex_quantity(price_paid(tx, header))},
        {"status", receipt.succeeded ? "0x1" : "0x0"},
    };
    if (tx.type != chain::TxType::blob) return out;
    out["blobGasUsed"] = rpc::hex_quantity(tx.blob_gas());
    out["blobGasPrice"] =
        rpc::hex_quantity(chain::blob_base_fee(header.excess_blob_gas.value_or(0)));
    return out;
}

json::object receipt_json(const chain::LoggedBlock& logged, const Hash256& block_hash,
                          std::size_t index) {
    BeforeReceipt before;
    for (std::size_t i = 0; i < index; ++i) before = after(before, logged.receipts[i]);
    return receipt_json(logged, block_hash, index, before);
}

json::array receipts_json(const chain::LoggedBlock& logged, const Hash256& block_hash) {
    json::array out;
    BeforeReceipt before;
    for (std::size_t i = 0; i < logged.receipts.size(); ++i) {
        out.push_back(receipt_json(logged, block_hash, i, before));
        before = after(before, logged.receipts[i]);
    }
    return out;
}

}  // namespace parley::node
