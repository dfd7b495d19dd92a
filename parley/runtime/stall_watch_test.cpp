#include <parley/runtime/stall_watch.hpp>

#include <parley/runtime/clock.hpp>
#include <parley/runtime/test_log.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::runtime;

TEST_CASE("a node that is stuck is named once, with what it is at, and when it goes on") {
    CapturingLog log;
    transport::NodeTurn turn;
    Watchdog watchdog{1h, log};
    StallReport report{turn, watchdog, log};
    const Instant start = monotonic_now();

    report.look(start);
    turn.begin(start);
    turn.go_on_with("a request of RPC");
    report.look(start + StallReport::patience - 1ns);
    CHECK(log.take() == "");
    report.look(start + StallReport::patience);
    report.look(start + 2 * StallReport::patience);
    CHECK(log.take() == "the node is stuck seconds=10 in=a request of RPC module=none\n");
    turn.end();
    report.look(start + 3 * StallReport::patience);
    report.look(start + 4 * StallReport::patience);
    CHECK(log.take() == "the node goes on\n");

    turn.begin(start);
    turn.go_on_with("links");
    watchdog.enter("blocks", "handle");
    watchdog.enter("blocks", "on_closed");  // a call inside a call is part of it
    report.look(start + 1min);
    CHECK(log.take() == "the node is stuck seconds=60 in=handle module=blocks\n");
    watchdog.leave();
    watchdog.leave();
}

TEST_CASE("a call that takes too long is named when it returns") {
    CapturingLog log;
    Watchdog watchdog{Duration{-1}, log};  // whatever it takes
    watchdog.enter("blocks", "on_timer");
    watchdog.leave();
    CHECK(log.take().starts_with("module blocks the node topic=blocks call=on_timer ms="));
}
