// The clocks of the system: the only place in Parley where time is read.
// Threading: any.
#pragma once

#include <parley/base/time.hpp>

namespace parley::runtime {

/// The monotonic clock (nanoseconds) and Unix time (milliseconds), read together.
Now now();

/// The monotonic clock alone: cheaper than now().
Instant monotonic_now();

}  // namespace parley::runtime
