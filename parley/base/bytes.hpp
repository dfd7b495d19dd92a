// Bytes: the vocabulary for raw data. Views never own; Buffer owns and grows; ByteArray is fixed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using Buffer = std::vector<std::byte>;
template <std::size_t N>
using ByteArray = std::array<std::byte, N>;
/// A 256-bit hash or key, 32 bytes.
using Hash256 = ByteArray<32>;

/// The bytes of a text, not copied.
Bytes bytes_of(std::string_view text);
/// The text of some bytes, not copied.
std::string_view text_of(Bytes bytes);

/// A copy that owns its bytes.
inline Buffer to_buffer(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}
/// Adds a copy at the end. Precondition: `bytes` is no part of `out`, which may move.
inline void append(Buffer& out, Bytes bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}
/// Sizes and contents. Stops at the first difference, so never for secrets: see
/// crypto::equal_constant_time.
bool equal(Bytes a, Bytes b);

/// The first N bytes as an array. Precondition: `bytes.size() >= N`.
template <std::size_t N>
ByteArray<N> array_of(Bytes bytes) {
    ByteArray<N> out;
    for (std::size_t i = 0; i < N; ++i) out[i] = bytes[i];
    return out;
}

/// Lower-case hex digits without a prefix.
std::string to_hex(Bytes bytes);
/// Hex digits with or without `0x`; nothing if a digit is wrong or their number is odd.
std::optional<Buffer> from_hex(std::string_view text);
/// As from_hex, for exactly N bytes.
template <std::size_t N>
std::optional<ByteArray<N>> array_from_hex(std::string_view text) {
    const auto bytes = from_hex(text);
    if (!bytes || bytes->size() != N) return std::nullopt;
    return array_of<N>(*bytes);
}

/// For constants: the bytes of lower-case hex digits without a prefix. Anything else fails to
/// compile.
template <std::size_t Size>
consteval ByteArray<Size / 2> hex_constant(const char (&digits)[Size]) {
    const auto value = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        throw "no hex digit";  // stops the compiler
    };
    ByteArray<Size / 2> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::byte>(value(digits[2 * i]) * 16 + value(digits[2 * i + 1]));
    }
    return out;
}

/// Overwrites a secret in a way that the compiler keeps.
void wipe(MutableBytes secret);

/// A hash function for hash tables whose keys a peer may choose: salted, so that collisions
/// cannot be prepared. The salt comes from the owner's Rng. Keys: ranges of std::byte.
struct SaltedHash {
    std::uint64_t salt = 0;
    template <class Range>
    std::size_t operator()(const Range& key) const {
        return hash(Bytes{key});
    }
    /// As the operator: SipHash-2-4 (base/sip_hash.hpp) under a key made of the salt.
    std::size_t hash(Bytes key) const;
};

}  // namespace parley
