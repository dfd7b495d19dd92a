// SIGTERM ends the process within two seconds, whatever hangs in it.
#include "cli.hpp"
#include <parley/runtime/node_host.hpp>
#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

using namespace parley;
using namespace parley::testing;

namespace {

constexpr auto folder_variable = "PARLEY_TEST_FOLDER";

[[noreturn]] void hang() {
    for (;;) ::pause();
}

/// A node of which something hangs as soon as it runs, in this process.
void run_node(const std::function<void(runtime::NodeHost&, Now)>& hang_in) {
    const char* folder = std::getenv(folder_variable);
    REQUIRE_MESSAGE(folder != nullptr, "this is a part of another test");
    p2p::Config config;
    config.p2p.listen = {};
    runtime::NodeHost host{{.folder = folder, .config = config}};
    host.post([&](Now now) {
        write_file(std::string{folder} + "/runs", "");
        hang_in(host, now);
    });
    host.run();
}

/// Runs one of the test cases below in a process of its own, which gets SIGTERM; its exit code.
int code_after_sigterm(const std::string& test_case) {
    const runtime::TestDir dir;
    ::setenv(folder_variable, dir.file("node").c_str(), 1);
    Program program{
        {"/proc/self/exe", "--no-skip", "-tc=" + test_case}, dir.file("out"), dir.file("err")};
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!std::filesystem::exists(dir.file("node") + "/runs")) {
        REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, read_file(dir.file("out")));
        std::this_thread::yield();
    }
    program.signal(SIGTERM);
    const auto code = program.wait(patience);
    REQUIRE_MESSAGE(code, "it does not end");
    return *code;
}

}  // namespace

TEST_CASE("part of ending: a call on the node's thread hangs" * doctest::skip()) {
    run_node([](runtime::NodeHost&, Now) { hang(); });
}

TEST_CASE("part of ending: work on the only worker hangs" * doctest::skip()) {
    run_node([](runtime::NodeHost& host, Now) {
        REQUIRE(host.network().jobs().submit({[] { hang(); }, {}}));
    });
}

TEST_CASE("ending: a node whose thread hangs is gone all the same") {
    CHECK(code_after_sigterm("part of ending: a call on the node's thread hangs") == 128 + SIGTERM);
}

TEST_CASE("ending: a node whose store hangs is gone all the same") {
    // It ends by itself if the job is left behind in time; on a slow machine it is cut off.
    const auto code = code_after_sigterm("part of ending: work on the only worker hangs");
    CHECK((code == 0 || code == 128 + SIGTERM));
}

TEST_CASE("ending: settings that are a pipe that nobody writes hold up no signal") {
    Cli cli;
    cli.init("alice");
    auto node = cli.start("alice");
    cli.status("alice", *node);
    const auto file = cli.folder("alice") + "/parley.toml";
    REQUIRE(std::remove(file.c_str()) == 0);
    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    node->signal(SIGHUP);
    node->signal(SIGHUP);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (read_file(cli.log_of("alice")).find("settings are still being read") ==
           std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        node->signal(SIGHUP);
        std::this_thread::yield();
    }
    node->signal(SIGTERM);
    CHECK(node->wait(patience) == 0);
}
