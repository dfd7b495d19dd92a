// The example `chat` as real programs on loopback.
#include "cli.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

/// A chat, and the pipe that is its standard input.
class Chat {
public:
    Chat(const runtime::TestDir& dir, const std::string& name,
         std::vector<std::string> targets = {})
        : out_(dir.file(name + ".out")) {
        const auto pipe = dir.file(name + ".in");
        REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
        // For reading as well: so this open, and the program's, need not wait for the other.
        input_ = runtime::UniqueFd{::open(pipe.c_str(), O_RDWR | O_CLOEXEC)};
        REQUIRE(input_);
        targets.insert(targets.begin(), std::string{PARLEY_BINARY_DIR} + "/bin/chat");
        program_ = std::make_unique<Program>(targets, out_, dir.file(name + ".err"), pipe);
    }

    void say(const std::string& line) {
        REQUIRE(::write(input_.get(), line.data(), line.size()) ==
                static_cast<ssize_t>(line.size()));
    }
    /// The end of its input is the end of the chat.
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

}  // namespace

TEST_CASE("examples: one joins a chat, says something, and leaves") {
    const runtime::TestDir dir;
    Chat alice{dir, "alice"};
    const std::string greeting = "others join with: chat ";
    auto target = alice.output_with("\n").substr(greeting.size());
    target.pop_back();

    Chat bob{dir, "bob", {target}};
    alice.output_with(" is here\n");
    bob.output_with(" is here\n");
    bob.say("good morning\n");
    alice.output_with(": good morning\n");
    alice.say("and to you\n");
    bob.output_with(": and to you\n");

    CHECK(bob.end() == 0);
    alice.output_with(" left: ");
    CHECK(alice.end() == 0);
}
