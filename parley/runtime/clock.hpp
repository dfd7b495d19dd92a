// The one place where time is read.
#pragma once

#include <parley/base/time.hpp>

namespace parley::runtime {

/// The monotonic and the wall clock, read together. Any thread.
Now now();

/// Time that passes while nobody asks for the date: cheaper than now().
Instant monotonic_now();

}  // namespace parley::runtime
