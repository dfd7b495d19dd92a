// Time as a value. Cores never read a clock: they are handed a Now.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace parley {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// A monotonic time line without a `now()`; its origin means nothing.
struct MonotonicTime {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicTime>;
    static constexpr bool is_steady = true;
};
/// The Unix time line, without a `now()`. May step.
struct WallTime {
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<WallTime>;
    static constexpr bool is_steady = false;
};

/// A point on the monotonic time line, for time-outs, rates and round trips.
using Instant = MonotonicTime::time_point;
/// Milliseconds since 1970-01-01 UTC, for what outlives a process (bans, records, headers).
using UnixTime = WallTime::time_point;

/// "No wake-up wanted".
inline constexpr Instant never = Instant::max();

/// The present, as told by whoever drives the core.
struct Now {
    Instant instant{};
    UnixTime unix_time{};
};

/// A wait that was doubled so many times, at most `max`. Preconditions: `first` > 0, `max` below a
/// century.
inline Duration doubled(Duration first, std::uint32_t times, Duration max) {
    for (; times > 0 && first < max; --times) first *= 2;
    return std::min(first, max);
}

/// Milliseconds since 1970-01-01 UTC, as formats on disk have them; negative before.
inline std::int64_t unix_milliseconds(UnixTime t) {
    return t.time_since_epoch().count();
}
/// The inverse of unix_milliseconds.
inline UnixTime unix_from_milliseconds(std::int64_t ms) {
    return UnixTime{std::chrono::milliseconds{ms}};
}

}  // namespace parley
