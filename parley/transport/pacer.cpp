#include <parley/transport/pacer.hpp>

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
    auto before = paid_until_.load();
    Instant::rep after = 0;
    do {
        after = std::max(before, earliest) + cost;
    } while (!paid_until_.compare_exchange_weak(before, after));
    return std::max(now, Instant{Duration{after}});
}

}  // namespace parley::transport
