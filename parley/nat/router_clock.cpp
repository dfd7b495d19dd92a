#include <parley/nat/router_clock.hpp>

#include <chrono>
#include <utility>

namespace parley::nat {

namespace {

/// May count slower than this machine by an eighth, and faster as it likes.
bool lost_by_nat_pmp(std::int64_t waited, std::int64_t counted) {
    return 8 * (counted + 2) < 7 * waited;
}

/// May differ from this machine by a sixteenth. Answers may overtake each other by a second.
bool lost_by_pcp(std::int64_t waited, std::int64_t counted) {
    return counted < -1 || 16 * (counted + 2) < 15 * waited || 16 * (waited + 2) < 15 * counted;
}

}  // namespace

bool RouterClock::on_epoch(Now now, MappingMethod method, std::uint32_t epoch) {
    const auto before = std::exchange(last_, Answer{method, now.instant, epoch});
    if (!before || before->method != method) return false;
    const std::int64_t waited =
        std::chrono::floor<std::chrono::seconds>(now.instant - before->at).count();
    const std::int64_t counted = std::int64_t{epoch} - std::int64_t{before->epoch};
    return method == MappingMethod::pcp ? lost_by_pcp(waited, counted)
                                        : lost_by_nat_pmp(waited, counted);
}

}  // namespace parley::nat
