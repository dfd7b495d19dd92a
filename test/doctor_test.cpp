// `parley doctor` on folders of nodes that run and that do not.
#include "cli.hpp"
#include <parley/runtime/io/datagram_socket.hpp>
#include <parley/runtime/io/listen.hpp>

#include <algorithm>
#include <filesystem>
#include <map>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

struct Examined {
    int exit_code = -1;
    std::map<std::string, std::string> grades;
    std::string out;
    bool any_failed() const {
        return std::ranges::any_of(grades, [](const auto& g) { return g.second == "fail"; });
    }
};

Examined read_checks(const Output& result) {
    Examined examined{result.exit_code, {}, result.out};
    const auto checks = json::parse(result.out);
    for (const auto& check : checks.as_array()) {
        examined.grades[std::string{check.at("check").as_string()}] =
            std::string{check.at("grade").as_string()};
    }
    return examined;
}

Examined examine(Cli& cli, const std::string& name) {
    return read_checks(cli.run({"doctor", cli.folder(name), "--json"}));
}

/// What the running node finds by itself.
Examined ask_findings(Cli& cli, const std::string& name) {
    return read_checks(cli.run({"rpc", cli.folder(name), "parley_findings"}));
}

}  // namespace

TEST_CASE("doctor: a node that could run, one that runs, and one that waits for another") {
    Cli cli;
    const auto id = cli.init("alice");
    auto examined = examine(cli, "alice");
    CHECK_MESSAGE(examined.exit_code == (examined.any_failed() ? 1 : 0), examined.out);
    // Not the disk, the clock and the limits: those are the machine's that the test runs on.
    for (const auto* check : {"settings", "key", "p2p.listen", "p2p.listen (UDP)", "rpc.http",
                              "store", "address", "links", "dht"}) {
        CHECK_MESSAGE(examined.grades[check] == "ok", examined.out);
    }
    CHECK(examined.grades["boot node"] == "warn");
    auto alice = cli.start("alice");
    const auto endpoint = std::string{cli.status("alice", *alice).at("endpoint").as_string()};
    examined = examine(cli, "alice");
    CHECK_MESSAGE(examined.exit_code == (examined.any_failed() ? 1 : 0), examined.out);
    CHECK(examined.grades["store"] == "ok");
    CHECK(examined.grades["p2p.listen (UDP)"] == "ok");
    CHECK(examined.grades["links"] == "warn");
    CHECK(examined.grades["dht"] == "warn");  // nobody there yet
    cli.init("bob", {"--boot", id + "@" + endpoint});
    CHECK(examine(cli, "bob").grades["boot node"] == "ok");
    auto bob = cli.start("bob");
    cli.status_when("bob", *bob, [](const auto& s) { return at(s, "/dht/checked") == 1; });
    examined = examine(cli, "bob");
    CHECK_MESSAGE(examined.grades["dht"] == "ok", examined.out);
    auto found = ask_findings(cli, "bob");
    CHECK(found.grades.erase("boot node") == 0);  // others are not asked
    examined.grades.erase("boot node");
    CHECK_MESSAGE(found.grades == examined.grades, found.out);
    CHECK(cli.run({"status", cli.folder("bob")})
              .out.find("DHT           1 nodes in the table, 1 of them checked\n") !=
          std::string::npos);
    end(*bob);
    end(*alice);
    CHECK(examine(cli, "bob").grades["boot node"] == "warn");
}

TEST_CASE("doctor: what keeps a node from running is a failure, and the exit status says so") {
    Cli cli;
    const auto taken = runtime::listen_tcp(*Endpoint::parse("127.0.0.1:0"), 1);
    REQUIRE(taken);
    const auto endpoint = runtime::local_endpoint(taken->get());
    const auto taken_udp = runtime::DatagramSocket::bind(endpoint);
    REQUIRE(taken_udp);
    cli.init("alice", {"--listen", endpoint.to_string()});
    const auto folder = cli.folder("alice");
    ::chmod((folder + "/node.key").c_str(), 0644);
    std::filesystem::remove(folder + "/store");
    const auto examined = examine(cli, "alice");
    CHECK(examined.exit_code == 1);
    for (const auto* check : {"key", "p2p.listen", "p2p.listen (UDP)", "store"}) {
        CHECK_MESSAGE(examined.grades.at(check) == "fail", examined.out);
    }
    const auto text = cli.run({"doctor", folder});
    CHECK(text.exit_code == 1);
    CHECK(text.out.find("; chmod 600 " + folder + "/node.key\n") != std::string::npos);
    write_file(folder + "/parley.toml", "[p2p]\nspeed = 3\n");
    const auto unread = cli.run({"doctor", folder});
    CHECK(unread.exit_code == 1);
    CHECK(unread.out.starts_with("fail  settings  " + folder +
                                 "/parley.toml:2: unknown setting \"p2p.speed\"; "));
}
