#include <parley/sim/world/clock.hpp>

#include <parley/base/rng.hpp>

#include <doctest/doctest.h>

#include <array>

using namespace parley;
using namespace parley::sim;

namespace {

constexpr UnixTime start{1'700'000'000'000ms};
constexpr std::array drifts{-500'000, -500, -37, -1, 0, 1, 37, 500, 500'000};

constexpr Instant at(Duration since_origin) {
    return Instant{since_origin};
}

}  // namespace

TEST_CASE("without drift both lines follow the world") {
    const HostClock clock{start};
    CHECK(clock.at(at(0ns)).instant == at(0ns));
    CHECK(clock.at(at(0ns)).unix_time == start);
    CHECK(clock.at(at(1'999'999ns)).instant == at(1'999'999ns));
    CHECK(clock.at(at(1'999'999ns)).unix_time == start + 1ms);
    CHECK(clock.world_time_of(at(1'999'999ns)) == at(1'999'999ns));
}

TEST_CASE("drift moves both lines, exactly") {
    const HostClock fast{start, 250ms, 100};
    CHECK(fast.at(at(1s)).instant == at(1'000'100'000ns));
    CHECK(fast.at(at(24h)).instant == at(24h + 8'640ms));
    CHECK(fast.at(at(24h)).unix_time == start + 24h + 8'640ms + 250ms);
    CHECK(fast.world_time_of(at(24h + 8'640ms)) == at(24h));

    const HostClock slow{start, -3s, -500};
    CHECK(slow.at(at(1h)).instant == at(1h - 1'800ms));
    CHECK(slow.at(at(1h)).unix_time == start + 1h - 1'800ms - 3s);
    // 1 ns is 0.9995 ns here, hence 0: time is rounded down, and the way back up.
    CHECK(slow.at(at(1ns)).instant == at(0ns));
    CHECK(slow.world_time_of(at(1ns)) == at(2ns));
    // A hundred years fit.
    CHECK(slow.at(at(876'000h)).instant == at(876'000h - 438h));
    CHECK(slow.world_time_of(at(876'000h - 438h)) == at(876'000h));
}

TEST_CASE("a timer never fires early, nor a nanosecond later than it must") {
    Rng rng{1};
    for (const auto drift : drifts) {
        CAPTURE(drift);
        HostClock clock{start, 0ms, drift};
        for (int change = 0; change < 3; ++change) {
            const Instant since = at(change * 1'234'567'891ns);
            clock.set_drift(since, change == 1 ? -drift : drift);
            const Instant local_since = clock.at(since).instant;
            for (unsigned bits = 0; bits < 60; ++bits) {
                const Duration ahead{static_cast<std::int64_t>(rng.below(2ULL << bits))};
                const Instant local = local_since + ahead;
                const Instant world = clock.world_time_of(local);
                REQUIRE(world >= since);
                REQUIRE(clock.at(world).instant >= local);
                if (world > since) REQUIRE(clock.at(world - 1ns).instant < local);
                // And from the world's side: back to the first instant that looks the same.
                const Instant back = clock.world_time_of(clock.at(since + ahead).instant);
                REQUIRE(back <= since + ahead);
                REQUIRE(clock.at(back).instant == clock.at(since + ahead).instant);
            }
        }
    }
}

TEST_CASE("never stays never, and so does what the world's line cannot hold") {
    for (const auto drift : drifts) {
        const HostClock clock{start, 0ms, drift};
        CHECK(clock.world_time_of(never) == never);
        CHECK(clock.world_time_of(never - 1ns) <= never);
    }
    const HostClock half{start, 0ms, -500'000};
    CHECK(half.world_time_of(at(never.time_since_epoch() / 4 * 3)) == never);
}

TEST_CASE("what is past is due at once") {
    HostClock clock{start};
    CHECK(clock.world_time_of(Instant::min()) == at(0ns));
    clock.set_drift(at(10s), 500);
    CHECK(clock.world_time_of(at(3s)) == at(10s));
}

TEST_CASE("a change of drift is seamless: the monotonic line never goes back") {
    Rng rng{2};
    HostClock clock{start};
    Instant world{};
    Now last = clock.at(world);
    for (int i = 0; i < 10'000; ++i) {
        world += Duration{static_cast<std::int64_t>(rng.below(3))};
        const Now before = clock.at(world);
        REQUIRE(before.instant >= last.instant);
        clock.set_drift(world, static_cast<std::int32_t>(rng.below(1001)) - 500);
        REQUIRE(clock.at(world).instant == before.instant);
        REQUIRE(clock.at(world).unix_time == before.unix_time);
        last = before;
    }

    HostClock exact{start, 0ms, 500};
    exact.set_drift(at(1000s), -500);
    CHECK(exact.at(at(1000s)).instant == at(1000s + 500ms));
    CHECK(exact.at(at(3000s)).instant == at(3000s - 500ms));
    CHECK(exact.world_time_of(at(3000s - 500ms)) == at(3000s));
}

TEST_CASE("a step moves the unix line alone, by parts of a millisecond as well") {
    HostClock clock{start, 0ms, 100};
    clock.step(1h);
    CHECK(clock.at(at(10s)).instant == at(10s + 1ms));
    CHECK(clock.at(at(10s)).unix_time == start + 1h + 10s + 1ms);
    clock.step(-2h);
    CHECK(clock.at(at(10s)).instant == at(10s + 1ms));
    CHECK(clock.at(at(10s)).unix_time == start - 1h + 10s + 1ms);
    CHECK(clock.world_time_of(at(10s + 1ms)) == at(10s));

    HostClock fine{start};
    fine.step(-1ns);
    CHECK(fine.at(at(0ns)).unix_time == start - 1ms);  // rounded down, also below zero
    CHECK(fine.at(at(1ns)).unix_time == start);
}
