// Hashes and what is built of SHA-256. All functions are pure and thread-safe.
#pragma once

#include <parley/base/bytes.hpp>

#include <initializer_list>
#include <string_view>

namespace parley::crypto {

/// Keccak-256 as Ethereum uses it (original padding, not FIPS 202). Of many inputs at a time:
/// keccak256_each() in keccak_batch.hpp.
Hash256 keccak256(Bytes data);
/// SHA-256 (FIPS 180-4) over the parts joined.
Hash256 sha256(std::initializer_list<Bytes> parts);
/// SHA-256 of one part.
inline Hash256 sha256(Bytes data) {
    return sha256({data});
}
/// HMAC-SHA-256 (RFC 2104) over the parts joined.
Hash256 hmac_sha256(Bytes key, std::initializer_list<Bytes> parts);
/// HKDF-Extract with SHA-256 (RFC 5869, 2.2).
Hash256 hkdf_extract(Bytes salt, Bytes input_key);
/// HKDF-Expand with SHA-256 (RFC 5869, 2.3). `out.size() <= 8160`.
void hkdf_expand(Bytes pseudo_random_key, Bytes info, MutableBytes out);

/// Compares without revealing where they differ. False if the sizes differ.
bool equal_constant_time(Bytes a, Bytes b);

}  // namespace parley::crypto
