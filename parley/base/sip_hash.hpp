// SipHash-2-4: a hash of short inputs under a secret key. Who does not know the key cannot make
// inputs whose hashes collide, whatever the key. Aumasson, Bernstein: "SipHash: a fast short-input
// PRF" (2012). Pure.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstdint>

namespace parley {

/// The key's 16 bytes as two little-endian words.
struct SipKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

/// 64 bits of any input. About 15 ns for a hash of 32 bytes.
std::uint64_t sip_hash(SipKey key, Bytes input);

}  // namespace parley
