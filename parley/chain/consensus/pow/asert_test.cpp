// Targets by time and height.
#include <parley/chain/consensus/pow/asert.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>

using namespace parley;
using namespace parley::chain;

namespace {

AsertConfig some_config() {
    AsertConfig out;
    out.anchor_time_s = 1'000'000;
    out.anchor_target[4] = std::byte{1};  // 2^216
    out.interval_s = 600;
    out.half_life_s = 172'800;
    return out;
}

Uint256 power_of_two(unsigned bits) {
    Uint256 out{};
    out[31 - bits / 8] = static_cast<std::byte>(1U << bits % 8);
    return out;
}

double to_double(const Uint256& value) {
    double out = 0;
    for (const auto byte : value) out = out * 256 + std::to_integer<int>(byte);
    return out;
}

/// `late` seconds behind the plan.
Uint256 target_when(std::int64_t late, std::uint64_t number = 100'000) {
    const auto config = some_config();
    const auto planned = static_cast<std::int64_t>(config.anchor_time_s + number * 600);
    return next_target(config, number, static_cast<std::uint64_t>(planned + late));
}

}  // namespace

TEST_CASE("on time the target stays, and a half-life doubles or halves it") {
    CHECK(target_when(0) == power_of_two(216));
    CHECK(target_when(172'800) == power_of_two(217));
    CHECK(target_when(-172'800) == power_of_two(215));
    CHECK(target_when(20 * 172'800) == power_of_two(236));
    CHECK(target_when(-200 * 172'800) == power_of_two(16));
    CHECK(next_target(some_config(), 0, 1'000'000) == power_of_two(216));
}

TEST_CASE("between half-lives it follows the exponential to some hundredths of a percent") {
    for (std::int64_t late = -500'000; late < 500'000; late += 7'919) {
        const double expected = std::exp2(216 + static_cast<double>(late) / 172'800);
        CHECK(std::abs(to_double(target_when(late)) / expected - 1) < 0.00014);
    }
}

TEST_CASE("it rises with every delay") {
    for (std::int64_t late = -50'000; late < 50'000; late += 600) {
        CHECK(target_when(late) > target_when(late - 600));
    }
}

TEST_CASE("it has its bounds, whatever time and height") {
    Uint256 highest;
    highest.fill(std::byte{0xff});
    CHECK(target_when(40 * 172'800) == highest);
    CHECK(target_when(39 * 172'800) == power_of_two(255));
    CHECK(target_when(-217 * 172'800) == to_uint256(1));
    CHECK(target_when(-216 * 172'800) == to_uint256(1));
    const auto config = some_config();
    CHECK(next_target(config, 0, ~0ULL) == highest);
    CHECK(next_target(config, ~0ULL, 0) == to_uint256(1));
    auto small = config;
    small.anchor_target = to_uint256(1);
    CHECK(next_target(small, 0, 1'000'000 + 290ULL * 172'800) == highest);
    CHECK(next_target(small, 0, 1'000'000 + 255ULL * 172'800) == power_of_two(255));
}

TEST_CASE("difficulty and target are each other's") {
    CHECK(difficulty_of_target(target_of_difficulty(to_uint256(1))) == to_uint256(1));
    CHECK(difficulty_of_target(target_of_difficulty(to_uint256(131'072))) == to_uint256(131'072));
    CHECK(target_of_difficulty({}) == target_of_difficulty(to_uint256(1)));
    Uint256 highest;
    highest.fill(std::byte{0xff});
    CHECK(target_of_difficulty(to_uint256(1)) == highest);
    CHECK(difficulty_of_target(to_uint256(1)) == power_of_two(255));
    CHECK(to_decimal(difficulty_of_target(power_of_two(216))) == "1099511627775");
}
