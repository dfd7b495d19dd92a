// Keys from passphrases, slow on purpose, and the cipher that key files use with them.
// All functions are pure and thread-safe; the simulator's Provider does not replace them.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstdint>

namespace parley::crypto {

/// What scrypt (RFC 7914) costs whoever tries a passphrase.
struct ScryptCost {
    std::uint64_t n = std::uint64_t{1} << 18;
    std::uint32_t r = 8;
    std::uint32_t p = 1;

    /// n is a power of two above 1; r and p are at least 1 and r * p below 2^30.
    bool is_valid() const;
    /// 128 * n * r * p, or 2^64 - 1 if that is more. Memory needed is about that divided by p,
    /// time is proportional to it.
    std::uint64_t work_bytes() const;
    friend bool operator==(const ScryptCost&, const ScryptCost&) = default;
};

/// Precondition: cost.is_valid(). Throws std::bad_alloc without the memory. RFC 7914 wants n
/// below 2^(16 r) as well; key files in use exceed it, so it is not asked for.
void scrypt(Bytes passphrase, Bytes salt, const ScryptCost& cost, MutableBytes out);
/// PBKDF2 with HMAC-SHA-256 (RFC 8018, 5.2). Precondition: iterations > 0.
void pbkdf2_hmac_sha256(Bytes passphrase, Bytes salt, std::uint32_t iterations, MutableBytes out);

/// AES-128 in counter mode (NIST SP 800-38A, 6.5): encrypts and decrypts. The 16 bytes of `iv` are
/// the first counter block, big endian. `out` has the size of `in`.
void aes128_ctr(const ByteArray<16>& key, const ByteArray<16>& iv, Bytes in, MutableBytes out);

}  // namespace parley::crypto
