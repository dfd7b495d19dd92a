#include <parley/node/rpc/receipt_json.hpp>

#include <parley/chain/types/fees.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

namespace parley::node {

namespace json = boost::json;

namespace {

json::array logs_json(const ReceiptOf& one, std::uint64_t first_log) {
    json::array out;
    for (const auto& log : one.receipt.logs) {
        json::array topics;
        for (const auto& topic : log.topics) topics.emplace_back(rpc::hex_data(topic));
        out.push_back({
            {"address", log.address.to_string()},
            {"topics", std::move(topics)},
            {"data", rpc::hex_data(log.data)},
            {"blockNumber", rpc::hex_quantity(one.header.number)},
            {"blockTimestamp", rpc::hex_quantity(one.header.timestamp)},
            {"transactionHash", rpc::hex_data(one.tx.hash)},
            {"transactionIndex", rpc::hex_quantity(one.index)},
            {"blockHash", rpc::hex_data(one.block_hash)},
            {"logIndex", rpc::hex_quantity(first_log + out.size())},
            {"removed", false},
        });
    }
    return out;
}

ReceiptOf receipt_of(const chain::LoggedBlock& logged, const Hash256& block_hash,
                     std::size_t index) {
    return {.header = logged.block.header,
            .block_hash = block_hash,
            .index = index,
            .tx = logged.block.body.transactions[index],
            .sender = logged.senders[index],
            .receipt = logged.receipts[index]};
}

BeforeReceipt after(const BeforeReceipt& before, const chain::Receipt& receipt) {
    return {receipt.cumulative_gas_used, before.logs + receipt.logs.size()};
}

}  // namespace

json::object receipt_json(const ReceiptOf& one, const BeforeReceipt& before) {
    const auto& [header, block_hash, index, tx, sender, receipt] = one;
    json::object out{
        {"blockHash", rpc::hex_data(block_hash)},
        {"blockNumber", rpc::hex_quantity(header.number)},
        {"transactionHash", rpc::hex_data(tx.hash)},
        {"transactionIndex", rpc::hex_quantity(index)},
        {"from", sender.to_string()},
        {"to", tx.to ? json::value(tx.to->to_string()) : json::value{}},
        {"gasUsed", rpc::hex_quantity(receipt.cumulative_gas_used - before.gas_used)},
        {"cumulativeGasUsed", rpc::hex_quantity(receipt.cumulative_gas_used)},
        {"contractAddress", nullptr},
        {"logs", logs_json(one, before.logs)},
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
    return receipt_json(receipt_of(logged, block_hash, index), before);
}

json::array receipts_json(const chain::LoggedBlock& logged, const Hash256& block_hash) {
    json::array out;
    BeforeReceipt before;
    for (std::size_t i = 0; i < logged.receipts.size(); ++i) {
        out.push_back(receipt_json(receipt_of(logged, block_hash, i), before));
        before = after(before, logged.receipts[i]);
    }
    return out;
}

}  // namespace parley::node
