#include <parley/chain/types/fees.hpp>

#include <parley/chain/types/wide_uint.hpp>

#include <algorithm>
#include <limits>

namespace parley::chain {
namespace {

/// How much the base fee may change from one block to the next: an eighth (EIP-1559).
constexpr std::uint64_t base_fee_change_denominator = 8;
/// How slowly the blob base fee follows the excess (EIP-4844).
constexpr std::uint64_t blob_fee_update_fraction = 3'338'477;
/// e^178 is above 2^256.
constexpr std::uint64_t blob_fee_exponent_max = 178;
constexpr std::uint64_t gas_limit_change_denominator = 1'024;

}  // namespace

Uint256 next_base_fee(const Header& parent) {
    if (!parent.base_fee) return to_uint256(initial_base_fee);
    const auto target = parent.gas_limit / gas_elasticity;
    if (parent.gas_used == target) return *parent.base_fee;
    const auto base_fee = widen(*parent.base_fee);
    const auto change = [&](std::uint64_t gas_off) {
        return WideUint{base_fee * gas_off / std::max<std::uint64_t>(target, 1) /
                        base_fee_change_denominator};
    };
    if (parent.gas_used < target) return narrow(base_fee - change(target - parent.gas_used));
    return narrow(base_fee + std::max(change(parent.gas_used - target), WideUint{1}));
}

std::uint64_t next_excess_blob_gas(const Header& parent) {
    const auto excess = parent.excess_blob_gas.value_or(0);
    const auto used = parent.blob_gas_used.value_or(0);
    constexpr auto max = std::numeric_limits<std::uint64_t>::max();
    if (used >= blob_gas_target) {
        const auto more = used - blob_gas_target;
        return excess > max - more ? max : excess + more;
    }
    const auto less = blob_gas_target - used;
    return excess < less ? 0 : excess - less;
}

/// EIP-4844's fake_exponential(1, excess, fraction): the sum of excess^i / (fraction^i * i!), each
/// term rounded down.
Uint256 blob_base_fee(std::uint64_t excess_blob_gas) {
    if (excess_blob_gas >= blob_fee_exponent_max * blob_fee_update_fraction)
        return narrow(~WideUint{0});
    WideUint sum = 0;
    WideUint term = blob_fee_update_fraction;
    for (std::uint64_t i = 1; term != 0; ++i) {
        sum += term;
        term = term * excess_blob_gas / (blob_fee_update_fraction * i);
    }
    return narrow(sum / blob_fee_update_fraction);
}

std::uint64_t gas_limit_before(const Header& parent, Fork fork) {
    const bool becomes_london = fork >= Fork::london && !parent.base_fee;
    return parent.gas_limit * (becomes_london ? gas_elasticity : 1);
}

std::uint64_t gas_limit_towards(std::uint64_t aim, std::uint64_t parent_limit) {
    const std::uint64_t step = parent_limit / gas_limit_change_denominator;
    const std::uint64_t most = step > 0 ? step - 1 : 0;
    const auto limit = std::clamp(aim, parent_limit - most, parent_limit + most);
    return std::max(limit, gas_limit_min);
}

bool gas_limit_ok(std::uint64_t parent_limit, std::uint64_t limit) {
    const auto difference = std::max(parent_limit, limit) - std::min(parent_limit, limit);
    return limit >= gas_limit_min && difference < parent_limit / gas_limit_change_denominator;
}

}  // namespace parley::chain
