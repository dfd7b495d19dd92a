#include <parley/transport/link/pacer.hpp>

#include <algorithm>

namespace parley::transport {

namespace {

constexpr Duration burst = std::chrono::milliseconds{250};
constexpr double nanoseconds = 1e9;

}  // namespace

Instant Pacer::spend(Instant now, std::uint64_t bytes) {
    const auto rate = this->rate();
    if (rate == 0) return now;
    const auto cost = static_cast<Instant::rep>(static_cast<double>(bytes) * nanoseconds /
                                                static_cast<double>(rate));
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
    const auto rate = this->rate();
    return rate > 0 ? std::clamp(rate / 16, least, most) : most;
}

}  // namespace parley::transport
