// Blocks, their transactions and receipts over RPC: from memory and from the log.
#include <parley/node/rpc/block_json.hpp>
#include <parley/node/rpc/receipt_json.hpp>
#include <parley/node/rpc/test_eth.hpp>
#include <parley/node/rpc/transaction_json.hpp>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::node;
using namespace parley::node::testing;
using chain::testing::payment;

namespace {

chain::LoggedBlock logged_of(const EthRig& rig, const Hash256& hash) {
    return **rig.chain.ledger->blocks().read(hash);
}

void check_block(EthRig& rig, const chain::Block& block) {
    const auto hash = block.header.hash();
    const auto number = quoted(rpc::hex_quantity(block.header.number));
    const auto logged = logged_of(rig, hash);
    const json::value brief = block_json(logged, hash, TxDetail::hashes);
    const json::value full = block_json(logged, hash, TxDetail::full);
    CHECK(rig.result("eth_getBlockByHash", hash_text(hash)) == brief);
    CHECK(rig.result("eth_getBlockByHash", hash_text(hash) + ",false") == brief);
    CHECK(rig.result("eth_getBlockByHash", hash_text(hash) + ",true") == full);
    CHECK(rig.result("eth_getBlockByNumber", number + ",true") == full);
    const json::value receipts = receipts_json(logged, hash);
    CHECK(rig.result("eth_getBlockReceipts", number) == receipts);
    CHECK(rig.result("eth_getBlockReceipts", hash_text(hash)) == receipts);
    CHECK(rig.result("eth_getBlockReceipts", R"({"blockHash":)" + hash_text(hash) + "}") ==
          receipts);
    const json::value raw_header(rpc::hex_data(logged.block.header.encode()));
    CHECK(rig.result("debug_getRawHeader", number) == raw_header);
    const json::value raw_block(rpc::hex_data(block.encode()));
    CHECK(rig.result("debug_getRawBlock", hash_text(hash)) == raw_block);
    json::array raw;
    for (const auto& one : logged.receipts) raw.emplace_back(rpc::hex_data(one.encode()));
    CHECK(rig.result("debug_getRawReceipts", number) == json::value(raw));
    const json::value count(rpc::hex_quantity(logged.senders.size()));
    CHECK(rig.result("eth_getBlockTransactionCountByHash", hash_text(hash)) == count);
    CHECK(rig.result("eth_getBlockTransactionCountByNumber", number) == count);
    CHECK(rig.result("eth_getUncleCountByBlockHash", hash_text(hash)) == "0x0");
    CHECK(rig.result("eth_getUncleCountByBlockNumber", number) == "0x0");
    CHECK(rig.result("eth_getUncleByBlockHashAndIndex", hash_text(hash) + ",\"0x0\"") == nullptr);
    CHECK(rig.result("eth_getUncleByBlockNumberAndIndex", number + ",\"0x0\"") == nullptr);
}

void check_transaction(EthRig& rig, const chain::Block& block, std::size_t index) {
    const auto hash = block.header.hash();
    const auto logged = logged_of(rig, hash);
    const auto& tx = logged.block.body.transactions[index];
    const json::value shown =
        transaction_json(tx, logged.senders[index], {logged.block.header, hash, index});
    const auto place = quoted(rpc::hex_quantity(index));
    const auto number = quoted(rpc::hex_quantity(block.header.number));
    CHECK(rig.result("eth_getTransactionByHash", hash_text(tx.hash)) == shown);
    CHECK(rig.result("eth_getTransactionByBlockHashAndIndex", hash_text(hash) + "," + place) ==
          shown);
    CHECK(rig.result("eth_getTransactionByBlockNumberAndIndex", number + "," + place) == shown);
    CHECK(rig.result("eth_getTransactionReceipt", hash_text(tx.hash)) ==
          json::value(receipt_json(logged, hash, index)));
}

}  // namespace

TEST_CASE("eth: what chain this is, and how far") {
    EthRig rig;
    rig.chain.grow();
    CHECK(rig.result("eth_chainId") == "0x1");
    CHECK(rig.result("eth_blockNumber") == "0x1");
    CHECK(rig.result("eth_accounts") == json::array{});
    CHECK(rig.result("eth_syncing") == false);
    rig.syncing = SyncProgress{1, 0x10, 0x20};
    CHECK(rig.result("eth_syncing") == json::value{{"startingBlock", "0x1"},
                                                   {"currentBlock", "0x10"},
                                                   {"highestBlock", "0x20"}});
}

TEST_CASE("eth: blocks by hash, number and tag") {
    EthRig rig;
    check_block(rig, {rig.chain.ledger->head().header, {}});
    const auto one = rig.chain.grow({payment(0, 0, 1, 1), payment(1, 0, 2, 1)});
    const auto two = rig.chain.grow();
    check_block(rig, one);
    check_block(rig, two);
    check_transaction(rig, one, 0);
    check_transaction(rig, one, 1);
    const auto hash_at = [&](std::string_view tag) {
        return rig.result("eth_getBlockByNumber", quoted(tag)).at("hash");
    };
    CHECK(hash_at("latest") == json::value(rpc::hex_data(two.header.hash())));
    CHECK(hash_at("pending") == json::value(rpc::hex_data(two.header.hash())));
    CHECK(hash_at("earliest") == json::value(rpc::hex_data(rig.chain.ledger->genesis_hash())));
    CHECK(rig.error("eth_getBlockByNumber", "\"finalized\",false") ==
          "-32000: finalized block not found");
    rig.finalized = 1;
    CHECK(hash_at("safe") == json::value(rpc::hex_data(one.header.hash())));
}

TEST_CASE("eth: what is not there is null") {
    EthRig rig;
    rig.chain.grow({payment(0, 0, 1, 1)});
    const auto none = hash_text({});
    for (const auto* method : {"eth_getBlockByHash", "eth_getBlockReceipts",
                               "eth_getBlockTransactionCountByHash", "eth_getUncleCountByBlockHash",
                               "eth_getTransactionByHash", "eth_getTransactionReceipt"}) {
        CAPTURE(method);
        CHECK(rig.result(method, none) == nullptr);
    }
    for (const auto* method :
         {"eth_getBlockByNumber", "eth_getBlockReceipts", "eth_getBlockTransactionCountByNumber",
          "eth_getUncleCountByBlockNumber"}) {
        CAPTURE(method);
        CHECK(rig.result(method, "\"0x2\"") == nullptr);
    }
    CHECK(rig.result("eth_getTransactionByBlockNumberAndIndex", "\"0x2\",\"0x0\"") == nullptr);
    CHECK(rig.result("eth_getTransactionByBlockNumberAndIndex", "\"0x1\",\"0x1\"") == nullptr);
    CHECK(rig.result("eth_getTransactionByBlockNumberAndIndex", "\"0x1\",\"0xffffffffffffffff\"") ==
          nullptr);
    CHECK(rig.result("eth_getTransactionByBlockHashAndIndex", none + ",\"0x0\"") == nullptr);
    CHECK(rig.result("eth_getUncleByBlockHashAndIndex", none + ",\"0x0\"") == nullptr);
}

TEST_CASE("eth: blocks far below the head come from the log") {
    EthRig rig;
    const auto old = rig.chain.grow({payment(0, 0, 1, 1), payment(1, 0, 2, 1)});
    for (std::uint64_t i = 0; i <= chain::branch_depth_max; ++i) rig.chain.grow();
    REQUIRE(rig.chain.ledger->blocks().recent(old.header.hash()) == nullptr);
    check_block(rig, old);
    check_transaction(rig, old, 1);
}

TEST_CASE("eth: a pending transaction is shown until it is mined") {
    EthRig rig;
    const auto tx = payment(0, 0, 1, 1);
    rig.pool_insert(tx);
    const auto pending = rig.result("eth_getTransactionByHash", hash_text(tx.hash));
    for (const auto* field : {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex"}) {
        CHECK(pending.at(field) == nullptr);
    }
    CHECK(pending.at("gasPrice") == pending.at("maxFeePerGas"));
    CHECK(rig.result("eth_getTransactionReceipt", hash_text(tx.hash)) == nullptr);
    rig.chain.grow({tx});
    const auto mined = rig.result("eth_getTransactionByHash", hash_text(tx.hash));
    CHECK(mined.at("blockNumber") == "0x1");
    CHECK(mined.at("gasPrice") != mined.at("maxFeePerGas"));
}

TEST_CASE("eth: arguments of the methods on blocks that are wrong") {
    EthRig rig;
    struct Case {
        std::string method, params, error;
    };
    const auto none = hash_text({});
    const Case cases[] = {
        {"eth_getBlockByHash", "", "params[0]: expected hex data, got nothing"},
        {"eth_getBlockByHash", "\"0x1\"",
         "params[0]: expected hex data, got an odd number of digits"},
        {"eth_getBlockByHash", none + ",1", "params[1]: expected true or false, got number"},
        {"eth_getBlockByHash", none + ",true,1", "params: expected at most 2, got 3"},
        {"eth_getBlockByNumber", "", "params[0]: expected a block number or tag, got nothing"},
        {"eth_getBlockByNumber", "5", "params[0]: expected a block number or tag, got number"},
        {"eth_getBlockByNumber", none, "params[0]: expected a hex quantity, got leading zeros"},
        {"eth_getBlockByNumber", "\"latest\",\"x\"",
         "params[1]: expected true or false, got string"},
        {"eth_getBlockReceipts", "",
         "params[0]: expected a block number, tag or hash, got nothing"},
        {"eth_getBlockReceipts", "[]",
         "params[0]: expected a block number, tag or hash, got array"},
        {"eth_getBlockTransactionCountByHash", "1", "params[0]: expected hex data, got number"},
        {"eth_getBlockTransactionCountByNumber", "1",
         "params[0]: expected a block number or tag, got number"},
        {"eth_getUncleCountByBlockHash", "1", "params[0]: expected hex data, got number"},
        {"eth_getUncleCountByBlockNumber", "1",
         "params[0]: expected a block number or tag, got number"},
        {"eth_getUncleByBlockHashAndIndex", none,
         "params[1]: expected a hex quantity, got nothing"},
        {"eth_getUncleByBlockNumberAndIndex", "\"latest\",\"1\"",
         "params[1]: expected a hex quantity, got a string without 0x"},
        {"eth_getTransactionByHash", "true", "params[0]: expected hex data, got boolean"},
        {"eth_getTransactionReceipt", "\"0x00\"",
         "params[0]: expected 32 bytes of hex data, got 1"},
        {"eth_getTransactionByBlockHashAndIndex", none + ",1",
         "params[1]: expected a hex quantity, got number"},
        {"eth_getTransactionByBlockNumberAndIndex", "\"latest\"",
         "params[1]: expected a hex quantity, got nothing"},
        {"eth_getTransactionByBlockNumberAndIndex", "\"latest\",\"0xg\"",
         "params[1]: expected a hex quantity, got a character that is no hex digit"},
        {"eth_blockNumber", "1", "params: expected at most 0, got 1"},
    };
    for (const auto& [method, params, error] : cases) {
        CAPTURE(method);
        CAPTURE(params);
        CHECK(rig.error(method, params) == "-32602: " + error);
    }
}

TEST_CASE("eth: reads wait for each other, and are refused where too many do") {
    EthRig rig;
    rig.chain.grow();
    std::size_t answered = 0;
    std::size_t refused = 0;
    const std::string body =
        R"({"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",true]})";
    const auto more = SlowReads::running_max + SlowReads::waiting_max + 3;
    for (std::size_t i = 0; i < more; ++i) {
        rig.dispatcher->handle(rig.now, body, rpc::Origin::http, [&](const std::string& text) {
            (text.find("the node is busy: try again") == std::string::npos ? answered : refused)++;
        });
    }
    CHECK(refused == 3);
    CHECK(answered == 0);
    rig.run_jobs();
    CHECK(answered == more - 3);
    CHECK(rig.eth->reads().waiting() == 0);
}

TEST_CASE("eth: a read where there is no room for Jobs is refused") {
    EthRig rig;
    for (int i = 0; i < 64; ++i) REQUIRE(rig.chain.jobs->submit({[] {}, {}}));
    CHECK(rig.error("eth_getBlockByNumber", "\"latest\"") == "-32000: the node is busy: try again");
}

TEST_CASE("eth: the head that moves while its state is to be read") {
    EthRig rig;
    std::vector<std::string> replies;
    const std::string body =
        R"({"jsonrpc":"2.0","id":1,"method":"eth_getProof","params":[)" + rig.account(1) + "]}";
    for (std::size_t i = 0; i < 3 * SlowReads::running_max; ++i) {
        rig.dispatcher->handle(rig.now, body, rpc::Origin::http,
                               [&](std::string text) { replies.push_back(std::move(text)); });
    }
    const auto block = rig.chain.make({payment(0, 0, 1, 1000)}).block;
    REQUIRE(rig.chain.import(block));
    rig.run_jobs();
    REQUIRE(replies.size() == 3 * SlowReads::running_max);
    // All were asked before the block came.
    for (const auto& reply : replies) {
        CHECK(json::parse(reply).at("result").at("balance") == "0x8ac7230489e80000");
    }
}

TEST_CASE("eth: a read that waits behind a new block starts again") {
    EthRig rig;
    std::vector<std::string> replies;
    const auto ask = [&] {
        rig.dispatcher->handle(
            rig.now,
            R"({"jsonrpc":"2.0","id":1,"method":"eth_getProof","params":[)" + rig.account(1) + "]}",
            rpc::Origin::http, [&](std::string text) { replies.push_back(std::move(text)); });
    };
    ask();
    auto slow = rig.chain.jobs->take();
    REQUIRE(slow.size() == 1);
    const auto before = rig.chain.ledger->head().hash;
    const auto block = rig.chain.make({payment(0, 0, 1, 1000)}).block;
    rig.chain.ledger->import(rig.now, block, [](Now, const auto& result) { REQUIRE(result); });
    rig.run_jobs();
    REQUIRE(rig.chain.ledger->head().hash == before);  // the block waits for the first reader
    ask();
    rig.run_jobs();
    CHECK(replies.empty());
    slow.front().run();
    rig.chain.jobs->finish(slow.front(), rig.now);
    rig.run_jobs();
    CHECK(rig.chain.ledger->head().hash == block.header.hash());
    REQUIRE(replies.size() == 2);
    for (const auto& reply : replies) {
        CHECK(json::parse(reply).at("result").at("balance") == "0x8ac7230489e80000");
    }
}
