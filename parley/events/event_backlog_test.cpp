#include <parley/events/event_backlog.hpp>

#include <doctest/doctest.h>

#include <optional>

using namespace parley;

TEST_CASE("a subscriber that takes its events in time misses none") {
    Hub hub;
    EventBacklog<int> backlog{hub, 3};
    for (int i = 0; i < 3; ++i) hub.publish(i);
    hub.deliver();
    const auto [missed, events] = backlog.take();
    CHECK(missed == 0);
    CHECK(events == std::vector{0, 1, 2});
    CHECK(backlog.empty());
}

TEST_CASE("a slow subscriber has the last events, and is told how many it missed") {
    Hub hub;
    EventBacklog<int> backlog{hub, 2};
    for (int i = 0; i < 5; ++i) hub.publish(i);
    hub.deliver();
    auto taken = backlog.take();
    CHECK(taken.missed == 3);
    CHECK(taken.events == std::vector{3, 4});
    hub.publish(5);
    hub.deliver();
    taken = backlog.take();
    CHECK(taken.missed == 0);
    CHECK(taken.events == std::vector{5});
}

TEST_CASE("a subscriber that is gone is not called") {
    Hub hub;
    std::optional<EventBacklog<int>> backlog;
    backlog.emplace(hub, 1);
    hub.publish(1);
    backlog.reset();
    CHECK(hub.deliver() == 1);
}
