// WallClock: Unix time that goes on evenly. Bans and the ages of what is known are kept in Unix
// time, so that they outlive a restart; a wall clock that is set 40 days forward and back would end
// the one and forget the other. Small steps of the system's clock are followed. A large one is
// followed only soon after the start, when a machine without a battery learns the time; later the
// time goes on as it did, across a sleep of the machine too, until the next start. Threading: any,
// but for the constructor.
#pragma once

#include <parley/base/time.hpp>

#include <atomic>
#include <cstdint>

namespace parley::runtime {

class WallClock {
public:
    static constexpr std::chrono::milliseconds small_step = std::chrono::hours{1};
    static constexpr std::chrono::milliseconds follows_for = std::chrono::minutes{10};

    /// `since_boot` grows evenly, also while the machine sleeps; `system` is the system's Unix
    /// time.
    WallClock(std::chrono::milliseconds since_boot, UnixTime system)
        : started_(since_boot.count()), offset_(unix_milliseconds(system) - since_boot.count()) {}

    /// The time, from both clocks as they are now.
    UnixTime read(std::chrono::milliseconds since_boot, UnixTime system);
    /// By how much the system's clock was ahead when it was read last; 0 if it is followed.
    std::chrono::milliseconds jump() const { return std::chrono::milliseconds{jump_.load()}; }

private:
    const std::int64_t started_;
    std::atomic<std::int64_t> offset_;
    std::atomic<std::int64_t> jump_ = 0;
};

}  // namespace parley::runtime
