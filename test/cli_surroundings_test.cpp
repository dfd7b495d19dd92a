// The process in its surroundings: descriptors that are closed, signals, a log that is rotated.
#include "cli.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Until the file has it.
void wait_for(const std::string& file, const std::string& part) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!contains(read_file(file), part)) {
        REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, read_file(file));
        std::this_thread::yield();
    }
}

}  // namespace

TEST_CASE("surroundings: with 0 to 2 closed, nothing is written where it does not belong") {
    Cli cli;
    cli.init("alice");
    const auto script = "exec " + binary + " run " + cli.folder("alice") + " <&- >&- 2>&-";
    Program node{{"/bin/sh", "-c", script}, cli.dir.file("out"), cli.dir.file("err")};
    cli.status("alice", node);
    node.signal(SIGTERM);
    CHECK(node.wait(patience) == 0);
    auto again = cli.start("alice");  // the store is whole
    cli.status("alice", *again);
    CHECK_FALSE(contains(read_file(cli.folder("alice") + "/store"), "started"));
}

TEST_CASE("surroundings: SIGHUP reloads what can be, and USR1 and USR2 do nothing") {
    Cli cli;
    cli.init("alice");
    const auto bob = cli.init("bob");
    auto node = cli.start("alice");
    cli.status("alice", *node);
    for (const int number : {SIGUSR1, SIGUSR2}) node->signal(number);

    const auto file = cli.folder("alice") + "/parley.toml";
    auto text = read_file(file);
    const auto set = [&](const std::string& before, const std::string& after) {
        const auto at = text.find(before);
        REQUIRE_MESSAGE(at != std::string::npos, before);
        text.replace(at, before.size(), after);
    };
    set("trusted = []", "trusted = [\"" + bob + "\"]");
    set("inbound_max = 40", "inbound_max = 41");
    write_file(file, text);
    node->signal(SIGHUP);
    wait_for(cli.log_of("alice"),
             "settings reloaded taken=p2p.trusted need_restart=p2p.inbound_max");

    set("inbound_max = 41", "inbound_max = no");
    write_file(file, text);
    node->signal(SIGHUP);
    wait_for(cli.log_of("alice"), "settings are wrong: nothing was reloaded");
    set("inbound_max = no", "inbound_max = 41");
    write_file(file, text);
    cli.status("alice", *node);
    end(*node);
}
