#include <parley/chain/types/test_transactions.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/node/rpc/pool_content.hpp>
#include <parley/node/rpc/test_rpc.hpp>
#include <parley/rpc/dispatcher.hpp>
#include <parley/rpc/hex.hpp>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::node;
namespace json = boost::json;

namespace {

constexpr auto transfer_chain = 7700;

std::string error_reply(int code, std::string_view message, std::string_view id = "null") {
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":{},"message":"{}"}}}})", id,
                       code, message);
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

chain::Transaction signed_transfer(std::uint64_t seed, std::uint64_t nonce,
                                   chain::TxType type = chain::TxType::dynamic_fee) {
    auto tx = chain::testing::transfer(nonce);
    tx.type = type;
    tx.chain_id = transfer_chain;
    if (type == chain::TxType::dynamic_fee) tx.max_priority_fee = to_uint256(1'000);
    return chain::testing::sign(std::move(tx), chain::testing::secret_of(seed));
}

std::string hash_params(const chain::Transaction& tx) {
    return "[\"" + rpc::hex_data(tx.hash) + "\"]";
}

}  // namespace

TEST_CASE("quantities, data and addresses in hex") {
    CHECK(rpc::hex_quantity(0) == "0x0");
    CHECK(rpc::hex_quantity(0x1f) == "0x1f");
    CHECK(rpc::hex_quantity(Bytes{to_uint256(0)}) == "0x0");
    CHECK(rpc::hex_quantity(Bytes{to_uint256(0xabcdef01)}) == "0xabcdef01");
    CHECK(rpc::hex_data({}) == "0x");
    // The examples of EIP-55.
    for (const std::string text : {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                                   "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
                                   "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
                                   "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"}) {
        CHECK(chain::Address::parse(text)->checksummed() == text);
    }
}

TEST_CASE("envelopes that are wrong") {
    RpcNode node;
    const auto invalid = [](std::string_view what, std::string_view id = "null") {
        return error_reply(-32600, fmt::format("invalid request: {}", what), id);
    };
    struct Case {
        std::string body, reply;
    };
    const Case cases[] = {
        {"", error_reply(-32700, "parse error: incomplete JSON at byte 0")},
        {"{\"jsonrpc\": \"2.0\", \"method\"",
         error_reply(-32700, "parse error: incomplete JSON at byte 27")},
        {"nothing", error_reply(-32700, "parse error: syntax error at byte 0")},
        {"{} {}", error_reply(-32700, "parse error: extra data at byte 3")},
        {"\"\xff\"", error_reply(-32700, "parse error: syntax error at byte 1")},
        {repeated("[", 17) + repeated("]", 17),
         error_reply(-32700, "parse error: nested deeper than 16")},
        {repeated("[", 500'000), error_reply(-32700, "parse error: nested deeper than 16")},
        {std::string((1U << 20) + 1, ' '), invalid("expected at most 1048576 bytes, got 1048577")},
        {"1", invalid("request: expected object, got number")},
        {"null", invalid("request: expected object, got null")},
        {"\"x\"", invalid("request: expected object, got string")},
        {"[]", invalid("empty batch")},
        {"[" + repeated("1,", 1000) + "1]",
         invalid("batch: expected at most 1000 requests, got 1001")},
        {"[1,2]", "[" + invalid("request: expected object, got number") + "," +
                      invalid("request: expected object, got number") + "]"},
        {"[[]]", "[" + invalid("request: expected object, got array") + "]"},
        {"{}", invalid("jsonrpc: expected \\\"2.0\\\", got nothing")},
        {R"({"jsonrpc":2.0,"method":"net_version","id":1})",
         invalid("jsonrpc: expected \\\"2.0\\\", got number", "1")},
        {R"({"jsonrpc":"1.0","method":"net_version","id":1})",
         invalid("jsonrpc: expected \\\"2.0\\\", got another version", "1")},
        {R"({"jsonrpc":"2.0","id":"a"})", invalid("method: expected string, got nothing", "\"a\"")},
        {R"({"jsonrpc":"2.0","method":1,"params":"bar"})",
         invalid("method: expected string, got number")},
        {R"({"jsonrpc":"2.0","method":"net_version","id":true})",
         invalid("id: expected string, number or null, got boolean")},
        {R"({"jsonrpc":"2.0","method":"net_version","id":[1]})",
         invalid("id: expected string, number or null, got array")},
        {R"({"jsonrpc":"2.0","method":"net_version","params":"bar","id":1})",
         invalid("params: expected array, got string", "1")},
        {R"({"jsonrpc":"2.0","method":"net_version","params":{},"id":1})",
         error_reply(-32602, "params: expected array, got object", "1")},
        {R"({"jsonrpc":"2.0","method":"net_version","params":[1],"id":1})",
         error_reply(-32602, "params: expected at most 0, got 1", "1")},
        {R"({"jsonrpc":"2.0","method":"eth_nope","id":1})",
         error_reply(-32601, "the method eth_nope does not exist", "1")},
        {R"({"jsonrpc":"2.0","method":"net_versio","id":1})",
         error_reply(-32601, "the method net_versio does not exist", "1")},
        {R"({"jsonrpc":"2.0","method":")" + std::string(65, 'x') + R"(","id":1})",
         error_reply(-32601, "the method of this name does not exist", "1")},
        {R"({"jsonrpc":"2.0","method":"a\nb","id":1})",
         error_reply(-32601, "the method of this name does not exist", "1")},
    };
    for (const auto& [body, reply] : cases) {
        CAPTURE(body.substr(0, 200));
        CHECK(node.ask(body).value_or("nothing yet") == reply);
    }
}

TEST_CASE("ids come back as they were") {
    RpcNode node;
    for (const std::string id : {"1", "-7", "\"a\\u0007b\"", "null", "18446744073709551615",
                                 "18446744073709551617", "1.0", "1e400", "-0", "0.10E-02"}) {
        CHECK(node.ask(R"({"jsonrpc":"2.0","method":"net_version","id":)" + id + "}") ==
              R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":"7700"})");
    }
}

TEST_CASE("each reply of a batch has the id of its request, whatever else is in it") {
    RpcNode node;
    CHECK(node.ask(R"([{"id":1.0,"jsonrpc":"2.0","method":"net_version","params":[]},7,[{"id":4}],)"
                   R"({"jsonrpc":"2.0","method":"net_version","params":[{"id":5}],"id":6.50},)"
                   R"({"id":1,"id":"last","jsonrpc":"2.0","method":"net_version"},)"
                   R"({"id":"first","id":2.0,"jsonrpc":"2.0","method":"net_version"}])") ==
          R"([{"jsonrpc":"2.0","id":1.0,"result":"7700"},)" +
              error_reply(-32600, "invalid request: request: expected object, got number") + "," +
              error_reply(-32600, "invalid request: request: expected object, got array") + "," +
              error_reply(-32602, "params: expected at most 0, got 1", "6.50") +
              R"(,{"jsonrpc":"2.0","id":"last","result":"7700"},)"
              R"({"jsonrpc":"2.0","id":2.0,"result":"7700"}])");
}

TEST_CASE("notifications have no reply, but an effect") {
    RpcNode node;
    CHECK(node.ask(R"({"jsonrpc":"2.0","method":"net_version"})") == "");
    CHECK(node.ask(R"({"jsonrpc":"2.0","method":"nope","params":[1]})") == "");
    CHECK(node.ask(R"([{"jsonrpc":"2.0","method":"net_version"}])") == "");
    const auto tx = signed_transfer(1, 0);
    CHECK(node.ask(R"({"jsonrpc":"2.0","method":"eth_sendRawTransaction","params":[")" +
                   rpc::hex_data(tx.raw) + "\"]}") == "");
    CHECK(node.node->pool().contains(tx.hash));
}

TEST_CASE("replies to a batch keep its order, though one comes later") {
    RpcNode node;
    const auto tx = signed_transfer(1, 0);
    const auto body =
        R"([{"jsonrpc":"2.0","method":"eth_sendRawTransaction","id":"first","params":[")" +
        rpc::hex_data(tx.raw) + R"("]},{"jsonrpc":"2.0","method":"net_version","id":2},)" +
        R"({"jsonrpc":"2.0","method":"net_version"},1,{"jsonrpc":"2.0","method":"x","id":3}])";
    std::optional<std::string> reply;
    node.rpc->handle(node.now, body, rpc::Origin::http, [&](std::string text) { reply = text; });
    CHECK_FALSE(reply);
    node.work();
    REQUIRE(reply);
    CHECK(*reply ==
          R"([{"jsonrpc":"2.0","id":"first","result":")" + rpc::hex_data(tx.hash) +
              R"("},{"jsonrpc":"2.0","id":2,"result":"7700"},)" +
              error_reply(-32600, "invalid request: request: expected object, got number") + "," +
              error_reply(-32601, "the method x does not exist", "3") + "]");
}

TEST_CASE("what a wallet asks before it sends") {
    NodeConfig config;
    config.network.id = 5;
    config.chain.id = 0x539;
    config.client = "parley/test";
    RpcNode node{config};
    CHECK(node.result("web3_clientVersion") == "parley/test");
    CHECK(node.result("net_version") == "5");
    CHECK(node.result("net_listening") == false);
    CHECK(node.result("net_peerCount") == "0x0");
    CHECK(node.result("eth_chainId") == "0x539");
    CHECK(node.result("eth_blockNumber") == "0x0");
    CHECK(node.result("eth_syncing") == false);
    CHECK(node.result("eth_accounts") == json::array{});
    CHECK(node.result("eth_gasPrice") == "0x3b9aca00");
    CHECK(node.result("eth_maxPriorityFeePerGas") == "0x3b9aca00");
    CHECK(node.result("eth_getBlockByNumber", R"(["latest",false])") == nullptr);
    node.node->set_endpoint(node.now, *Endpoint::parse("127.0.0.1:30770"));
    CHECK(node.result("net_listening") == true);
}

TEST_CASE("a transaction goes in and comes back") {
    RpcNode node;
    const auto tx = signed_transfer(1, 3);
    const auto sender = *chain::recover_sender(tx);
    CHECK(node.send(tx) == json::value(rpc::hex_data(tx.hash)));
    const Bytes signature{tx.signature};
    const json::value expected{
        {"blockHash", nullptr},
        {"blockNumber", nullptr},
        {"blockTimestamp", nullptr},
        {"transactionIndex", nullptr},
        {"hash", rpc::hex_data(tx.hash)},
        {"type", "0x2"},
        {"from", sender.to_string()},
        {"to", "0x4200000000000000000000000000000000000000"},
        {"nonce", "0x3"},
        {"gas", "0x5208"},
        {"gasPrice", "0x2540be400"},
        {"value", "0x1"},
        {"input", "0x"},
        {"v", tx.y_parity == 0 ? "0x0" : "0x1"},
        {"r", rpc::hex_quantity(signature.first(32))},
        {"s", rpc::hex_quantity(signature.subspan(32))},
        {"chainId", "0x1e14"},
        {"yParity", tx.y_parity == 0 ? "0x0" : "0x1"},
        {"accessList", json::array{}},
        {"maxFeePerGas", "0x2540be400"},
        {"maxPriorityFeePerGas", "0x3e8"},
    };
    CHECK(node.result("eth_getTransactionByHash", hash_params(tx)) == expected);
    CHECK(node.result("eth_getTransactionReceipt", hash_params(tx)) == nullptr);
    CHECK(node.result("eth_getTransactionByHash", "[\"0x" + std::string(64, '0') + "\"]") ==
          nullptr);
    CHECK(node.result("txpool_status") == json::value{{"pending", "0x1"}, {"queued", "0x0"}});
    const auto account = "[\"" + sender.to_string() + "\",\"";
    CHECK(node.result("eth_getTransactionCount", account + "pending\"]") == "0x4");
    CHECK(node.result("eth_getTransactionCount", account + "latest\"]") == "0x0");
}

TEST_CASE("fields that depend on a transaction's type") {
    RpcNode node;
    auto legacy = signed_transfer(1, 0, chain::TxType::legacy);
    node.send(legacy);
    auto value = node.result("eth_getTransactionByHash", hash_params(legacy)).as_object();
    CHECK(value.at("type") == "0x0");
    CHECK(value.at("v") == json::value(rpc::hex_quantity(7700 * 2 + 35 + legacy.y_parity)));
    CHECK(value.at("chainId") == "0x1e14");
    for (const auto* absent : {"yParity", "accessList", "maxFeePerGas", "maxPriorityFeePerGas"}) {
        CHECK_FALSE(value.contains(absent));
    }

    auto unprotected = chain::testing::transfer(1);
    unprotected.type = chain::TxType::legacy;
    unprotected.chain_id.reset();
    unprotected.to.reset();
    unprotected.gas_limit = 60'000;
    unprotected = chain::testing::sign(unprotected, chain::testing::secret_of(1));
    node.send(unprotected);
    value = node.result("eth_getTransactionByHash", hash_params(unprotected)).as_object();
    CHECK(value.at("v") == json::value(rpc::hex_quantity(27U + unprotected.y_parity)));
    CHECK(value.at("to") == nullptr);
    CHECK_FALSE(value.contains("chainId"));

    auto listed = chain::testing::transfer(2);
    listed.type = chain::TxType::access_list;
    listed.chain_id = transfer_chain;
    listed.gas_limit = 60'000;
    listed.data = SharedBytes::own(*from_hex("00ff"));
    listed.access_list = {{chain::Address{{std::byte{7}}}, {Hash256{std::byte{9}}}}};
    listed = chain::testing::sign(listed, chain::testing::secret_of(1));
    node.send(listed);
    value = node.result("eth_getTransactionByHash", hash_params(listed)).as_object();
    CHECK(value.at("type") == "0x1");
    CHECK(value.at("input") == "0x00ff");
    CHECK(value.at("yParity") == value.at("v"));
    CHECK(value.at("accessList") ==
          json::array{{{"address", "0x07" + std::string(38, '0')},
                       {"storageKeys", {"0x09" + std::string(62, '0')}}}});
    CHECK_FALSE(value.contains("maxFeePerGas"));
}

TEST_CASE("the pool by sender and nonce") {
    RpcNode node;
    const auto first = signed_transfer(1, 5);
    const auto behind_a_gap = signed_transfer(1, 7);
    const auto other = signed_transfer(2, 0);
    for (const auto* tx : {&first, &behind_a_gap, &other}) node.send(*tx);
    const auto content = node.result("txpool_content");
    const auto sender = chain::recover_sender(first)->checksummed();
    const auto pending = content.at("pending").as_object();
    const auto queued = content.at("queued").as_object();
    CHECK(pending.size() == 2);
    REQUIRE(pending.contains(sender));
    CHECK(pending.at(sender).at("5") ==
          node.result("eth_getTransactionByHash", hash_params(first)));
    REQUIRE(queued.size() == 1);
    CHECK(queued.at(sender).at("7").at("hash") == json::value(rpc::hex_data(behind_a_gap.hash)));
    CHECK(node.result("txpool_status") == json::value{{"pending", "0x2"}, {"queued", "0x1"}});
}

TEST_CASE("the pool by price") {
    RpcNode node;
    CHECK(
        node.result("parley_poolPrices") ==
        json::value{{"pending", 0}, {"queued", 0}, {"baseFee", "0x0"}, {"buckets", json::array{}}});
    for (const std::uint64_t nonce : {0U, 1U, 7U}) node.send(signed_transfer(1, nonce));
    const auto prices = node.result("parley_poolPrices");
    CHECK(prices.at("pending") == 2);
    CHECK(prices.at("queued") == 1);
    const auto& buckets = prices.at("buckets").as_array();
    REQUIRE(buckets.size() == 1);
    CHECK(buckets[0].at("count") == 2);
    CHECK(buckets[0].at("gas") == 42'000);
}

TEST_CASE("what lanes carry, by topic") {
    RpcNode node;
    const auto lanes = node.result("parley_lanes").as_array();
    REQUIRE_FALSE(lanes.empty());
    for (const auto& lane : lanes) {
        CHECK(lane.at("topic").is_string());
        CHECK(lane.at("links") == 0);
        CHECK(lane.at("bytesIn") == 0);
        CHECK(lane.at("stalls") == 0);
    }
}

TEST_CASE("a large pool is read a page a turn, once for all who ask meanwhile") {
    RpcNode node;
    constexpr std::uint64_t count = 2 * PoolContent::page_entries_max + 10;
    for (std::uint64_t nonce = 0; nonce < count; ++nonce) {
        node.node->relay().submit(node.now, signed_transfer(1, nonce).raw, [](auto) {});
        if (nonce % 1000 == 0) node.work();
    }
    node.work();
    REQUIRE(node.node->pool().size() == count);
    std::vector<std::string> replies;
    const auto ask = [&] {
        node.rpc->handle(node.now, R"({"jsonrpc":"2.0","method":"txpool_content","id":1})",
                         rpc::Origin::http,
                         [&](std::string text) { replies.push_back(std::move(text)); });
    };
    const auto turn = [&] {
        auto jobs = node.node->take_jobs();
        REQUIRE(jobs.size() == 1);
        jobs.front().run();
        node.node->finish_job(jobs.front(), node.now);
    };
    ask();
    turn();  // the first page
    ask();
    ask();
    turn();
    turn();  // the last one
    CHECK(replies.empty());
    turn();
    REQUIRE(replies.size() == 1);
    for (int i = 0; i < 3; ++i) turn();  // the pages for the two that came later
    CHECK(replies.size() == 1);
    turn();
    CHECK(replies.size() == 2);
    turn();
    REQUIRE(replies.size() == 3);
    CHECK(node.node->take_jobs().empty());
    for (const auto& reply : replies) {
        const auto pending = json::parse(reply).at("result").at("pending").as_object();
        REQUIRE(pending.size() == 1);
        CHECK(pending.begin()->value().as_object().size() == count);
    }
}

TEST_CASE("transactions that are refused, with why") {
    RpcNode node;
    const auto tx = signed_transfer(1, 0);
    const auto send = [&](const std::string& param) {
        return node.error("eth_sendRawTransaction", param);
    };
    CHECK(send("[]") == "-32602: params[0]: expected hex data, got nothing");
    CHECK(send("[1]") == "-32602: params[0]: expected hex data, got number");
    CHECK(send("[true]") == "-32602: params[0]: expected hex data, got boolean");
    CHECK(send("[null]") == "-32602: params[0]: expected hex data, got null");
    CHECK(send("[[]]") == "-32602: params[0]: expected hex data, got array");
    CHECK(send("[{}]") == "-32602: params[0]: expected hex data, got object");
    CHECK(send(R"(["02"])") == "-32602: params[0]: expected hex data, got a string without 0x");
    CHECK(send(R"(["0x0"])") ==
          "-32602: params[0]: expected hex data, got an odd number of digits");
    CHECK(send(R"(["0x0g"])") ==
          "-32602: params[0]: expected hex data, got a character that is no hex digit");
    CHECK(send(R"(["0x","0x"])") == "-32602: params: expected at most 1, got 2");
    CHECK(send(R"(["0x"])").starts_with("-32000: "));
    CHECK(send(R"(["0x05"])").starts_with("-32000: "));
    CHECK(node.node->pool().size() == 0);
    node.send(tx);
    CHECK(send("[\"" + rpc::hex_data(tx.raw) + "\"]") == "-32000: already known");
    auto elsewhere =
        chain::testing::sign(chain::testing::transfer(0), chain::testing::secret_of(3));
    CHECK(send("[\"" + rpc::hex_data(elsewhere.raw) + "\"]").starts_with("-32000: "));
    CHECK(node.node->pool().size() == 1);
}

TEST_CASE("hashes and addresses of the wrong size or kind") {
    RpcNode node;
    CHECK(node.error("eth_getTransactionByHash") ==
          "-32602: params[0]: expected hex data, got nothing");
    CHECK(node.error("eth_getTransactionByHash", R"(["0x12"])") ==
          "-32602: params[0]: expected 32 bytes of hex data, got 1");
    CHECK(node.error("eth_getTransactionReceipt", R"([7])") ==
          "-32602: params[0]: expected hex data, got number");
    CHECK(node.error("eth_getTransactionCount", R"(["0x12","latest"])") ==
          "-32602: params[0]: expected 20 bytes of hex data, got 1");
    CHECK(node.error("eth_getTransactionCount", "[\"0x" + std::string(40, '0') + "\",5]") ==
          "-32602: params[1]: expected a block number, tag or hash, got number");
}

TEST_CASE("the node about itself") {
    RpcNode node;
    auto info = node.result("admin_nodeInfo");
    CHECK(info.at("listenAddr") == nullptr);
    CHECK_FALSE(info.as_object().contains("target"));
    node.node->set_endpoint(node.now, *Endpoint::parse("127.0.0.1:30770"));
    info = node.result("admin_nodeInfo");
    const auto id = node.node->id().to_string();
    CHECK(info.at("id") == json::value(id));
    CHECK(info.at("enr") == json::value(node.node->record().to_text()));
    CHECK(info.at("listenAddr") == "127.0.0.1:30770");
    CHECK(info.at("ip") == "127.0.0.1");
    CHECK(info.at("ports") == json::value{{"discovery", 0}, {"listener", 30770}});
    CHECK(info.at("target") == json::value(id + "@127.0.0.1:30770"));
    CHECK(info.at("protocols") == json::value{{"pex", {{"version", 1}}}, {"tx", {{"version", 1}}}});
    CHECK(info.at_pointer("/network/chainId") == 7700);
}

TEST_CASE("a peer is added over the Unix socket alone") {
    RpcNode node;
    SeededEntropy entropy{9};
    const auto other = NodeKey::generate(entropy).id();
    const auto params = "[\"" + other.to_string() + "@127.0.0.1:9\"]";
    CHECK(node.error("admin_addPeer", params) ==
          "-32000: admin_addPeer answers only on the Unix socket");
    CHECK(node.node->book().find(other) == nullptr);
    CHECK(node.result("admin_addPeer", params, rpc::Origin::unix_socket) == true);
    const auto* entry = node.node->book().find(other);
    REQUIRE(entry != nullptr);
    CHECK(entry->pin == discovery::Pin::static_peer);
    CHECK(node.result("admin_peers") == json::array{});
    CHECK(node.result("parley_status").at("knownAddresses") == 1);

    const auto unix_error = [&](std::string_view bad) {
        return node.error("admin_addPeer", bad, rpc::Origin::unix_socket);
    };
    constexpr auto expected = R"(-32602: params[0]: expected "ID@address:port" or "enr:...", got )";
    CHECK(unix_error("[]") == std::string{expected} + "nothing");
    CHECK(unix_error("[5]") == std::string{expected} + "number");
    CHECK(unix_error(R"(["enode://x"])") == std::string{expected} + "another string");
    CHECK(unix_error("[\"" + node.node->id().to_string() + "@127.0.0.1:9\"]") ==
          "-32000: that is this node itself");
}

TEST_CASE("the summary") {
    RpcNode node;
    node.extras->http = Endpoint::parse("127.0.0.1:8570");
    const auto tx = signed_transfer(1, 0);
    node.send(tx);
    node.now.instant += 90s;
    const auto status = node.result("parley_status");
    CHECK(status.at("id") == json::value(node.node->id().to_string()));
    CHECK(status.at("http") == "127.0.0.1:8570");
    CHECK(status.at("endpoint") == nullptr);
    CHECK(status.at("dht") == nullptr);
    CHECK(status.at("uptime") == 90);
    const json::value none{
        {"ordinary", 0}, {"static", 0}, {"trusted", 0}, {"feeler", 0}, {"light", 0}};
    CHECK(status.at("links") ==
          json::value{{"inbound", 0},
                      {"outbound", 0},
                      {"byClass", none},
                      {"byDirection", {{"inbound", none}, {"outbound", none}}}});
    CHECK(status.at_pointer("/slots/inbound") == 40);
    CHECK(status.at_pointer("/slots/outbound") == 8);
    CHECK(status.at_pointer("/slotsInUse/inbound") == 0);
    CHECK(status.at_pointer("/pool/count") == 1);
    CHECK(status.at_pointer("/pool/bytes").to_number<std::size_t>() ==
          node.node->pool().size_bytes());
    CHECK(status.at("transactions") ==
          json::value{{"added", 1}, {"received", 0}, {"duplicates", 0}});
    CHECK(status.at("bytesIn") == 0);
    CHECK(status.at("bytesOut") == 0);
}

TEST_CASE("the summary says what the router maps") {
    RpcNode node;
    CHECK(node.result("parley_status").at("portMapping") ==
          json::value{{"mode", "off"}, {"outside", nullptr}});
    nat::MappingStatus mapped;
    mapped.mapping = {nat::MappingMethod::upnp, *Endpoint::parse("81.2.3.4:5"), 3600s};
    mapped.udp_why = {nat::MappingErrc::refused, "no UDP here"};
    node.node->set_port_mapping(node.now, mapped);
    CHECK(node.result("parley_status").at("portMapping") ==
          json::value{{"mode", "off"},
                      {"outside", "81.2.3.4:5"},
                      {"by", "UPnP"},
                      {"reachable", true},
                      {"udp", false},
                      {"udpError", "no UDP here"}});
    mapped.udp = true;
    mapped.udp_why.reset();
    node.node->set_port_mapping(node.now, mapped);
    const auto udp = node.result("parley_status").at("portMapping");
    CHECK(udp.at("udp") == true);
    CHECK_FALSE(udp.as_object().contains("udpError"));
}

TEST_CASE("the summary says what the router lets through by IPv6") {
    RpcNode node;
    CHECK(node.result("parley_status").at("pinhole") == nullptr);
    nat::MappingStatus pinhole;
    pinhole.mode = nat::MappingMode::automatic;
    pinhole.why = {nat::MappingErrc::no_router, "nobody"};
    node.node->set_pinhole(pinhole);
    CHECK(node.result("parley_status").at("pinhole") ==
          json::value{{"outside", nullptr}, {"error", "nobody"}});
    pinhole.why.reset();
    pinhole.mapping = {nat::MappingMethod::pcp, *Endpoint::parse("[2a00::5]:30303"), 3600s};
    pinhole.udp = true;
    node.node->set_pinhole(pinhole);
    CHECK(node.result("parley_status").at("pinhole") ==
          json::value{{"outside", "[2a00::5]:30303"}, {"by", "PCP"}, {"udp", true}});
}

TEST_CASE("replies are bounded, over a whole batch") {
    RpcNode node;
    auto large = chain::testing::transfer(0);
    large.chain_id = transfer_chain;
    large.gas_limit = 5'000'000;
    large.data = SharedBytes::own(Buffer(100'000, std::byte{1}));
    // 30 of these are 6 MB of hex.
    for (std::uint64_t nonce = 0; nonce < 30; ++nonce) {
        large.nonce = nonce;
        node.send(chain::testing::sign(large, chain::testing::secret_of(1)));
    }
    std::string body;
    for (int i = 0; i < 100; ++i) {
        body += body.empty() ? '[' : ',';
        body += R"({"jsonrpc":"2.0","method":"txpool_content","id":)" + std::to_string(i) + "}";
    }
    const auto reply = node.ask(body + "]");
    REQUIRE(reply);
    CHECK(reply->size() < rpc::Dispatcher::reply_bytes_max + 100'000);
    const auto value = json::parse(*reply);
    CHECK(value.at(0).as_object().contains("result"));
    CHECK(value.at(99).at("error").at("code") == -32003);
    for (std::uint64_t nonce = 30; nonce < 90; ++nonce) {
        large.nonce = nonce;
        node.send(chain::testing::sign(large, chain::testing::secret_of(2)));
    }
    CHECK(node.error("txpool_content") ==
          "-32003: reply: 90 transactions do not fit in 16777216 bytes");
}
