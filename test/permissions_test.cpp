// Permissioned networks and nodes that others shield, as a user has them.
#include "cli.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

struct Network : Cli {
    /// Replaces a line of the settings, "key = value".
    void set(const std::string& name, const std::string& from, const std::string& to) const {
        const auto path = folder(name) + "/parley.toml";
        auto text = read_file(path);
        const auto at = text.find("\n" + from + "\n");
        REQUIRE_MESSAGE(at != std::string::npos, text);
        write_file(path, text.replace(at + 1, from.size(), to));
    }
};

}  // namespace

TEST_CASE("a permissioned network admits and removes nodes while it runs, and remembers") {
    Network net;
    net.init("alice");
    const auto bob_id = net.init("bob");
    const auto bob_short = bob_id.substr(0, 12);
    net.set("alice", "enabled = false", "enabled = true");
    auto alice = net.start("alice");
    net.status("alice", *alice);
    const auto alice_dir = net.folder("alice");
    CHECK(net.ok({"allow", "list", alice_dir}).empty());

    net.set("bob", "static_peers = []", "static_peers = [\"" + net.target("alice") + "\"]");
    auto bob = net.start("bob", {"--log-level", "debug"});
    net.status_when("bob", *bob, [&](const json::value&) {
        return read_file(net.log_of("bob")).find("banned") != std::string::npos;
    });
    net.links_when("alice", *alice, 0);
    CHECK(net.ok({"allow", "add", alice_dir, bob_id}) == bob_short + " is allowed\n");
    CHECK(net.ok({"allow", "add", alice_dir, bob_id}) == bob_short + " was allowed already\n");
    CHECK(net.ok({"allow", "list", alice_dir}) == bob_id + "\n");
    end(*bob);
    bob = net.start("bob");
    net.links_when("alice", *alice, 1);
    net.links_when("bob", *bob, 1);

    CHECK(net.ok({"allow", "remove", alice_dir, bob_id}) == bob_short + " is no longer allowed\n");
    net.links_when("alice", *alice, 0);
    net.links_when("bob", *bob, 0);
    for (const std::string event : {" allowed id=", " no longer allowed id="}) {
        CHECK(read_file(net.log_of("alice")).find(event + bob_short + "\n") != std::string::npos);
    }
    CHECK(read_file(net.log_of("bob")).find("reason=banned") != std::string::npos);

    CHECK(net.ok({"allow", "add", alice_dir, bob_id}) == bob_short + " is allowed\n");
    end(*alice);
    end(*bob);
    alice = net.start("alice");
    net.status("alice", *alice);
    CHECK(json::parse(net.ok({"allow", "list", alice_dir, "--json"})) ==
          json::value({{"enabled", true}, {"allowed", {bob_id}}}));
    end(*alice);
}

TEST_CASE("the allow-list of an open network cannot be changed, and an empty one says so") {
    Network net;
    const auto id = net.init("alice");
    const auto other = net.init("bob");
    auto alice = net.start("alice");
    net.status("alice", *alice);
    const auto refused = net.run({"allow", "add", net.folder("alice"), other});
    CHECK(refused.exit_code == 1);
    CHECK(refused.err ==
          "parley: " + other + ": the network is open to everybody: see permissions.enabled\n");
    CHECK(net.run({"allow", "add", net.folder("alice"), id}).err ==
          "parley: " + id + ": that is this node itself\n");
    const auto listed = net.run({"allow", "list", net.folder("alice")});
    CHECK(listed.exit_code == 0);
    CHECK(listed.out.empty());
    CHECK(listed.err == "parley: the network is open to everybody\n");
    end(*alice);
    CHECK(net.run({"allow", "list", net.folder("alice")}).err.starts_with("parley: no node runs"));
    CHECK(net.run({"allow", "add", net.folder("alice")}).exit_code == 2);
    for (const auto* command : {"list", "add", "remove"}) {
        CHECK(net.run({"allow", command, "--help"}).out.find("\nEXAMPLES\n") != std::string::npos);
    }
}

TEST_CASE("a node that only its sentry knows") {
    Network net;
    net.init("sentry");
    const auto absent_id = net.init("absent");
    const auto hidden_id = net.init("hidden");
    net.set("sentry", "private = []", "private = [\"" + hidden_id + "\"]");
    auto sentry = net.start("sentry");
    net.status("sentry", *sentry);
    const auto sentry_target = net.target("sentry");

    // Its boot node is never dialed: there is nobody behind that address.
    net.set("hidden", "private_only = false", "private_only = true");
    net.set("hidden", "static_peers = []", "static_peers = [\"" + sentry_target + "\"]");
    net.set("hidden", "boot = []", "boot = [\"" + absent_id + "@127.0.0.1:1\"]");
    auto hidden = net.start("hidden");
    net.links_when("hidden", *hidden, 1);
    net.links_when("sentry", *sentry, 1);

    net.init("stranger", {"--boot", sentry_target});
    auto stranger = net.start("stranger");
    net.links_when("sentry", *sentry, 2);
    // It heard of somebody else, so the sentry answered; had it told of the hidden one, that would
    // be known as well.
    net.init("second", {"--boot", sentry_target});
    auto second = net.start("second");
    const auto status = net.status_when(
        "second", *second, [](const json::value& s) { return at(s, "/knownAddresses") >= 2; });
    CHECK(at(status, "/knownAddresses") == 2);
    CHECK(at(net.links_when("hidden", *hidden, 1), "/knownAddresses") == 1);
    const auto peers = json::parse(net.ok({"peers", net.folder("hidden"), "--json"}));
    CHECK(peers.at(0).at("topics") == json::value{"tx/1"});
    end(*second);
    end(*stranger);
    end(*hidden);
    end(*sentry);
}
