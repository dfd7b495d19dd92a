#include <parley/chain/consensus/pow/asert.hpp>

#include <parley/chain/types/wide_uint.hpp>

#include <algorithm>
#include <cassert>

namespace parley::chain {
namespace {

/// The exponent has so many binary places.
constexpr int radix_bits = 16;
/// Beyond it any target is at its bounds: 2^256 and more, up or down.
constexpr std::int64_t shifts_max = 300;
/// So that no product overflows: a million years.
constexpr std::uint64_t seconds_max = 31'536'000'000'000;

/// 2^(fraction / 65536) * 65536 by the polynomial of the specification.
std::uint64_t factor_of(std::uint64_t fraction) {
    return 65'536 + ((195'766'423'245'049 * fraction + 971'821'376 * fraction * fraction +
                      5'127 * fraction * fraction * fraction + (1ULL << 47U)) >>
                     48U);
}

WideUint two_to_256() {
    return WideUint{1} << 256;
}

}  // namespace

Uint256 next_target(const AsertConfig& config, std::uint64_t number, std::uint64_t time_s) {
    assert(config.anchor_target != Uint256{});
    const auto elapsed = static_cast<std::int64_t>(std::min(time_s, seconds_max)) -
                         static_cast<std::int64_t>(std::min(config.anchor_time_s, seconds_max));
    const auto blocks = std::min(number, seconds_max / config.interval_s);
    const auto planned = static_cast<std::int64_t>(blocks * config.interval_s);
    const auto half_life = static_cast<std::int64_t>(config.half_life_s);
    // Rounded towards zero, as the specification's reference does.
    const auto late = elapsed - planned;
    const auto whole = late / half_life;
    if (whole > shifts_max) return narrow(two_to_256());
    if (whole < -shifts_max) return to_uint256(1);
    const auto exponent = late * (1 << radix_bits) / half_life;
    const auto shifts = exponent >> radix_bits;  // towards minus infinity
    const auto fraction = static_cast<std::uint64_t>(exponent - (shifts << radix_bits));
    WideUint target = widen(config.anchor_target) * factor_of(fraction);
    const auto bits = shifts - radix_bits;
    if (bits < 0) {
        target >>= static_cast<unsigned>(-bits);
    } else if (bits > 0) {
        // 273 bits at most, which fit; more than 256 are too many in any case.
        if (bits >= 200 && target != 0 && msb(target) + static_cast<unsigned>(bits) > 256) {
            return narrow(two_to_256());
        }
        target <<= static_cast<unsigned>(bits);
    }
    if (target == 0) return to_uint256(1);
    return narrow(target);
}

Uint256 difficulty_of_target(const Uint256& target) {
    return narrow(two_to_256() / (widen(target) + 1));
}

Uint256 target_of_difficulty(const Uint256& difficulty) {
    const auto least = std::max(widen(difficulty), WideUint{1});
    return narrow(two_to_256() / least - 1);
}

}  // namespace parley::chain
