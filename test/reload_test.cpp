// SIGHUP, as a user sees it: what parley.toml says takes effect on a running node.
#include "cli.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

using namespace parley;
using namespace parley::testing;

namespace {

struct Reloads : Cli {
    /// Replaces a line of alice's settings.
    void set(const std::string& from, const std::string& to) const {
        const auto path = folder("alice") + "/parley.toml";
        auto text = read_file(path);
        const auto line = text.find("\n" + from + "\n");
        REQUIRE_MESSAGE(line != std::string::npos, text);
        write_file(path, text.replace(line + 1, from.size(), to));
    }
    /// Her log, once it has that text.
    std::string log_with(const std::string& text) const {
        const auto end = std::chrono::steady_clock::now() + patience;
        for (;;) {
            auto log = read_file(log_of("alice"));
            if (log.find(text) != std::string::npos) return log;
            REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, log);
            std::this_thread::yield();
        }
    }
};

std::string list_of(const std::string& id) {
    return "allow = [\"" + id + "\"]";
}

}  // namespace

TEST_CASE("reload: an allow-list closes an open network, and is no change of the owner's") {
    Reloads net;
    net.init("alice");
    const auto bob_id = net.init("bob");
    const auto carol_id = net.init("carol");
    auto alice = net.start("alice");
    net.status("alice", *alice);
    const auto target = net.target("alice");
    net.init("dave", {"--static", target});
    auto dave = net.start("dave");
    net.links_when("alice", *alice, 1);
    net.set("allow = []", list_of(bob_id));
    alice->signal(SIGHUP);
    net.links_when("alice", *alice, 0);
    net.log_with("settings reloaded taken=permissions.allow need_restart=\"\"");
    CHECK(net.ok({"allow", "list", net.folder("alice")}) == bob_id + "\n");
    end(*alice);

    net.set(list_of(bob_id), list_of(carol_id));
    alice = net.start("alice");
    net.status("alice", *alice);
    CHECK(net.ok({"allow", "list", net.folder("alice")}) == carol_id + "\n");
    end(*alice);
    end(*dave);
}

TEST_CASE("reload: a new static peer is dialed") {
    Reloads net;
    net.init("alice");
    net.init("bob");
    auto bob = net.start("bob");
    net.status("bob", *bob);
    auto alice = net.start("alice");
    net.status("alice", *alice);
    net.set("static_peers = []", "static_peers = [\"" + net.target("bob") + "\"]");
    alice->signal(SIGHUP);
    net.links_when("alice", *alice, 1);
    end(*alice);
    end(*bob);
}

TEST_CASE("reload: the command line's level stands, and the log says so") {
    Reloads net;
    net.init("alice");
    auto alice = net.start("alice", {"--log-level", "info"});
    net.status("alice", *alice);
    net.set("level = \"info\"", "level = \"off\"");
    alice->signal(SIGHUP);
    const auto log = net.log_with("settings reloaded taken=\"\" need_restart=\"\"");
    CHECK(log.find("a setting was not taken setting=log.level why=\"the command line gives another "
                   "one\"") != std::string::npos);
    end(*alice);
}

TEST_CASE("reload: limits of RPC and of the log count at once") {
    Reloads net;
    net.init("alice");
    net.set("file = \"\"", "file = \"own.log\"");
    auto alice = net.start("alice");
    net.status("alice", *alice);
    const auto old_log = net.folder("alice") + "/own.log.1";
    CHECK_FALSE(std::filesystem::exists(old_log));
    net.set("bytes_max = 0", "bytes_max = 1");
    net.set("body_bytes_max = 1048576", "body_bytes_max = 1024");
    alice->signal(SIGHUP);
    const auto end_at = std::chrono::steady_clock::now() + patience;
    while (!std::filesystem::exists(old_log)) {
        REQUIRE(std::chrono::steady_clock::now() < end_at);
        alice->signal(SIGHUP);  // a line, after which the file is above its limit
        std::this_thread::yield();
    }
    const auto asked = net.run(
        {"rpc", net.folder("alice"), "web3_clientVersion", "\"" + std::string(2000, 'x') + "\""});
    CHECK(asked.exit_code != 0);
    CHECK_MESSAGE(asked.err.find("413") != std::string::npos, asked.err);
    end(*alice);
}
