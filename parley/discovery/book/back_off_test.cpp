#include <parley/discovery/book/back_off.hpp>

#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::discovery;
using namespace parley::discovery::test;
using transport::CloseReason;

namespace {

Entry stranger() {
    Entry entry;
    entry.configured = public_endpoint(1);
    return entry;
}

Duration after_failures(Entry entry, std::uint32_t count) {
    Duration wait{};
    for (std::uint32_t i = 0; i < count; ++i) wait = BackOff{{}}.after_failure(entry);
    CHECK(entry.failures == count);
    return wait;
}

}  // namespace

TEST_CASE("failures double the wait up to the cap of their kind") {
    CHECK(after_failures(stranger(), 1) == 1s);
    CHECK(after_failures(stranger(), 4) == 8s);
    CHECK(after_failures(stranger(), 12) == 2048s);
    CHECK(after_failures(stranger(), 100) == 1h);
    Entry local;
    local.configured = loopback_endpoint(1);
    CHECK(after_failures(std::move(local), 100) == 30s);
    Entry pinned = stranger();
    pinned.pin = Pin::boot;
    CHECK(after_failures(std::move(pinned), 100) == 10s);
}

TEST_CASE("a link that lasted clears the failures, a short one is one more") {
    const BackOff back_off{{}};
    Entry entry = stranger();
    entry.failures = 3;
    CHECK(back_off.after_link(entry, CloseReason::silent, 29s) == 8s);
    CHECK(entry.failures == 4);
    CHECK(back_off.after_link(entry, CloseReason::silent, 30s) == 1s);
    CHECK(entry.failures == 0);
}

TEST_CASE("an end without fault and one for good have waits of their own, and are no failures") {
    const BackOff back_off{{}};
    Entry entry = stranger();
    CHECK(back_off.after_link(entry, CloseReason::too_many_peers, 1s) == 5s);
    CHECK(back_off.after_link(entry, CloseReason::wrong_network, 1s) == 30min);
    CHECK(entry.failures == 0);
    entry.pin = Pin::static_peer;  // six times its cap
    CHECK(back_off.after_link(entry, CloseReason::wrong_network, 1s) == 1min);
}

TEST_CASE("each turning away in a row doubles the wait") {
    const BackOff back_off{{}};
    Entry entry = stranger();
    entry.failures = 7;
    CHECK(back_off.after_turning_away(entry, CloseReason::too_many_peers) == 5s);
    CHECK(back_off.after_turning_away(entry, CloseReason::too_many_peers) == 10s);
    CHECK(entry.failures == 0);
    CHECK(entry.turned_away == 2);
    for (int i = 0; i < 10; ++i) (void)back_off.after_turning_away(entry, CloseReason::no_memory);
    CHECK(back_off.after_turning_away(entry, CloseReason::no_memory) == 2min);
    CHECK(back_off.after_turning_away(entry, CloseReason::incompatible_fork) == 30min);
    CHECK(entry.turned_away == 13);
}
