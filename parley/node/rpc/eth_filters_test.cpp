// Filters and logs over RPC.
#include <parley/node/rpc/test_eth.hpp>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::node;
using namespace parley::node::testing;
using chain::testing::payment;

namespace {

std::string id_of(const json::value& id) {
    return quoted(id.as_string().c_str());
}

Hash256 hash_number(std::uint8_t n) {
    return Hash256{std::byte{n}};
}

}  // namespace

TEST_CASE("recent hashes: each reader has a place of its own, and is told when it is too slow") {
    RecentHashes hashes{3};
    CHECK(hashes.since(0)->empty());
    for (std::uint8_t n = 0; n < 3; ++n) hashes.push(hash_number(n));
    CHECK(hashes.end() == 3);
    CHECK(hashes.since(0)->size() == 3);
    CHECK(*hashes.since(2) == std::vector{hash_number(2)});
    hashes.push(hash_number(3));
    CHECK(hashes.since(0) == std::nullopt);
    CHECK(*hashes.since(1) == std::vector{hash_number(1), hash_number(2), hash_number(3)});
    CHECK(hashes.since(4)->empty());
}

TEST_CASE("filters: what happened since the last time") {
    Filters filters{Rng{1}};
    const Now now{Instant{std::chrono::seconds{1}}, {}};
    filters.on_block(hash_number(1));
    const auto blocks = *filters.add(now, FilterKind::blocks);
    const auto txs = *filters.add(now, FilterKind::transactions);
    CHECK(filters.changes(now, blocks)->empty());
    filters.on_block(hash_number(2));
    filters.on_transaction(hash_number(3));
    CHECK(*filters.changes(now, blocks) == std::vector{hash_number(2)});
    CHECK(filters.changes(now, blocks)->empty());
    CHECK(*filters.changes(now, txs) == std::vector{hash_number(3)});
    CHECK(filters.kind(now, txs) == FilterKind::transactions);
    CHECK(filters.remove(now, blocks));
    CHECK_FALSE(filters.remove(now, blocks));
    CHECK_FALSE(filters.changes(now, blocks));
}

TEST_CASE("filters: end when nobody asks, when too much happened, and are bounded") {
    Filters filters{Rng{1}, {.filters_max = 2, .blocks_max = 3}};
    Now now{Instant{std::chrono::seconds{1}}, {}};
    const auto first = *filters.add(now, FilterKind::blocks);
    const auto second = *filters.add(now, FilterKind::logs);
    CHECK(first != second);
    CHECK_FALSE(filters.add(now, FilterKind::logs));
    now.instant += std::chrono::minutes{4};
    CHECK(filters.changes(now, second));
    now.instant += std::chrono::minutes{1};
    CHECK_FALSE(filters.changes(now, first));
    CHECK(filters.kind(now, second) == FilterKind::logs);
    const auto third = *filters.add(now, FilterKind::blocks);
    CHECK_FALSE(filters.add(now, FilterKind::blocks));
    for (std::uint8_t n = 0; n < 3; ++n) filters.on_block(hash_number(n));
    CHECK(filters.changes(now, third)->size() == 3);
    for (std::uint8_t n = 0; n < 4; ++n) filters.on_block(hash_number(n));
    CHECK_FALSE(filters.changes(now, third));
    CHECK(filters.size() == 1);
    now.instant += std::chrono::minutes{4};
    CHECK(filters.add(now, FilterKind::blocks));
    CHECK(filters.size() == 1);  // the second one had ended
}

TEST_CASE("eth: filters of blocks and of transactions") {
    EthRig rig;
    const auto blocks = id_of(rig.result("eth_newBlockFilter"));
    const auto hashes = id_of(rig.result("eth_newPendingTransactionFilter"));
    CHECK(blocks.size() == 2 + 2 + 32);
    CHECK(blocks != hashes);
    CHECK(rig.result("eth_getFilterChanges", blocks) == json::array{});
    const auto head = rig.chain.grow().header.hash();
    rig.eth->filters().on_block(head);
    CHECK(rig.result("eth_getFilterChanges", blocks) == json::array{rpc::hex_data(head)});
    CHECK(rig.result("eth_getFilterChanges", blocks) == json::array{});
    const auto tx = payment(0, 0, 1, 1);
    rig.eth->filters().on_transaction(tx.hash);
    CHECK(rig.result("eth_getFilterChanges", hashes) == json::array{rpc::hex_data(tx.hash)});
    CHECK(rig.error("eth_getFilterLogs", blocks) == "-32000: filter not found");
    CHECK(rig.result("eth_uninstallFilter", blocks) == true);
    CHECK(rig.result("eth_uninstallFilter", blocks) == false);
    CHECK(rig.error("eth_getFilterChanges", blocks) == "-32000: filter not found");
    rig.now.instant += std::chrono::minutes{5};
    CHECK(rig.error("eth_getFilterChanges", hashes) == "-32000: filter not found");
}

TEST_CASE("eth: there are no logs, and what asks for them is checked") {
    EthRig rig;
    const auto head = rig.chain.grow().header.hash();
    CHECK(rig.result("eth_getLogs", "{}") == json::array{});
    CHECK(rig.result("eth_getLogs", R"({"blockHash":)" + hash_text(head) + "}") == json::array{});
    CHECK(rig.result("eth_getLogs", R"({"fromBlock":"earliest","toBlock":"latest","address":)" +
                                        rig.account(0) + R"(,"topics":[null,)" + hash_text({}) +
                                        ",[" + hash_text({}) + "],[]]}") == json::array{});
    CHECK(rig.result("eth_getLogs", R"({"fromBlock":"0x0","toBlock":"0x1","address":[)" +
                                        rig.account(0) + "]}") == json::array{});
    const auto id = id_of(rig.result("eth_newFilter", R"({"address":null,"topics":null})"));
    CHECK(rig.result("eth_getFilterChanges", id) == json::array{});
    CHECK(rig.result("eth_getFilterLogs", id) == json::array{});
    CHECK(rig.error("eth_getLogs", R"({"blockHash":)" + hash_text({}) + "}") ==
          "-32000: unknown block");
    CHECK(rig.error("eth_getLogs", R"({"fromBlock":"safe"})") == "-32000: safe block not found");
}

TEST_CASE("eth: arguments of the methods on filters that are wrong") {
    EthRig rig;
    std::string many = hash_text({});
    for (std::size_t i = 0; i < 1000; ++i) many += "," + hash_text({});
    struct Case {
        std::string method, params, error;
    };
    const Case cases[] = {
        {"eth_getLogs", "", "-32602: params[0]: expected a filter, got nothing"},
        {"eth_getLogs", "[]", "-32602: params[0]: expected a filter, got array"},
        {"eth_newFilter", "\"x\"", "-32602: params[0]: expected a filter, got string"},
        {"eth_getLogs", R"({"fromBlock":"0x1","toBlock":"0x0"})",
         "-32602: invalid block range params"},
        {"eth_getLogs", R"({"fromBlock":"0x0","toBlock":"0x5"})",
         "-32602: block range extends beyond current head block"},
        {"eth_getLogs", R"({"toBlock":"pending"})", "-32602: pending logs are not supported"},
        {"eth_getLogs", R"({"fromBlock":1})",
         "-32602: params[0].fromBlock: expected a block number or tag, got number"},
        {"eth_newFilter", R"({"toBlock":"soon"})",
         "-32602: params[0].toBlock: expected a block number or tag, got another string"},
        {"eth_getLogs", R"({"blockHash":)" + hash_text({}) + R"(,"toBlock":"latest"})",
         "-32602: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other"},
        {"eth_getLogs", R"({"blockHash":"0x12"})",
         "-32602: params[0].blockHash: expected 32 bytes of hex data, got 1"},
        {"eth_getLogs", R"({"address":1})",
         "-32602: params[0].address: expected hex data, got number"},
        {"eth_getLogs", R"({"address":["0x12"]})",
         "-32602: params[0].address[0]: expected 20 bytes of hex data, got 1"},
        {"eth_getLogs", R"({"topics":{}})",
         "-32602: params[0].topics: expected an array, got object"},
        {"eth_getLogs", R"({"topics":[1]})",
         "-32602: params[0].topics[0]: expected hex data, got number"},
        {"eth_getLogs", R"({"topics":[["0x"]]})",
         "-32602: params[0].topics[0][0]: expected 32 bytes of hex data, got 0"},
        {"eth_getLogs", R"({"topics":[null,null,null,null,null]})", "-32000: exceed max topics"},
        {"eth_getLogs", R"({"topics":[[)" + many + "]]}",
         "-32000: exceed max addresses or topics per search position"},
        {"eth_getFilterChanges", "", "-32602: params[0]: expected the id of a filter, got nothing"},
        {"eth_getFilterChanges", "1", "-32602: params[0]: expected the id of a filter, got number"},
        {"eth_getFilterChanges", "\"0x1\"", "-32000: filter not found"},
        {"eth_getFilterLogs", "[]", "-32602: params[0]: expected the id of a filter, got array"},
        {"eth_getFilterLogs", "\"0x1\"", "-32000: filter not found"},
        {"eth_uninstallFilter", "{}", "-32602: params[0]: expected the id of a filter, got object"},
        {"eth_newPendingTransactionFilter", "1", "-32602: params: expected at most 0, got 1"},
        {"eth_newBlockFilter", "1", "-32602: params: expected at most 0, got 1"},
    };
    for (const auto& [method, params, error] : cases) {
        CAPTURE(method);
        CAPTURE(params.substr(0, 200));
        CHECK(rig.error(method, params) == error);
    }
    EthRig bare{false};
    CHECK(bare.error("eth_getLogs", "{}") == "-32000: this node keeps no ledger");
    for (std::size_t i = 0; i < FilterLimits{}.filters_max; ++i) rig.result("eth_newBlockFilter");
    CHECK(rig.error("eth_newBlockFilter") == "-32000: too many filters");
}
