// The example `kv` as real programs on loopback, with the commands of `parley` on their folders,
// and in the simulator.
#include "cli.hpp"
#include <parley/runtime/http/rpc_client.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

const std::string programs = std::string{PARLEY_BINARY_DIR} + "/bin/";

struct Kv : Cli {
    std::unique_ptr<Program> start(const std::string& name, std::vector<std::string> targets = {}) {
        targets.insert(targets.begin(), {programs + "kv", folder(name)});
        auto node = std::make_unique<Program>(targets, log_of(name) + ".out", log_of(name));
        status(name, *node);  // it answers
        return node;
    }
    /// The whole reply, over the node's Unix socket.
    json::value call(const std::string& name, const std::string& method,
                     const json::array& params = {}) const {
        const json::object request{
            {"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
        const auto reply =
            runtime::rpc_post(folder(name) + "/parley.sock", json::serialize(request));
        REQUIRE_MESSAGE(reply, reply.error().what);
        return json::parse(*reply);
    }
    void wait_for_height(const std::string& name, Program& node, std::int64_t height) {
        status_when(name, node,
                    [&](const json::value& status) { return at(status, "/kv_height") == height; });
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("examples: what is set at one kv node is read at the others") {
    Kv kv;
    auto alice = kv.start("alice");
    const auto target = kv.target("alice");
    CHECK(contains(read_file(kv.log_of("alice") + ".out"), "kv FOLDER " + target + "\n"));
    CHECK(kv.call("alice", "kv_set", {"colour", "blue"}).at("result") == 1);

    // Bob comes later: the heartbeat tells him what he lacks.
    auto bob = kv.start("bob", {target});
    kv.wait_for_height("bob", *bob, 1);
    CHECK(kv.call("bob", "kv_get", {"colour"}).at("result") == "blue");
    CHECK(kv.call("bob", "kv_set", {"colour", "green"}).at("result") == 2);
    kv.wait_for_height("alice", *alice, 2);
    CHECK(kv.call("alice", "kv_get", {"colour"}).at("result") == "green");
    CHECK(kv.call("alice", "kv_height").at("result") == 2);
    CHECK(kv.call("alice", "kv_get", {"shape"}).at("result").is_null());

    // Carol is told of Alice alone and finds Bob.
    auto carol = kv.start("carol", {target});
    kv.links_when("carol", *carol, 2);
    kv.wait_for_height("carol", *carol, 2);
    CHECK(kv.call("carol", "kv_get", {"colour"}).at("result") == "green");

    CHECK(kv.call("alice", "kv_get").at_pointer("/error/message") ==
          "params[0]: expected a key, got nothing");
    CHECK(kv.call("alice", "kv_set", {"k", std::string(2000, 'v')}).at_pointer("/error/code") ==
          -32000);
    for (auto* node : {&carol, &bob, &alice}) end(**node);
}

TEST_CASE("examples: the commands of parley work on the folder of a kv node") {
    Kv kv;
    auto alice = kv.start("alice");
    auto bob = kv.start("bob", {kv.target("alice")});
    kv.links_when("alice", *alice, 1);
    const auto folder = kv.folder("alice");
    const auto bob_id = std::string{kv.status("bob", *bob).at("id").as_string()};

    const auto status = kv.ok({"status", folder});
    CHECK(contains(status, "Network       4711\n"));
    CHECK(contains(status, "1 inbound of 40"));
    CHECK_FALSE(contains(status, "Pool"));
    const auto peers = json::parse(kv.ok({"peers", folder, "--json"}));
    REQUIRE(peers.as_array().size() == 1);
    CHECK(peers.at(0).at("id") == json::value(bob_id));
    CHECK(contains(kv.ok({"peers", folder}), bob_id.substr(0, 8)));
    // The book is read from the disk, where it comes about once a second.
    kv.status_when("alice", *alice, [&](const json::value&) {
        return contains(kv.ok({"book", "list", folder}), bob_id.substr(0, 8));
    });
    kv.ok({"dht", "table", folder});
    CHECK(contains(kv.ok({"doctor", folder}), "in use by the running node"));
    CHECK(contains(kv.run({"allow", "list", folder}).err, "open to everybody"));

    CHECK(contains(kv.ok({"peers", "ban", folder, bob_id}),
                   bob_id.substr(0, 12) + " is banned until "));
    kv.links_when("alice", *alice, 0);
    CHECK(kv.ok({"peers", "unban", folder, bob_id}) ==
          bob_id.substr(0, 12) + " is banned no more\n");
    end(*bob);
    end(*alice);
}

TEST_CASE("examples: simulated kv nodes agree after a partition, and a seed repeats its run") {
    Cli cli;
    const auto simulate = [&](const std::string& seed) {
        const auto out = cli.dir.file("sim-" + std::to_string(++cli.runs));
        Program sim{{programs + "kv_sim", seed}, out, out + ".err"};
        CHECK(sim.wait(4 * patience) == 0);
        auto text = read_file(out);
        CHECK_MESSAGE(contains(text, "healed, all agree; height 200"), text);
        return text;
    };
    const auto first = simulate("1");
    CHECK(simulate("1") == first);
    CHECK(simulate("2") != first);
}
