#include <parley/runtime/stall_watch.hpp>

#include <parley/events/test_log.hpp>
#include <parley/runtime/clock.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::runtime;
using Lines = std::vector<std::string>;

TEST_CASE("a node that is stuck is named once, with what it is at, and when it goes on") {
    TestLog log{LogLevel::info};
    transport::NodeTurn turn;
    Watchdog watchdog{1h, log};
    StallReport report{turn, watchdog, log};
    const Instant start = monotonic_now();

    report.look(start);
    turn.begin(start);
    turn.go_on_with("a request of RPC");
    report.look(start + StallReport::patience - 1ns);
    CHECK(log.take().empty());
    report.look(start + StallReport::patience);
    report.look(start + 2 * StallReport::patience);
    CHECK(log.take() ==
          Lines{"error the node is stuck seconds=10 in=a request of RPC module=none"});
    turn.end();
    report.look(start + 3 * StallReport::patience);
    report.look(start + 4 * StallReport::patience);
    CHECK(log.take() == Lines{"info the node goes on"});

    turn.begin(start);
    turn.go_on_with("links");
    watchdog.enter("blocks", "handle");
    watchdog.enter("blocks", "on_closed");  // a call inside a call is part of it
    report.look(start + 1min);
    CHECK(log.take() == Lines{"error the node is stuck seconds=60 in=handle module=blocks"});
    watchdog.leave();
    watchdog.leave();
}

TEST_CASE("a call that takes too long is named when it returns") {
    TestLog log{LogLevel::info};
    Watchdog watchdog{Duration{-1}, log};  // whatever it takes
    watchdog.enter("blocks", "on_timer");
    watchdog.leave();
    const auto lines = log.take();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("warn module blocks the node topic=blocks call=on_timer ms="));
}
