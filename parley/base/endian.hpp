// Big-endian numbers in raw bytes, for the fixed layouts of the wire.
#pragma once

#include <parley/base/bytes.hpp>

#include <concepts>

namespace parley {

/// Precondition: `at.size() >= sizeof(T)`.
template <std::unsigned_integral T>
constexpr T load_be(Bytes at) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) |
                               std::to_integer<std::uint64_t>(at[i]));
    }
    return value;
}

/// Precondition: `at.size() >= sizeof(T)`.
template <std::unsigned_integral T>
constexpr void store_be(MutableBytes at, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        at[sizeof(T) - 1 - i] =
            static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
    }
}

/// Adds `sizeof(T)` bytes at the end.
template <std::unsigned_integral T>
void append_be(Buffer& out, T value) {
    out.resize(out.size() + sizeof(T));
    store_be(MutableBytes{out}.last(sizeof(T)), value);
}

}  // namespace parley
