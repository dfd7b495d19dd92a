// Subscriptions over RPC, by sessions that keep what they are told.
#include <parley/node/rpc/header_json.hpp>
#include <parley/node/rpc/test_eth.hpp>
#include <parley/node/rpc/transaction_json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::node;
using namespace parley::node::testing;
using chain::testing::payment;

namespace {

using Told = std::vector<json::value>;

struct SubscriptionRig : EthRig {
    SubscriptionRig() { session = std::make_shared<ToldSession>(); }

    std::string subscribe(std::string_view params) {
        return result("eth_subscribe", params).as_string().c_str();
    }
    /// A block on top of the head, as the node tells of it.
    chain::ChainHeader grow() {
        chain.grow();
        const auto& head = chain.ledger->head();
        eth->on_block(head);
        return head;
    }
};

json::value notice(const std::string& id, const json::value& result) {
    return {{"jsonrpc", "2.0"},
            {"method", "eth_subscription"},
            {"params", {{"subscription", id}, {"result", result}}}};
}

}  // namespace

TEST_CASE("eth: a subscription to heads, until it is ended") {
    SubscriptionRig rig;
    const auto id = rig.subscribe("\"newHeads\"");
    CHECK(id.size() == 2 + 32);
    CHECK(id.starts_with("0x"));
    CHECK(rig.session->holds == 1);
    CHECK(rig.session->take().empty());
    for (int i = 0; i < 2; ++i) {
        const auto head = rig.grow();
        CHECK(rig.session->take() == Told{notice(id, header_json(head.header, head.hash))});
    }
    const auto second = rig.subscribe("\"newHeads\",null");
    CHECK(second != id);
    rig.grow();
    CHECK(rig.session->take().size() == 2);
    CHECK(rig.result("eth_unsubscribe", quoted(id)) == true);
    CHECK(rig.error("eth_unsubscribe", quoted(id)) == "-32000: subscription not found");
    const auto head = rig.grow();
    CHECK(rig.session->take() == Told{notice(second, header_json(head.header, head.hash))});
}

TEST_CASE("eth: subscriptions to transactions, by hash or whole") {
    SubscriptionRig rig;
    const auto hashes = rig.subscribe("\"newPendingTransactions\"");
    const auto tx = payment(0, 0, 1, 1);
    rig.pool_insert(tx);
    rig.eth->on_transaction(tx.hash);
    CHECK(rig.session->take() == Told{notice(hashes, json::value(rpc::hex_data(tx.hash)))});
    const auto whole = rig.subscribe("\"newPendingTransactions\",true");
    rig.result("eth_unsubscribe", quoted(hashes));
    const auto next = payment(0, 1, 1, 1);
    rig.pool_insert(next);
    rig.eth->on_transaction(next.hash);
    CHECK(rig.session->take() == Told{notice(whole, transaction_json(*rig.pool.find(next.hash)))});
    rig.eth->on_transaction(payment(0, 2, 1, 1).hash);  // it has left the pool already
    CHECK(rig.session->take().empty());
}

TEST_CASE("eth: a subscription to logs hears of none") {
    SubscriptionRig rig;
    rig.subscribe(R"("logs",{"address":)" + rig.account(0) + R"(,"topics":[null]})");
    rig.subscribe(R"("logs",{"fromBlock":"0x1","toBlock":"0x2"})");
    rig.grow();
    CHECK(rig.session->take().empty());
}

TEST_CASE("eth: a subscription to how far the node is tells it at once, and changes") {
    SubscriptionRig rig;
    const auto id = rig.subscribe("\"syncing\"");
    CHECK(rig.session->take() == Told{notice(id, false)});
    rig.eth->on_progress(rig.now);
    CHECK(rig.session->take().empty());
    rig.syncing = SyncProgress{.starting = 1, .current = 16, .highest = 32};
    const json::value progress{
        {"syncing", true},
        {"status", {{"startingBlock", "0x1"}, {"currentBlock", "0x10"}, {"highestBlock", "0x20"}}}};
    rig.eth->on_progress(rig.now);
    CHECK(rig.session->take() == Told{notice(id, progress)});
    rig.now.instant += std::chrono::seconds{59};
    rig.eth->on_progress(rig.now);
    CHECK(rig.session->take().empty());
    rig.now.instant += std::chrono::seconds{1};
    rig.eth->on_progress(rig.now);
    CHECK(rig.session->take() == Told{notice(id, progress)});
    rig.syncing.reset();
    rig.eth->on_progress(rig.now);
    CHECK(rig.session->take() == Told{notice(id, false)});
}

TEST_CASE("eth: subscriptions are their connection's, and end with it") {
    SubscriptionRig rig;
    const auto first = rig.session;
    const auto id = rig.subscribe("\"newHeads\"");
    rig.session = std::make_shared<ToldSession>();
    CHECK(rig.error("eth_unsubscribe", quoted(id)) == "-32000: subscription not found");
    const auto other = rig.subscribe("\"newHeads\"");
    first->ended = true;
    rig.grow();
    CHECK(first->take().empty());
    CHECK(rig.session->take().size() == 1);
    CHECK(rig.eth->subscriptions().size() == 1);
    CHECK(first.use_count() == 1);
    rig.session.reset();
    CHECK(rig.error("eth_subscribe", "\"newHeads\"") == "-32601: notifications not supported");
    CHECK(rig.error("eth_unsubscribe", quoted(other)) == "-32000: subscription not found");
}

TEST_CASE("eth: subscriptions are bounded, of a connection and of all") {
    SubscriptionRig rig;
    const SubscriptionLimits limits;
    const auto first = rig.session;
    for (std::size_t i = 0; i < limits.all_max; ++i) {
        if (i > 0 && i % limits.each_max == 0) {
            CHECK(rig.error("eth_subscribe", "\"newHeads\"") == "-32000: too many subscriptions");
            rig.session = std::make_shared<ToldSession>();
        }
        rig.subscribe(i % 2 == 0 ? "\"newHeads\"" : "\"syncing\"");
    }
    rig.session = std::make_shared<ToldSession>();
    CHECK(rig.error("eth_subscribe", "\"syncing\"") == "-32000: too many subscriptions");
    first->ended = true;
    rig.subscribe("\"syncing\"");
    CHECK(rig.eth->subscriptions().size() == limits.all_max - limits.each_max + 1);
}

TEST_CASE("eth: arguments of a subscription that are wrong") {
    SubscriptionRig rig;
    struct Case {
        std::string params, error;
    };
    const Case cases[] = {
        {"", "-32602: params[0]: expected the name of a subscription, got nothing"},
        {"1", "-32602: params[0]: expected the name of a subscription, got number"},
        {"\"newBlocks\"", "-32601: no \"newBlocks\" subscription in eth namespace"},
        {"\"a\\u0000b\"", "-32601: no \"...\" subscription in eth namespace"},
        {"\"" + std::string(65, 'x') + "\"", "-32601: no \"...\" subscription in eth namespace"},
        {"\"newHeads\",{}", "-32602: params: expected at most 1, got 2"},
        {"\"syncing\",true", "-32602: params: expected at most 1, got 2"},
        {"\"newPendingTransactions\",1", "-32602: params[1]: expected true or false, got number"},
        {"\"newPendingTransactions\",true,1", "-32602: params: expected at most 2, got 3"},
        {"\"logs\"", "-32602: params[1]: expected a filter, got nothing"},
        {"\"logs\",{\"topics\":1}", "-32602: params[1].topics: expected an array, got number"},
        {"\"logs\",{\"toBlock\":\"pending\"}", "-32602: pending logs are not supported"},
        {"\"logs\",{\"fromBlock\":\"0x2\",\"toBlock\":\"0x1\"}",
         "-32602: invalid block range params"},
    };
    for (const auto& [params, error] : cases) {
        CAPTURE(params);
        CHECK(rig.error("eth_subscribe", params) == error);
    }
    CHECK(rig.error("eth_unsubscribe") ==
          "-32602: params[0]: expected the id of a subscription, got nothing");
    CHECK(rig.eth->subscriptions().size() == 0);
}
