// The process in its surroundings: descriptors that are closed, signals, a log that is rotated.
#include "cli.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
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

TEST_CASE("surroundings: any of 0 to 2 may be closed, for every command") {
    Cli cli;
    cli.init("alice");
    auto alice = cli.start("alice");
    cli.status("alice", *alice);
    const auto folder = cli.folder("alice");
    // What a command writes has the next number that is free.
    const auto written = cli.dir.file("written");
    const std::vector<std::string> commands{"status " + folder,
                                            "peers " + folder,
                                            "book export " + folder + " " + written,
                                            "sim --nodes 2 --minutes 0.1 --report " + written,
                                            "rpc " + folder + " parley_status",
                                            "invite create " + folder + " --for anyone",
                                            "no-such-command"};
    const auto result = [&](const std::string& command, const std::string& closed) {
        std::filesystem::remove_all(written);
        const auto code = cli.run_shell(binary + " " + command + " " + closed).exit_code;
        return std::pair{code, read_file(written).substr(0, 40)};
    };
    for (const auto& command : commands) {
        CAPTURE(command);
        const auto usual = result(command, "");
        for (const std::string closed : {"<&-", ">&-", "2>&-", "<&- >&- 2>&-"}) {
            CAPTURE(closed);
            CHECK(result(command, closed) == usual);
        }
    }
    end(*alice);
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

namespace {

/// A terminal; closed when it goes.
struct Terminal {
    Terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        REQUIRE(master);
        REQUIRE(::grantpt(master.get()) == 0);
        REQUIRE(::unlockpt(master.get()) == 0);
    }
    std::string name() const { return ::ptsname(master.get()); }  // NOLINT(concurrency-mt-unsafe)
    /// A line of the shell, in a session that this terminal controls.
    std::unique_ptr<Program> run(const Cli& cli, const std::string& line) const {
        return std::make_unique<Program>(
            std::vector<std::string>{"/usr/bin/setsid", "--ctty", "/bin/sh", "-c", line},
            cli.log_of("alice") + ".out", cli.log_of("alice"), name());
    }

    runtime::UniqueFd master;
};

}  // namespace

TEST_CASE("surroundings: a terminal that closes ends the node, wherever its input comes from") {
    Cli cli;
    cli.init("alice");
    const auto node_of = "exec " + binary + " run " + cli.folder("alice");
    for (const std::string input : {"", " </dev/null"}) {
        CAPTURE(input);
        Terminal terminal;
        const auto node = terminal.run(cli, node_of + input);
        cli.status("alice", *node);
        node->signal(SIGHUP);  // the owner's, while the terminal is there
        wait_for(cli.log_of("alice"), "settings reloaded");
        terminal.master = {};
        CHECK(node->wait(patience) == 0);
    }
}

TEST_CASE("surroundings: a node under nohup outlives its terminal") {
    Cli cli;
    cli.init("alice");
    Terminal terminal;
    const auto node =
        terminal.run(cli, "exec nohup " + binary + " run " + cli.folder("alice") + " </dev/null");
    cli.status("alice", *node);
    terminal.master = {};
    wait_for(cli.log_of("alice"), "settings reloaded");
    cli.status("alice", *node);
    end(*node);
}

TEST_CASE("surroundings: ~/.parley is the folder where none is named") {
    Cli cli;
    const auto home = cli.dir.file("home");
    std::filesystem::create_directory(home);
    const auto run = [&](const std::string& words) {
        return cli.run_shell("unset PARLEY_DIR; HOME=" + home + " exec " + binary + " " + words);
    };
    CHECK(run("init --private").exit_code == 0);
    CHECK(std::filesystem::exists(home + "/.parley/parley.toml"));
    CHECK(run("key show").exit_code == 0);
    CHECK(contains(run("status").err, home + "/.parley"));
}

TEST_CASE("surroundings: the status says that nobody answers") {
    Cli cli;
    std::vector<std::string> dead;
    for (int i = 0; i < 8; ++i) {
        dead.insert(dead.end(), {"--boot", cli.init("dead-" + std::to_string(i)) + "@127.0.0.1:1"});
    }
    cli.init("alice", dead);
    auto alice = cli.start("alice");
    cli.status_when("alice", *alice, [](const boost::json::value& status) {
        return status.at("offline").as_bool();
    });
    CHECK(contains(cli.ok({"status", cli.folder("alice")}), "Offline"));
    end(*alice);
}
