// ECDSA and ECDH over secp256k1 (SEC 2; libsecp256k1), signatures as r|s in 64 bytes with low s.
// All functions are thread-safe, and pure unless the simulator installed a Provider (provider.hpp).
#pragma once

#include <parley/base/bytes.hpp>

#include <optional>

namespace parley::crypto {

using CompressedKey = ByteArray<33>;    ///< 02 or 03, then x
using UncompressedKey = ByteArray<64>;  ///< x | y, without the 04
using Signature = ByteArray<64>;        ///< r | s, big endian

/// A signature from which, with the digest, the signer's key follows.
struct RecoverableSignature {
    Signature rs;
    std::uint8_t parity;  ///< 0 or 1
};

/// Blinds what is done with secrets by a random seed, against whoever measures time or power;
/// results do not depend on it. The first call counts, at any time, for the whole process.
void blind_secp256k1(const ByteArray<32>& seed);

/// A big-endian number from 1 to the order of the curve, exclusive.
bool is_valid_secret(const ByteArray<32>& secret);
/// Precondition: is_valid_secret.
CompressedKey public_key(const ByteArray<32>& secret);
/// Nothing if the bytes are no point on the curve in compressed form.
std::optional<UncompressedKey> decompress(const CompressedKey& key);
/// A point on the curve in compressed form.
bool is_valid_public_key(const CompressedKey& key);

/// RFC 6979 nonce; `extra_entropy` (0 or 32 bytes) is mixed in. Always low s.
Signature sign(const ByteArray<32>& secret, const Hash256& digest, Bytes extra_entropy = {});
/// As sign, without extra entropy, with the parity that recovers the key.
RecoverableSignature sign_recoverable(const ByteArray<32>& secret, const Hash256& digest);

/// r or s zero or not below the order, or s above half of it, never verifies.
bool verify(const CompressedKey& key, const Hash256& digest, const Signature& signature);
/// The signer's key; nothing when r or s is out of range or no key fits. Accepts high s only if
/// `allow_high_s` (Ethereum before Homestead).
std::optional<UncompressedKey> recover(const Hash256& digest, const Signature& signature,
                                       std::uint8_t parity, bool allow_high_s = false);

/// r and s in [1, order), s at most half of it.
bool is_canonical(const Signature& signature);

/// The public key of a secret that is made for one agreement. Precondition: is_valid_secret.
CompressedKey ephemeral_key(const ByteArray<32>& secret);
/// ECDH: `theirs` times `secret`, the whole point. Nothing if `theirs` is no point on the curve.
/// Both sides get the same if one of the keys is an ephemeral_key and the other a public_key; real
/// ones agree in any pair. Precondition: is_valid_secret.
std::optional<CompressedKey> agree(const ByteArray<32>& secret, const CompressedKey& theirs);

}  // namespace parley::crypto
