// Blocks, transactions and receipts as JSON, field by field.
#include <parley/chain/types/fees.hpp>
#include <parley/chain/types/test_blocks.hpp>
#include <parley/node/rpc/block_json.hpp>
#include <parley/node/rpc/header_json.hpp>
#include <parley/node/rpc/receipt_json.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::node;
namespace json = boost::json;

namespace {

std::string zeros(std::size_t bytes) {
    return "0x" + std::string(2 * bytes, '0');
}

/// With a legacy transaction, one with two blobs, an ommer and a withdrawal.
chain::LoggedBlock cancun_block() {
    chain::LoggedBlock out;
    out.block.body = chain::testing::mixed_body();
    auto& header = out.block.header;
    header.number = 7;
    header.gas_limit = 30'000'000;
    header.gas_used = 51'000;
    header.timestamp = 0x65;
    header.extra_data = Buffer{std::byte{0xab}};
    header.base_fee = to_uint256(1'000'000'000);
    header.withdrawals_root = Hash256{std::byte{3}};
    header.blob_gas_used = 2 * chain::gas_per_blob;
    header.excess_blob_gas = 10'000'000;
    header.parent_beacon_root = Hash256{std::byte{4}};
    for (const auto& tx : out.block.body.transactions) {
        out.senders.push_back(*chain::recover_sender(tx));
    }
    out.receipts.resize(2);
    out.receipts[0].cumulative_gas_used = 21'000;
    out.receipts[1].cumulative_gas_used = 51'000;
    out.receipts[1].succeeded = false;
    out.receipts[1].type = chain::TxType::blob;
    return out;
}

}  // namespace

TEST_CASE("header as JSON: all fields of Cancun") {
    const auto header = cancun_block().block.header;
    const auto hash = header.hash();
    CHECK(
        header_json(header, hash) ==
        json::object{
            {"number", "0x7"},
            {"hash", rpc::hex_data(hash)},
            {"parentHash", zeros(32)},
            {"nonce", zeros(8)},
            {"mixHash", zeros(32)},
            {"sha3Uncles", "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"},
            {"logsBloom", zeros(256)},
            {"stateRoot", "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"},
            {"miner", zeros(20)},
            {"difficulty", "0x0"},
            {"extraData", "0xab"},
            {"gasLimit", "0x1c9c380"},
            {"gasUsed", "0xc738"},
            {"timestamp", "0x65"},
            {"transactionsRoot",
             "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"},
            {"receiptsRoot", "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"},
            {"baseFeePerGas", "0x3b9aca00"},
            {"withdrawalsRoot", "0x03" + std::string(62, '0')},
            {"blobGasUsed", "0x40000"},
            {"excessBlobGas", "0x989680"},
            {"parentBeaconBlockRoot", "0x04" + std::string(62, '0')},
        });
    auto berlin = header;
    berlin.base_fee.reset();
    berlin.withdrawals_root.reset();
    berlin.blob_gas_used.reset();
    berlin.excess_blob_gas.reset();
    berlin.parent_beacon_root.reset();
    const auto shown = header_json(berlin, hash);
    CHECK(shown.size() == 16);
    CHECK_FALSE(shown.contains("baseFeePerGas"));
}

TEST_CASE("block as JSON: hashes or whole transactions, ommers, withdrawals") {
    const auto logged = cancun_block();
    const auto hash = logged.block.header.hash();
    const auto& txs = logged.block.body.transactions;
    auto block = block_json(logged, hash, TxDetail::hashes);
    CHECK(block.size() == 21 + 4);
    CHECK(block.at("transactions") ==
          json::array{rpc::hex_data(txs[0].hash), rpc::hex_data(txs[1].hash)});
    CHECK(block.at("uncles") ==
          json::array{rpc::hex_data(logged.block.body.ommers.front().hash())});
    CHECK(block.at("size") == json::value(rpc::hex_quantity(logged.block.encode().size())));
    CHECK(block.at("withdrawals") == json::array{{{"index", "0x5"},
                                                  {"validatorIndex", "0x6"},
                                                  {"address", "0x09" + std::string(38, '0')},
                                                  {"amount", "0x773594000"}}});
    block = block_json(logged, hash, TxDetail::full);
    REQUIRE(block.at("transactions").as_array().size() == 2);
    CHECK(block.at("transactions").at(1) ==
          json::value(transaction_json(txs[1], logged.senders[1], {logged.block.header, hash, 1})));
    const auto ommer = ommer_json(logged.block.body.ommers.front());
    CHECK(ommer.at("number") == "0x6");
    CHECK(ommer.at("uncles") == json::array{});
    CHECK(ommer.contains("size"));
    CHECK_FALSE(ommer.contains("transactions"));
}

TEST_CASE("transaction as JSON: mined, with blobs, and what it paid") {
    const auto logged = cancun_block();
    const auto hash = logged.block.header.hash();
    const auto& tx = logged.block.body.transactions[1];
    const Bytes signature{tx.signature};
    CHECK(
        transaction_json(tx, logged.senders[1], {logged.block.header, hash, 1}) ==
        json::object{
            {"type", "0x3"},
            {"to", "0x42" + std::string(38, '0')},
            {"nonce", "0x7"},
            {"gas", "0x186a0"},
            {"gasPrice", "0x77359400"},  // base fee and tip, not the most it would pay
            {"value", "0x1"},
            {"input", "0x64617461"},
            {"chainId", "0x1"},
            {"accessList", json::array{{{"address", "0x01" + std::string(38, '0')},
                                        {"storageKeys", {"0x02" + std::string(62, '0')}}},
                                       {{"address", zeros(20)}, {"storageKeys", json::array{}}}}},
            {"maxFeePerGas", "0x2540be400"},
            {"maxPriorityFeePerGas", "0x3b9aca00"},
            {"maxFeePerBlobGas", "0x77359400"},
            {"blobVersionedHashes", {"0x01" + std::string(62, '0'), "0x01" + std::string(62, '0')}},
            {"blockHash", rpc::hex_data(hash)},
            {"blockNumber", "0x7"},
            {"blockTimestamp", "0x65"},
            {"transactionIndex", "0x1"},
            {"hash", rpc::hex_data(tx.hash)},
            {"from", logged.senders[1].to_string()},
            {"v", tx.y_parity == 0 ? "0x0" : "0x1"},
            {"r", rpc::hex_quantity(signature.first(32))},
            {"s", rpc::hex_quantity(signature.subspan(32))},
            {"yParity", tx.y_parity == 0 ? "0x0" : "0x1"},
        });
    const auto legacy = transaction_json(logged.block.body.transactions[0], logged.senders[0],
                                         {logged.block.header, hash, 0});
    CHECK(legacy.at("type") == "0x0");
    CHECK(legacy.at("gasPrice") == "0x2540be400");
    for (const auto* absent : {"yParity", "accessList", "maxFeePerGas", "maxFeePerBlobGas"}) {
        CHECK_FALSE(legacy.contains(absent));
    }
}

TEST_CASE("receipt as JSON: gas of its own, blobs, status, logs") {
    auto logged = cancun_block();
    const auto hash = logged.block.header.hash();
    const auto& tx = logged.block.body.transactions[1];
    logged.receipts[0].logs.resize(2);
    logged.receipts[1].logs = {
        {chain::Address{{std::byte{5}}}, {Hash256{std::byte{6}}}, Buffer{std::byte{7}}}};
    CHECK(receipt_json(logged, hash, 1) ==
          json::object{
              {"blockHash", rpc::hex_data(hash)},
              {"blockNumber", "0x7"},
              {"transactionHash", rpc::hex_data(tx.hash)},
              {"transactionIndex", "0x1"},
              {"from", logged.senders[1].to_string()},
              {"to", "0x42" + std::string(38, '0')},
              {"gasUsed", "0x7530"},
              {"cumulativeGasUsed", "0xc738"},
              {"contractAddress", nullptr},
              {"logs", json::array{{{"address", "0x05" + std::string(38, '0')},
                                    {"topics", {"0x06" + std::string(62, '0')}},
                                    {"data", "0x07"},
                                    {"blockNumber", "0x7"},
                                    {"blockTimestamp", "0x65"},
                                    {"transactionHash", rpc::hex_data(tx.hash)},
                                    {"transactionIndex", "0x1"},
                                    {"blockHash", rpc::hex_data(hash)},
                                    {"logIndex", "0x2"},
                                    {"removed", false}}}},
              {"logsBloom", rpc::hex_data(chain::bloom_of(logged.receipts[1].logs))},
              {"type", "0x3"},
              {"effectiveGasPrice", "0x77359400"},
              {"status", "0x0"},
              {"blobGasUsed", "0x40000"},
              {"blobGasPrice", rpc::hex_quantity(chain::blob_base_fee(10'000'000))},
          });
    const auto all = receipts_json(logged, hash);
    REQUIRE(all.size() == 2);
    CHECK(all[1] == json::value(receipt_json(logged, hash, 1)));
    CHECK(all[0].at("gasUsed") == "0x5208");
    CHECK(all[0].at("status") == "0x1");
    CHECK(all[0].at("type") == "0x0");
    CHECK_FALSE(all[0].as_object().contains("blobGasUsed"));
}
