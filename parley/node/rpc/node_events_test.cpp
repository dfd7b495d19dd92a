// What a running node tells filters and subscriptions: its blocks, what comes into its pool, and
// how far it is.
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/rpc/test_driven_node.hpp>
#include <parley/node/rpc/test_eth.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::node;
using node::testing::DrivenNode;
using node::testing::quoted;
using node::testing::sender;
using node::testing::solo_chain;
using node::testing::ToldSession;

namespace {

/// A node that makes a block each second, and who asks it over a connection.
struct SignerNode : DrivenNode {
    std::shared_ptr<ToldSession> session = std::make_shared<ToldSession>();

    explicit SignerNode(bool fetches_state = false) {
        caller = {rpc::Origin::http, session};
        NodeConfig config;
        config.chain.block_interval = 1s;
        config.chain.fetches_state = fetches_state;
        open(config, solo_chain(config.chain.id));
    }
    /// What the session was told under that id.
    std::vector<json::value> told(const json::value& id) {
        std::vector<json::value> out;
        for (const auto& one : session->told) {
            if (one.at_pointer("/params/subscription") == id) {
                out.push_back(one.at_pointer("/params/result"));
            }
        }
        return out;
    }
};

}  // namespace

TEST_CASE("node: filters and subscriptions hear of its blocks and transactions") {
    SignerNode node;
    const auto heads = node.result("eth_subscribe", "\"newHeads\"");
    const auto hashes = node.result("eth_subscribe", "\"newPendingTransactions\"");
    const auto blocks = quoted(node.result("eth_newBlockFilter").as_string().c_str());
    const auto pending = quoted(node.result("eth_newPendingTransactionFilter").as_string().c_str());
    auto tx = chain::testing::transfer(0);
    tx.chain_id = NodeConfig{}.chain.id;
    tx.max_priority_fee = to_uint256(1'000'000'000);
    tx.max_fee = to_uint256(100'000'000'000);
    tx = chain::testing::sign(std::move(tx), chain::testing::secret_of(sender));
    const auto hash = node.result("eth_sendRawTransaction", quoted(rpc::hex_data(tx.raw)));
    CHECK(node.told(hashes) == std::vector<json::value>{hash});
    CHECK(node.result("eth_getFilterChanges", pending) == json::array{hash});
    CHECK(node.told(heads).empty());
    for (int i = 0; i < 3; ++i) node.pass(1s);
    const auto made = node.told(heads);
    REQUIRE(made.size() >= 2);
    CHECK(made[0].at("number") == "0x1");
    CHECK(made[1].at("parentHash") == made[0].at("hash"));
    json::array block_hashes;
    for (const auto& block : made) block_hashes.push_back(block.at("hash"));
    CHECK(node.result("eth_getFilterChanges", blocks) == block_hashes);
    const auto receipt = node.result("eth_getTransactionReceipt", quoted(hash.as_string().c_str()));
    CHECK(receipt.at("blockHash") == made[0].at("hash"));
}

TEST_CASE("node: while the state is being fetched it says so, and answers nothing from it") {
    SignerNode node{true};
    const auto syncing = node.result("eth_subscribe", "\"syncing\"");
    const json::value progress{{"startingBlock", "0x0"},
                               {"currentBlock", "0x0"},
                               {"highestBlock", "0x0"},
                               {"syncedAccounts", "0x0"}};
    CHECK(node.result("eth_syncing") == progress);
    node.pass(1s);
    REQUIRE(!node.told(syncing).empty());
    CHECK(node.told(syncing).back().at("syncing") == true);
    const auto account = quoted(chain::testing::address_of(sender).to_string());
    const auto hash = quoted(rpc::hex_data(Hash256{}));
    for (const auto& [method, params] : std::vector<std::pair<std::string_view, std::string>>{
             {"eth_getBalance", account},
             {"eth_getTransactionCount", account},
             {"eth_getTransactionCount", account + ",\"pending\""},
             {"eth_getProof", account + ",[]"},
             {"eth_call", "{}"},
             {"eth_feeHistory", "1,\"latest\""},
             {"eth_gasPrice", ""},
             {"eth_config", ""},
             {"eth_getLogs", "{}"},
             {"eth_getBlockByNumber", "\"latest\",false"},
             {"eth_getTransactionByHash", hash},
             {"eth_getTransactionReceipt", hash},
             {"eth_getTransactionByBlockHashAndIndex", hash + ",\"0x0\""}}) {
        CAPTURE(method);
        CHECK(node.refusal(method, params) == "the state is being fetched: try again later");
    }
    CHECK(node.result("eth_blockNumber") == "0x0");
}
