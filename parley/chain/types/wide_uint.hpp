// Uint256 as a number of Boost.Multiprecision and back, for arithmetic that 256 bits do not hold.
// For sources alone: its header is slow to compile. Threading: pure functions.
#pragma once

#include <parley/base/uint256.hpp>

#include <boost/multiprecision/cpp_int.hpp>

#include <cstddef>

namespace parley::chain {

using WideUint = boost::multiprecision::uint512_t;

inline WideUint widen(const Uint256& value) {
    WideUint out = 0;
    for (const auto b : value) out = out << 8 | std::to_integer<unsigned>(b);
    return out;
}

/// 2^256 - 1 if it is more.
inline Uint256 narrow(const WideUint& value) {
    Uint256 out;
    out.fill(std::byte{0xff});
    if ((value >> 256) != 0) return out;
    auto rest = value;
    for (auto it = out.rbegin(); it != out.rend(); ++it, rest >>= 8) {
        *it = static_cast<std::byte>(static_cast<unsigned>(rest & 0xff));
    }
    return out;
}

}  // namespace parley::chain
