#include <parley/runtime/io/poller.hpp>

#include <parley/runtime/clock.hpp>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace parley;
using namespace parley::runtime;

namespace {

/// Two ends of a stream.
struct Pair {
    Pair() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) ==
                0);
        here = UniqueFd{ends[0]};
        there = UniqueFd{ends[1]};
    }
    void say(const std::string& text) const {
        REQUIRE(::write(there.get(), text.data(), text.size()) ==
                static_cast<ssize_t>(text.size()));
    }
    std::string read(std::size_t size) const {
        std::string text(size, ' ');
        const auto got = ::read(here.get(), text.data(), text.size());
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    UniqueFd here, there;
};

struct Notes final : Poller::Watcher {
    void on_ready(Poller::Ready ready) override {
        last = ready;
        ++times;
        if (also) also();
    }
    Poller::Ready last{};
    int times = 0;
    std::function<void()> also;
};

constexpr Duration patience = 60s;

}  // namespace

TEST_CASE("poller: a watcher hears once of what a socket became ready for") {
    Poller poller;
    const Pair pair;
    Notes notes;
    REQUIRE(poller.add(pair.here.get(), notes));
    poller.poll();
    CHECK(notes.times == 1);  // of what it is ready for already
    CHECK(notes.last.writable);
    CHECK_FALSE(notes.last.readable);
    poller.poll();
    CHECK(notes.times == 1);
    pair.say("one two");
    poller.wait(never);
    CHECK(notes.times == 2);
    CHECK(notes.last.readable);
    CHECK(pair.read(3) == "one");
    poller.poll();
    CHECK(notes.times == 2);  // who leaves something unread remembers it
    pair.say(" three");
    poller.wait(never);
    CHECK(notes.times == 3);
    CHECK(pair.read(99) == " two three");
    CHECK_FALSE(notes.last.ended);
    poller.remove(pair.here.get(), notes);
}

TEST_CASE("poller: an end that came with the last bytes is told with them") {
    Poller poller;
    Pair pair;
    Notes notes;
    REQUIRE(poller.add(pair.here.get(), notes));
    pair.say("bye");
    pair.there = {};
    poller.wait(never);
    CHECK(notes.last.readable);
    CHECK(notes.last.ended);
    CHECK(pair.read(99) == "bye");
    poller.remove(pair.here.get(), notes);
}

TEST_CASE("poller: who is removed hears nothing, not even what was seen in the same wait") {
    Poller poller;
    const std::array<Pair, 2> pairs;
    std::array<Notes, 2> notes;
    for (std::size_t i = 0; i < 2; ++i) {
        REQUIRE(poller.add(pairs[i].here.get(), notes[i]));
        notes[i].also = [&, other = 1 - i] {
            poller.remove(pairs[other].here.get(), notes[other]);
        };
    }
    poller.poll();
    CHECK(notes[0].times + notes[1].times == 1);
}

TEST_CASE("poller: a wait ends by its deadline, by other threads, and not before") {
    Poller poller;
    const Instant begun = monotonic_now();
    poller.wait(begun + 5ms);
    CHECK(monotonic_now() >= begun + 5ms);

    std::vector<std::string> calls;
    std::thread other{[&] {
        poller.post([&] {
            calls.emplace_back("first");
            poller.post([&] { calls.emplace_back("third"); });
        });
        poller.post([&] { calls.emplace_back("second"); });
    }};
    other.join();
    const Instant end = monotonic_now() + patience;
    while (calls.size() < 3 && monotonic_now() < end) poller.wait(end);
    CHECK(calls == std::vector<std::string>{"first", "second", "third"});

    for (int i = 0; i < 3; ++i) {
        poller.wake();  // one that comes before the wait counts
        poller.wait(never);
    }
}
