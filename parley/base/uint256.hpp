// Uint256: 32 bytes, big endian, with the checked arithmetic that fees and balances need.
// Threading: pure functions. Uint256 compares as a number with the operators of std::array.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley {

using Uint256 = ByteArray<32>;

/// The same number in 32 bytes, big endian.
Uint256 to_uint256(std::uint64_t value);
/// Nothing if it is 2^64 or more.
std::optional<std::uint64_t> to_u64(const Uint256& value);

/// Nothing if the sum is 2^256 or more.
std::optional<Uint256> checked_add(const Uint256& a, const Uint256& b);
/// Nothing if the difference is negative.
std::optional<Uint256> checked_subtract(const Uint256& a, const Uint256& b);
/// Nothing if the product is 2^256 or more.
std::optional<Uint256> checked_multiply(const Uint256& a, std::uint64_t b);
/// True if `a * m >= b * n`, computed without overflow.
bool product_at_least(const Uint256& a, std::uint32_t m, const Uint256& b, std::uint32_t n);

/// A JSON-RPC quantity: "0x0", "0x1f", never a leading zero digit.
std::string to_quantity(const Uint256& value);

/// Decimal digits without leading zeros: "0", "1000000007".
std::string to_decimal(const Uint256& value);
/// Digits alone, without a needless zero in front, or none of them: 0. Nothing for others, and for
/// 2^256 and more.
std::optional<Uint256> from_decimal(std::string_view digits);

}  // namespace parley
