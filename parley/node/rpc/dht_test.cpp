// The DHT over RPC.
#include <parley/discovery/discv5/distance.hpp>
#include <parley/node/rpc/test_rpc.hpp>

using namespace parley;
using namespace parley::node;
namespace json = boost::json;

namespace {

Enr stranger(std::uint64_t n, std::uint16_t udp_port) {
    SeededEntropy entropy{100 + n};
    EnrBuilder builder{7};
    builder.ip(*IpAddress::parse("127.0.0.1"));
    if (udp_port != 0) builder.udp(udp_port);
    return builder.sign(NodeKey::generate(entropy)).value();
}

std::string quoted(const std::string& text) {
    return "[\"" + text + "\"]";
}

/// The reply to a method that waits for an answer from the network, which never comes.
std::string unanswered(RpcNode& node, std::string_view method, const std::string& params) {
    std::optional<std::string> reply;
    node.rpc->handle(
        node.now,
        fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params),
        rpc::Origin::unix_socket, [&](std::string text) { reply = std::move(text); });
    CHECK_FALSE(reply);
    for (int i = 0; i < 40 && !reply; ++i) {
        node.now.instant += 500ms;
        node.node->on_timer(node.now);
    }
    REQUIRE(reply);
    const auto value = json::parse(*reply);
    const auto* error = value.as_object().if_contains("error");
    return error ? std::string{error->at("message").as_string().c_str()}
                 : json::serialize(value.at("result"));
}

}  // namespace

TEST_CASE("rpc: a node without a DHT says so") {
    RpcNode node;
    const std::string why = "-32000: this node takes no part in the DHT (setting p2p.dht)";
    CHECK(node.error("discv5_nodeInfo") == why);
    CHECK(node.error("discv5_routingTableInfo") == why);
    CHECK(node.error("discv5_ping", quoted(stranger(1, 9).to_text()), rpc::Origin::unix_socket) ==
          why);
    CHECK(node.error("discv5_recursiveFindNodes", quoted("0x00")) == why);
}

TEST_CASE("rpc: the DHT's record, table and whom it was told of") {
    RpcNode node{listening()};
    const auto info = node.result("discv5_nodeInfo");
    CHECK(info.at("enr").as_string() == node.node->record().to_text());
    CHECK(node.result("discv5_lookupEnr", quoted(node.node->id().to_string())) == info.at("enr"));
    CHECK(info.at("nodeId").as_string() == rpc::hex_data(dht_id(node.node->id())));
    CHECK(node.node->record().udp_endpoint() == Endpoint::parse("127.0.0.1:9000"));
    CHECK(node.result("parley_dhtTable").as_array().empty());

    const auto other = stranger(1, 9001);
    CHECK(node.error("discv5_addEnr", quoted(other.to_text())).starts_with("-32000: "));
    CHECK(node.result("discv5_addEnr", quoted(other.to_text()), rpc::Origin::unix_socket) == true);
    const auto table = node.result("parley_dhtTable").as_array();
    REQUIRE(table.size() == 1);
    CHECK(node.result("parley_status").at("dht") == json::value{{"nodes", 1}, {"checked", 0}});
    CHECK(table[0].at("id").as_string() == other.id().to_string());
    CHECK(table[0].at("endpoint") == "127.0.0.1:9001");
    CHECK(table[0].at("checked") == false);
    const auto id = dht_id(other.id());
    const auto buckets = node.result("discv5_routingTableInfo").at("buckets").as_array();
    REQUIRE(buckets.size() == 256);
    const auto distance = discovery::discv5::log_distance(dht_id(node.node->id()), id);
    CHECK(buckets[distance - 1].as_array() == json::array{rpc::hex_data(id)});
    CHECK(node.result("discv5_getEnr", quoted(rpc::hex_data(id))).as_string() == other.to_text());
    CHECK(node.result("discv5_getEnr", quoted(other.id().to_string())).as_string() ==
          other.to_text());
    CHECK(node.error("discv5_getEnr", quoted(stranger(2, 9).id().to_string())) ==
          "-32000: the table does not know that node");
}

TEST_CASE("rpc: requests that nobody answers end with why") {
    RpcNode node{listening()};
    const auto other = stranger(1, 9001).to_text();
    CHECK(unanswered(node, "discv5_ping", quoted(other)) == "no answer in time");
    CHECK(unanswered(node, "discv5_findNode", "[\"" + other + "\",[0,256]]") ==
          "no answer in time");
    CHECK(unanswered(node, "discv5_talkReq", "[\"" + other + "\",\"0x61\",\"0x\"]") ==
          "no answer in time");
    node.result("discv5_addEnr", quoted(other), rpc::Origin::unix_socket);
    CHECK(unanswered(node, "discv5_recursiveFindNodes", quoted(other)) == "[]");
    CHECK(unanswered(node, "parley_dhtAnnounce", "[]") == "[]");
    CHECK(unanswered(node, "discv5_lookupEnr", quoted(stranger(2, 9).to_text())) ==
          "nobody knows that node");
}

TEST_CASE("rpc: parameters of the DHT's methods that do not fit are named") {
    RpcNode node{listening()};
    const auto other = stranger(1, 9001).to_text();
    const auto owners_error = [&](std::string_view method, std::string_view params = "[]") {
        return node.error(method, params, rpc::Origin::unix_socket);
    };
    // They make the node send where the caller says, so over HTTP nobody may.
    for (const auto* method : {"discv5_ping", "discv5_findNode", "discv5_talkReq"}) {
        CHECK(node.error(method) ==
              "-32000: " + std::string{method} + " answers only on the Unix socket");
    }
    CHECK(owners_error("discv5_ping") ==
          "-32602: params[0]: expected 32 bytes of hex data, a node's ID of 66 hex digits, or "
          "\"enr:...\", got nothing");
    CHECK(owners_error("discv5_ping", quoted("enr:x")).starts_with("-32602: params[0]: expected"));
    CHECK(owners_error("discv5_ping", quoted(stranger(1, 0).to_text())) ==
          "-32602: params[0]: expected a record with a UDP endpoint, got one without");
    CHECK(owners_error("discv5_ping", quoted(node.node->record().to_text())) ==
          "-32000: that is this node itself");
    CHECK(owners_error("discv5_ping", quoted(stranger(3, 9).id().to_string())) ==
          "-32000: the table does not know that node: give its record");
    CHECK(owners_error("discv5_findNode", "[\"" + other + "\",[257]]") ==
          "-32602: params[1]: expected an array of distances, 0 to 256, got 257");
    CHECK(owners_error("discv5_findNode", "[\"" + other + "\",[]]") ==
          "-32602: params[1]: expected an array of distances, 0 to 256, got 0 of them");
    CHECK(owners_error("discv5_findNode", "[\"" + other + "\",[\"1\"]]") ==
          "-32602: params[1]: expected an array of distances, 0 to 256, got string");
    CHECK(owners_error("discv5_talkReq",
                       "[\"" + other + "\",\"0x\",\"0x" + std::string(1402, '0') + "\"]") ==
          "-32602: params[2]: expected at most 700 bytes, got 701");
    CHECK(node.error("discv5_lookupEnr", quoted("0x1234")) ==
          "-32602: params[0]: expected 32 bytes of hex data, got 2");
    CHECK(node.error("discv5_lookupEnr", quoted("somebody")) ==
          "-32602: params[0]: expected 32 bytes of hex data, a node's ID of 66 hex digits, or "
          "\"enr:...\", got another string");
}
