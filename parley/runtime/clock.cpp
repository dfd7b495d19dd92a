#include <parley/runtime/clock.hpp>

#include <parley/runtime/wall_clock.hpp>

#include <time.h>

#include <chrono>

namespace parley::runtime {

namespace {

using std::chrono::milliseconds;

milliseconds since_boot() {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return milliseconds{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
}

WallClock& wall_clock() {
    static WallClock clock{since_boot(), system_time()};
    return clock;
}

}  // namespace

Instant monotonic_now() {
    return Instant{
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

UnixTime system_time() {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return UnixTime{std::chrono::duration_cast<milliseconds>(wall)};
}

Now now() {
    // Two of the three clocks are read once a millisecond, which is as fine as what they say.
    thread_local Instant read_at{};
    thread_local UnixTime wall{};
    const Instant instant = monotonic_now();
    if (instant - read_at >= 1ms) {
        read_at = instant;
        wall = wall_clock().read(since_boot(), system_time());
    }
    return {instant, wall};
}

milliseconds wall_clock_jump() {
    return wall_clock().jump();
}

}  // namespace parley::runtime
