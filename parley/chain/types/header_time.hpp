// The clock as headers have it. Threading: pure functions.
#pragma once

#include <parley/base/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace parley::chain {

/// Whole Unix seconds, as a header's timestamp; 0 before 1970.
inline std::uint64_t header_time(UnixTime t) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(seconds.count(), 0));
}

}  // namespace parley::chain
