#include <parley/runtime/log_sums.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::runtime;

namespace {

constexpr Instant start{1h};

struct Lines {
    LogSums sums;
    int written = 0;

    void write(Instant now, LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields = {}) {
        if (sums.admit(now, level, "switch", event, fields)) ++written;
    }
};

}  // namespace

TEST_CASE("lines that come too often are counted, and the count is told") {
    Lines lines;
    for (int i = 0; i < 219 * 60; ++i) {
        lines.write(start + i * Duration{1s} / 219, LogLevel::info, "peer up",
                    {{"direction", "inbound"}});
    }
    CHECK(lines.written >= 200);
    CHECK(lines.written <= 262);
    CHECK(lines.sums.take_due(start + 59s).empty());
    const auto due = lines.sums.next_due();
    CHECK(due > start + 60s);
    CHECK(due <= start + 62s);
    const auto sums = lines.sums.take_due(due);
    REQUIRE(sums.size() == 1);
    CHECK(sums[0].kind.event == "peer up");
    CHECK(sums[0].kind.direction == "inbound");
    CHECK(sums[0].lines + static_cast<unsigned>(lines.written) == 219 * 60);
    CHECK(sums[0].time == 60s);
    CHECK(lines.sums.next_due() == never);
    CHECK(lines.sums.take_due(start + 1h).empty());
    for (int i = 0; i < 300; ++i) lines.write(start + 1h, LogLevel::info, "peer up");
    const auto at_the_end = lines.sums.take_all(start + 1h + 5s);  // of the log
    REQUIRE(at_the_end.size() == 1);
    CHECK(at_the_end[0].time == 5s);
}

TEST_CASE("a flood of one kind of line hides no other one") {
    Lines lines;
    const auto flood = [&] {
        for (int i = 0; i < 1000; ++i) {
            lines.write(start, LogLevel::info, "peer up",
                        {{"class", "ordinary"}, {"direction", "inbound"}});
        }
    };
    flood();
    lines.written = 0;
    flood();
    CHECK(lines.written == 0);
    lines.write(start, LogLevel::info, "peer up", {{"class", "static"}, {"direction", "outbound"}});
    lines.write(start, LogLevel::info, "peer down");
    lines.write(start, LogLevel::warn, "peer up");
    CHECK(lines.written == 3);
    // Errors, and what is asked for beyond info, are written whatever comes.
    for (int i = 0; i < 1000; ++i) {
        lines.write(start, LogLevel::error, "peer up");
        lines.write(start, LogLevel::debug, "peer up");
    }
    CHECK(lines.written == 2003);
}

TEST_CASE("of many targets that fail at once each is named") {
    Lines lines;
    const auto fail = [&](int i) {
        const auto target = "02c6@node-" + std::to_string(i) + ":30303";
        lines.write(start, LogLevel::warn, "no link to a target", {{"target", target}});
    };
    for (int i = 0; i < 1024; ++i) fail(i);
    CHECK(lines.written == 1024);
    for (int i = 0; i < 300; ++i) fail(0);
    CHECK(lines.written == 1024 + 199);
    const auto sums = lines.sums.take_all(start);
    REQUIRE(sums.size() == 1);
    CHECK(sums[0].kind.target == "02c6@node-0:30303");
}

TEST_CASE("more kinds of lines than are remembered are written each") {
    Lines lines;
    for (std::size_t i = 0; i < LogSums::kinds_max + 10; ++i) {
        lines.write(start, LogLevel::info, "event " + std::to_string(i));
    }
    CHECK(lines.written == LogSums::kinds_max + 10);
    for (int i = 0; i < 500; ++i) lines.write(start, LogLevel::info, "another");
    CHECK(lines.written == LogSums::kinds_max + 510);
}
