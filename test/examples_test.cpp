// The examples `chat` and `indexer` as real programs on loopback.
#include "cli.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

/// An example that sends what it reads, and the pipe that is its standard input.
class Talker {
public:
    Talker(const std::string& example, const runtime::TestDir& dir, const std::string& name,
           std::vector<std::string> targets = {})
        : out_(dir.file(name + ".out")) {
        const auto pipe = dir.file(name + ".in");
        REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
        // For reading as well: so this open, and the program's, need not wait for the other.
        input_ = runtime::UniqueFd{::open(pipe.c_str(), O_RDWR | O_CLOEXEC)};
        REQUIRE(input_);
        targets.insert(targets.begin(), std::string{PARLEY_BINARY_DIR} + "/bin/" + example);
        program_ = std::make_unique<Program>(targets, out_, dir.file(name + ".err"), pipe);
    }

    void say(const std::string& line) {
        REQUIRE(::write(input_.get(), line.data(), line.size()) ==
                static_cast<ssize_t>(line.size()));
    }
    /// The target that others join with, as its first line says.
    std::string target() {
        const auto line = output_with("\n");
        const auto begin = line.rfind(' ', line.find('\n')) + 1;
        return line.substr(begin, line.find('\n') - begin);
    }
    /// The end of its input is its end.
    std::optional<int> end() {
        input_ = {};
        return program_->wait(patience);
    }
    /// What it printed, once `text` is a part of that.
    std::string output_with(const std::string& text) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < end) {
            auto out = read_file(out_);
            if (out.find(text) != std::string::npos) return out;
            REQUIRE_MESSAGE(!program_->wait(std::chrono::milliseconds{20}), "it ended: " << out);
        }
        FAIL("out of time: " << read_file(out_));
        return {};
    }

private:
    std::string out_;
    runtime::UniqueFd input_;
    std::unique_ptr<Program> program_;
};

/// Alice, and Bob who joined her.
struct Two {
    explicit Two(const std::string& example)
        : alice(example, dir, "alice"), bob(example, dir, "bob", {alice.target()}) {
        alice.output_with(" is here\n");
        bob.output_with(" is here\n");
    }
    void part() {
        CHECK(bob.end() == 0);
        alice.output_with(" left: ");
        CHECK(alice.end() == 0);
    }
    runtime::TestDir dir;
    Talker alice, bob;
};

}  // namespace

TEST_CASE("examples: one joins a chat, says something, and leaves") {
    Two chat{"chat"};
    chat.bob.say("good morning\n");
    chat.alice.output_with(": good morning\n");
    chat.alice.say("and to you\n");
    chat.bob.output_with(": and to you\n");
    chat.part();
}

TEST_CASE("examples: a chat whose output nobody reads keeps its node going") {
    const runtime::TestDir dir;
    const auto out = dir.file("alice.out");
    REQUIRE(::mkfifo(out.c_str(), 0600) == 0);
    const runtime::UniqueFd unread{::open(out.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    REQUIRE(unread);
    Talker alice{"chat", dir, "alice"};
    pollfd ready{unread.get(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 30'000) == 1);
    std::array<char, 4096> text{};
    const auto size = ::read(unread.get(), text.data(), text.size());
    REQUIRE(size > 0);
    const std::string line{text.data(), static_cast<std::size_t>(size)};
    while (::write(unread.get(), text.data(), text.size()) > 0) {  // from here on it is full
    }
    const auto begin = line.find_last_of(' ') + 1;
    Talker bob{"chat", dir, "bob", {line.substr(begin, line.find('\n') - begin)}};
    bob.output_with(" is here\n");
    alice.say("good morning\n");  // while what she would print of bob waits
    bob.output_with(": good morning\n");
}

TEST_CASE("examples: what a chat prints with its output closed goes into no socket") {
    const auto chat = std::string{PARLEY_BINARY_DIR} + "/bin/chat";
    for (const std::string closed : {">&-", "2>&-", ">&- 2>&-"}) {
        CAPTURE(closed);
        const runtime::TestDir dir;
        const auto pid = dir.file("pid");
        const auto pipe = dir.file("input");
        REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
        const runtime::UniqueFd input{::open(pipe.c_str(), O_RDWR | O_CLOEXEC)};
        Talker alice{"chat", dir, "alice"};
        const auto script =
            "echo $$ >" + pid + "; exec " + chat + " " + alice.target() + " " + closed;
        Program bob{{"/bin/sh", "-c", script}, dir.file("out"), dir.file("err"), pipe};
        alice.output_with(" is here\n");
        const auto number = read_file(pid);
        const auto link = [&](const char* fd) {
            const auto path = "/proc/" + number.substr(0, number.find('\n')) + "/fd/" + fd;
            return std::filesystem::read_symlink(path).string();
        };
        CHECK((link("1") == "/dev/null") == closed.starts_with(">&-"));
        CHECK((link("2") == "/dev/null") == closed.ends_with("2>&-"));
    }
}

TEST_CASE("examples: an indexer that sleeps takes every message in turn, and hears of the end") {
    Two indexers{"indexer"};
    indexers.bob.say("one\ntwo\nthree\n");
    indexers.alice.output_with("indexed: one\nindexed: two\nindexed: three\n");
    indexers.part();
}
