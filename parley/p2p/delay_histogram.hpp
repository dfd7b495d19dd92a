// DelayHistogram: how often something took how long, in fixed steps.
// Threading: one thread at a time.
#pragma once

#include <parley/base/time.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::p2p {

class DelayHistogram {
public:
    /// Upper bounds, included; beyond the last one all are counted together.
    static constexpr std::array<Duration, 12> bounds{100us, 250us, 500us, 1ms,   2500us, 5ms,
                                                     10ms,  25ms,  100ms, 250ms, 1s,     5s};

    /// Counts one delay in its step and adds it to the sum.
    void observe(Duration delay) {
        const auto* const bound = std::ranges::lower_bound(bounds, delay);
        ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
        sum_ += delay;
    }
    /// Observations in each step: of bounds[i], and last those beyond.
    const std::array<std::uint64_t, bounds.size() + 1>& counts() const { return counts_; }
    Duration sum() const { return sum_; }

private:
    std::array<std::uint64_t, bounds.size() + 1> counts_{};
    Duration sum_{};
};

}  // namespace parley::p2p
