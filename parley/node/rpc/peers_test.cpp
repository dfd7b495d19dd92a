// Peers and bans that the owner changes over RPC.
#include <parley/node/rpc/test_rpc.hpp>

using namespace parley;
using namespace parley::node;
namespace json = boost::json;

namespace {

NodeId other(std::uint64_t n) {
    SeededEntropy entropy{100 + n};
    return NodeKey::generate(entropy).id();
}
std::string quoted(const std::string& text) {
    return '"' + text + '"';
}

struct Owner : RpcNode {
    using RpcNode::RpcNode;
    json::value tell(std::string_view method, const std::string& params) {
        return result(method, "[" + params + "]", rpc::Origin::unix_socket);
    }
    std::string refused(std::string_view method, const std::string& params) {
        return error(method, "[" + params + "]", rpc::Origin::unix_socket);
    }
    bool is_banned(const NodeId& id) { return node->links().offences().find(now, id) != nullptr; }
    bool is_banned(const char* address) {
        return node->links().offences().find(now, *IpAddress::parse(address)) != nullptr;
    }
};

}  // namespace

TEST_CASE("rpc: bans of an ID and of an address are set, listed and lifted") {
    Owner owner;
    const auto id = other(1).to_string();
    const auto made = owner.tell("admin_ban", quoted(id) + R"(,7200,"sent rubbish")");
    CHECK(made == json::value{{"who", id},
                              {"kind", "id"},
                              {"until", 7201},
                              {"left", 7200},
                              {"byOwner", true},
                              {"reason", "sent rubbish"}});
    owner.tell("admin_ban", R"("127.0.0.1")");
    owner.tell("admin_ban", R"("2001:db8::7",60)");
    CHECK(owner.is_banned(other(1)));
    CHECK(owner.is_banned("127.0.0.1"));
    CHECK_FALSE(owner.is_banned("127.0.0.2"));
    CHECK(owner.is_banned("2001:db8::99"));
    CHECK_FALSE(owner.node->links().on_accept(owner.now, *Endpoint::parse("127.0.0.1:5")));
    const auto bans = owner.result("admin_bans").as_array();
    REQUIRE(bans.size() == 3);
    CHECK(bans[0].at("who") == "127.0.0.1");
    CHECK(bans[0].at("left") == 86'400);
    CHECK(bans[1].at("who") == "2001:db8::/64");
    CHECK(bans[1].at("reason") == "");
    CHECK(owner.tell("admin_unban", R"("2001:db8::/64")") == true);
    CHECK(owner.tell("admin_unban", R"("2001:db8::7")") == false);
    CHECK(owner.tell("admin_unban", quoted(id)) == true);
    CHECK_FALSE(owner.is_banned(other(1)));
    owner.now.unix_time += std::chrono::hours{24};
    CHECK(owner.result("admin_bans") == json::array{});
}

TEST_CASE("rpc: what is kept is answered once it is on disk") {
    Owner owner;
    std::vector<std::string> replies;
    const auto ban = [&](const char* address) {
        owner.rpc->handle(
            owner.now,
            std::string{R"({"jsonrpc":"2.0","id":1,"method":"admin_ban","params":[")"} + address +
                R"("]})",
            rpc::Origin::unix_socket,
            [&](std::string text) { replies.push_back(std::move(text)); });
    };
    ban("10.0.0.1");
    // Its batch is under way: these two share the next one.
    ban("10.0.0.2");
    ban("10.0.0.3");
    CHECK(owner.is_banned("10.0.0.3"));
    CHECK(replies.empty());
    owner.work();
    CHECK(replies.size() == 3);
    // A ban of nobody new changes nothing on disk, and is answered all the same.
    CHECK(owner.tell("admin_unban", R"("10.9.9.9")") == false);
    owner.restart();  // without the save of each second
    CHECK(owner.is_banned("10.0.0.1"));
    CHECK(owner.is_banned("10.0.0.2"));
    CHECK(owner.is_banned("10.0.0.3"));
}

TEST_CASE("rpc: what has no room on disk is said not to be kept, and written when it has") {
    Owner owner;
    owner.tell("admin_ban", R"("10.0.0.1")");
    owner.store.full = true;
    CHECK(owner.refused("admin_ban", R"("10.0.0.2")") ==
          "-32000: in force until the node ends, but not on disk: the store is full");
    CHECK(owner.is_banned("10.0.0.2"));
    CHECK(owner.refused("admin_unban", R"("10.0.0.1")").starts_with("-32000: in force"));
    CHECK_FALSE(owner.is_banned("10.0.0.1"));
    owner.store.full = false;
    owner.save();
    owner.restart();
    CHECK(owner.is_banned("10.0.0.2"));
    CHECK_FALSE(owner.is_banned("10.0.0.1"));
}

TEST_CASE("rpc: bans outlive the node") {
    Owner owner;
    owner.tell("admin_ban", quoted(other(1).to_string()) + ",7200,\"why\"");
    owner.tell("admin_ban", R"("10.0.0.1",7200,"here too")");
    const auto before = owner.result("admin_bans");
    owner.save();
    owner.restart();
    CHECK(owner.result("admin_bans") == before);
    CHECK(owner.is_banned("10.0.0.1"));
    owner.tell("admin_unban", R"("10.0.0.1")");
    owner.save();
    owner.restart();
    CHECK_FALSE(owner.is_banned("10.0.0.1"));
    CHECK(owner.is_banned(other(1)));
}

TEST_CASE("rpc: bans that make no sense are refused, and none comes over HTTP") {
    Owner owner;
    const auto self = owner.node->id().to_string();
    CHECK(owner.error("admin_ban", R"(["1.2.3.4"])") ==
          "-32000: admin_ban answers only on the Unix socket");
    CHECK(owner.error("admin_unban", R"(["1.2.3.4"])") ==
          "-32000: admin_unban answers only on the Unix socket");
    CHECK(owner.refused("admin_ban", "") ==
          "-32602: params[0]: expected a node's ID or an IP address, got nothing");
    CHECK(owner.refused("admin_ban", R"("1.2.3")") ==
          "-32602: params[0]: expected a node's ID or an IP address, got another string");
    CHECK(owner.refused("admin_ban", quoted(self)) == "-32000: that is this node itself");
    for (const std::string seconds : {"0", "-5", "1e30", "1.5", "9223372036854775807"}) {
        CAPTURE(seconds);
        CHECK(owner.refused("admin_ban", R"("1.2.3.4",)" + seconds) ==
              "-32602: params[1]: expected 1 to 3153600000 seconds, got another number");
    }
    CHECK(owner.refused("admin_ban", R"("1.2.3.4","2h")").ends_with("got string"));
    CHECK(owner.refused("admin_ban", R"("1.2.3.4",5,"a\nb")") ==
          "-32602: params[2]: expected text of at most 128 bytes on one line, got another string");
    CHECK(owner.refused("admin_ban", R"("1.2.3.4",5,)" + quoted(std::string(129, 'x')))
              .starts_with("-32602: params[2]"));
    CHECK(owner.result("admin_bans") == json::array{});
}

TEST_CASE("rpc: peers are removed and trusted while the node runs") {
    Owner owner;
    const auto id = other(1).to_string();
    const auto target = quoted(id + "@127.0.0.1:9");
    CHECK(owner.tell("admin_removePeer", quoted(id)) == false);
    owner.tell("admin_addPeer", target);
    CHECK(owner.node->book().find(other(1))->pin == discovery::Pin::static_peer);
    CHECK(owner.tell("admin_removePeer", target) == true);
    CHECK(owner.node->book().find(other(1))->pin == discovery::Pin::none);
    CHECK(owner.tell("admin_removePeer", quoted(id)) == false);

    CHECK(owner.tell("admin_removeTrustedPeer", quoted(id)) == false);
    CHECK(owner.tell("admin_addTrustedPeer", quoted(id)) == true);
    CHECK(owner.tell("admin_addTrustedPeer", quoted(id)) == true);
    CHECK(owner.tell("admin_removeTrustedPeer", quoted(id)) == true);
    CHECK(owner.tell("admin_removeTrustedPeer", quoted(id)) == false);
    CHECK(
        owner.refused("admin_addTrustedPeer", R"("x")") ==
        "-32602: params[0]: expected a node's ID, \"ID@address:port\" or \"enr:...\", got another "
        "string");
    CHECK(owner.refused("admin_addTrustedPeer", quoted(owner.node->id().to_string())) ==
          "-32000: that is this node itself");
    for (const auto* method :
         {"admin_removePeer", "admin_addTrustedPeer", "admin_removeTrustedPeer"}) {
        CHECK(owner.error(method, "[" + quoted(id) + "]").ends_with("only on the Unix socket"));
    }
    for (std::size_t n = 0; n < p2p::named_peers_max; ++n)
        CHECK(owner.node->trust(other(1000 + n)));
    CHECK(owner.refused("admin_addTrustedPeer", quoted(id)) ==
          "-32000: 1024 nodes are trusted already");
}
