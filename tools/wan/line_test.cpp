#include "line.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace parley;
using namespace parley::wan;

namespace {

constexpr Instant start{1h};

Line line_with(const std::vector<std::string_view>& changes) {
    LineSettings settings;
    for (const auto words : changes) REQUIRE(change(settings, words));
    return Line{settings, Rng{1}};
}

}  // namespace

TEST_CASE("a perfect line passes at once; one with a delay after it") {
    auto perfect = line_with({});
    CHECK(perfect.enter(start, 1500) == start);
    auto far = line_with({"delay 30ms"});
    CHECK(far.enter(start, 1500) == start + 30ms);
    CHECK(far.enter(start + 1ms, 100) == start + 31ms);
}

TEST_CASE("a rate spaces packets, and what does not fit the queue is dropped") {
    auto line = line_with({"rate 1mbit", "queue 3000", "delay 10ms"});
    // 1,250 bytes take 10 ms at 1 Mbit/s.
    CHECK(line.enter(start, 1250) == start + 20ms);
    CHECK(line.enter(start, 1250) == start + 30ms);
    CHECK_FALSE(line.enter(start, 1250));
    CHECK(line.counts().overflown == 1);
    CHECK(line.enter(start + 10ms, 1250) == start + 40ms);
    // After a rest there is no credit for the time that was not used.
    CHECK(line.enter(start + 1s, 1250) == start + 1s + 20ms);
}

TEST_CASE("a packet larger than the queue passes when nothing waits") {
    auto line = line_with({"rate 1mbit", "queue 1k"});
    CHECK(line.enter(start, 9000) == start + 72ms);
    CHECK_FALSE(line.enter(start, 100));
    CHECK(line.enter(start + 72ms, 9000));
}

TEST_CASE("loss and reordering happen in about the share that was set") {
    auto line = line_with({"loss 5%", "reorder 10%", "delay 100ms"});
    int early = 0;
    int lost = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto out = line.enter(start, 100);
        if (!out) {
            ++lost;
        } else if (*out == start) {
            ++early;
        }
    }
    CHECK(lost > 400);
    CHECK(lost < 600);
    CHECK(early > 800);
    CHECK(early < 1100);
    CHECK(line.counts().lost == static_cast<std::uint64_t>(lost));
    CHECK(line.counts().reordered == static_cast<std::uint64_t>(early));
}

TEST_CASE("a line that is down swallows everything until it is up") {
    auto line = line_with({});
    auto settings = line.settings();
    REQUIRE(change(settings, "down"));
    line.set(settings);
    CHECK_FALSE(line.enter(start, 100));
    CHECK(line.counts().cut == 1);
    REQUIRE(change(settings, "up"));
    line.set(settings);
    CHECK(line.enter(start, 100) == start);
}

TEST_CASE("settings are read with their units, and errors say what was expected") {
    LineSettings s;
    CHECK(change(s, "delay 1.5s"));
    CHECK(s.delay == 1500ms);
    CHECK(change(s, "rate 2.5gbit"));
    CHECK(s.bits_per_second == 2'500'000'000);
    CHECK(change(s, "queue 64k"));
    CHECK(s.queue_bytes == 65536);
    CHECK(change(s, "loss 0.5%"));
    CHECK(s.loss == doctest::Approx(0.005));
    CHECK(change(s, "clear"));
    CHECK(s == LineSettings{});

    const auto error = [](std::string_view words) {
        LineSettings settings;
        const auto result = change(settings, words);
        return result ? std::string{"fine"} : result.error();
    };
    CHECK(error("delay 61s") == "expected a delay up to 60s such as 100ms, got \"61s\"");
    CHECK(error("delay") == "expected a delay up to 60s such as 100ms, got \"\"");
    CHECK(error("rate 1") == "expected a rate such as 1mbit, or 0bit for no limit, got \"1\"");
    CHECK(error("rate -1mbit") ==
          "expected a rate such as 1mbit, or 0bit for no limit, got \"-1mbit\"");
    CHECK(error("queue 1g") == "expected a number of bytes such as 64k, got \"1g\"");
    CHECK(error("loss 101%") == "expected a share from 0% to 100%, got \"101%\"");
    CHECK(error("loss nan%") == "expected a share from 0% to 100%, got \"nan%\"");
    CHECK(error("up now") ==
          "expected down, up, clear, delay, rate, queue, loss or reorder, got \"up now\"");
}
