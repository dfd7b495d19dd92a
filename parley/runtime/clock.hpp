// The clocks of the system: the only place in Parley where time is read.
// Threading: any.
#pragma once

#include <parley/base/time.hpp>

namespace parley::runtime {

/// The monotonic clock (nanoseconds) and Unix time (milliseconds), read together. Unix time goes on
/// evenly where the system's clock jumps (wall_clock.hpp).
Now now();
/// By how much the system's clock is ahead of now(), since it jumped; 0: it is followed.
std::chrono::milliseconds wall_clock_jump();
/// Unix time as the system has it: for people, as in the log.
UnixTime system_time();

/// The monotonic clock alone: cheaper than now().
Instant monotonic_now();

}  // namespace parley::runtime
