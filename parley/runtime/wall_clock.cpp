#include <parley/runtime/wall_clock.hpp>

#include <cstdlib>

namespace parley::runtime {

UnixTime WallClock::read(std::chrono::milliseconds since_boot, UnixTime system) {
    const auto wall = unix_milliseconds(system);
    const auto ahead = wall - (since_boot.count() + offset_.load());
    const bool follows =
        std::abs(ahead) < small_step.count() || since_boot.count() - started_ < follows_for.count();
    if (jump_.load() != (follows ? 0 : ahead)) jump_ = follows ? 0 : ahead;
    if (!follows) return unix_from_milliseconds(wall - ahead);
    if (ahead != 0) offset_ = wall - since_boot.count();
    return system;
}

}  // namespace parley::runtime
