#include <parley/transport/link/pacer.hpp>

#include <algorithm>

namespace parley::transport {

namespace {

constexpr Duration burst = std::chrono::milliseconds{250};
constexpr double nanoseconds = 1e9;

}  // namespace

Instant Pacer::spend(Instant now, std::uint64_t bytes) {
    if (!limits()) return now;
    const auto cost = static_cast<Instant::rep>(static_cast<double>(bytes) * nanoseconds /
                                                static_cast<double>(bytes_per_second_));
    const auto earliest = (now - burst).time_since_epoch().count();
    const auto latest = (now + debt_max).time_since_epoch().count();
    auto before = paid_until_.load();
    Instant::rep after = 0;
    do {
        after = std::min(std::max(before, earliest) + cost, latest);
    } while (!paid_until_.compare_exchange_weak(before, after));
    return std::max(now, Instant{Duration{after}});
}

std::size_t Pacer::turn_bytes() const {
    constexpr std::uint64_t least = 1024;
    constexpr std::uint64_t most = 16 * 1024;
    return limits() ? std::clamp(bytes_per_second_ / 16, least, most) : most;
}

}  // namespace parley::transport
