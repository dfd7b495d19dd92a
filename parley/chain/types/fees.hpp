// Fees: what a block's header says of those of the next one: base fee (EIP-1559), blob gas and its
// base fee (EIP-4844), and how far the gas limit may move.
//
// All are exact for headers that follow the rules. For others they end at the largest number
// instead of wrapping around, and never divide by zero. Threading: pure functions.
#pragma once

#include <parley/base/uint256.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/chain/types/transaction.hpp>

#include <cstdint>

namespace parley::chain {

/// Of the first block that has a base fee: 1 gwei.
inline constexpr std::uint64_t initial_base_fee = 1'000'000'000;
/// A block may use this times the gas that leaves the base fee as it is.
inline constexpr std::uint64_t gas_elasticity = 2;
/// The lowest gas limit of a block.
inline constexpr std::uint64_t gas_limit_min = 5'000;
/// Of a block: three blobs, above which blobs become dearer.
inline constexpr std::uint64_t blob_gas_target = 3 * gas_per_blob;
/// Of a block.
inline constexpr std::uint64_t blob_gas_max = blobs_max * gas_per_blob;

/// Wei per gas of the block after `parent`, if that block is of London or later. A parent without a
/// base fee is of Berlin: the initial one.
Uint256 next_base_fee(const Header& parent);

/// Of the block after `parent`, if that block is of Cancun. A parent without is of Shanghai: 0.
std::uint64_t next_excess_blob_gas(const Header& parent);
/// Wei per blob gas in a block of this excess, at least 1. Beyond 2^256 - 1 it stays there.
Uint256 blob_base_fee(std::uint64_t excess_blob_gas);

/// What the gas limit of the block after `parent`, one of `fork`, is measured by: the parent's; for
/// London's first block twice as much, so that its target is what the limit was (EIP-1559).
std::uint64_t gas_limit_before(const Header& parent, Fork fork);
/// Whether a gas limit may follow gas_limit_before(): less than a 1,024th away from it, and at
/// least 5,000.
bool gas_limit_ok(std::uint64_t parent_limit, std::uint64_t limit);
/// As near to the aim as a gas limit that follows gas_limit_before() may be.
std::uint64_t gas_limit_towards(std::uint64_t aim, std::uint64_t parent_limit);

}  // namespace parley::chain
