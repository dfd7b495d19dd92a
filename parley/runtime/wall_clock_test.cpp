#include <parley/runtime/wall_clock.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::runtime;
using namespace std::chrono_literals;

namespace {

constexpr UnixTime start{std::chrono::hours{24 * 365 * 50}};

/// A machine whose two clocks the test moves.
struct Machine {
    std::chrono::milliseconds since_boot = 1h;
    UnixTime system = start;
    WallClock clock{since_boot, system};

    UnixTime after(std::chrono::milliseconds time) {
        since_boot += time;
        system += time;
        return clock.read(since_boot, system);
    }
};

}  // namespace

TEST_CASE("wall clock: a jump of days, there and back, changes nothing") {
    Machine machine;
    CHECK(machine.after(24h) == start + 24h);
    machine.system += std::chrono::hours{24 * 40};
    CHECK(machine.after(1h) == start + 25h);
    CHECK(machine.clock.jump() == std::chrono::hours{24 * 40});
    CHECK(machine.after(48h) == start + 73h);
    machine.system -= std::chrono::hours{24 * 40};
    CHECK(machine.after(1h) == start + 74h);
    CHECK(machine.clock.jump() == 0ms);
    machine.system -= std::chrono::hours{24 * 40};
    CHECK(machine.after(1h) == start + 75h);
}

TEST_CASE("wall clock: small steps are followed, and large ones soon after the start") {
    Machine machine;
    machine.system += std::chrono::hours{24 * 365 * 6};  // it learns the time
    CHECK(machine.after(5min) == start + 5min + std::chrono::hours{24 * 365 * 6});
    CHECK(machine.after(1h) == machine.system);
    machine.system += 59min;
    CHECK(machine.after(1s) == machine.system);
    machine.system -= 30min;
    CHECK(machine.after(1s) == machine.system);
    CHECK(machine.clock.jump() == 0ms);
}

TEST_CASE("wall clock: time goes on while the machine sleeps") {
    Machine machine;
    machine.after(24h);
    CHECK(machine.after(std::chrono::hours{24 * 7}) == start + 24h * 8);
}
