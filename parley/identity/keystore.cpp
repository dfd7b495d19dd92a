// What a Keystore does with keys; its text is in keystore_json.cpp.
#include <parley/identity/keystore.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/crypto/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley {

namespace {

std::string new_uuid(EntropySource& entropy) {
    ByteArray<16> bytes;
    entropy.fill(bytes);
    bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};  // RFC 9562: version 4, random
    bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    auto out = to_hex(bytes);
    for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, 1, '-');
    return out;
}

}  // namespace

std::string message(const KeystoreError& error) {
    const auto member = [&] { return name(static_cast<KeystoreMember>(error.actual)); };
    switch (error.code) {
        case KeystoreErrc::too_large:
            return fmt::format("keystore has {} bytes, at most {} are allowed", error.actual,
                               error.expected);
        case KeystoreErrc::not_json:
            return "keystore is no JSON object";
        case KeystoreErrc::missing_member:
            return fmt::format("keystore lacks {}", member());
        case KeystoreErrc::bad_member:
            return fmt::format("keystore: {} is of another kind, size or range", member());
        case KeystoreErrc::unknown_version:
            return fmt::format("keystore has version {}, known is {}", error.actual,
                               error.expected);
        case KeystoreErrc::unknown_cipher:
            return "keystore: crypto.cipher is not aes-128-ctr";
        case KeystoreErrc::unknown_kdf:
            return "keystore: crypto.kdf is neither scrypt nor pbkdf2";
        case KeystoreErrc::unknown_prf:
            return "keystore: crypto.kdfparams.prf is not hmac-sha256";
        case KeystoreErrc::bad_scrypt:
            return "keystore: scrypt with an n, r or p that RFC 7914 does not have";
        case KeystoreErrc::too_costly:
            return fmt::format("keystore: scrypt over {} bytes, at most {} are allowed",
                               error.actual, error.expected);
        case KeystoreErrc::too_slow:
            return fmt::format("keystore: {} iterations of PBKDF2, at most {} are allowed",
                               error.actual, error.expected);
        case KeystoreErrc::wrong_passphrase:
            return "wrong passphrase";
        case KeystoreErrc::bad_key:
            return "keystore holds no valid key";
        case KeystoreErrc::wrong_id:
            return "keystore holds another key than that of its node_id";
    }
    std::unreachable();
}

SecretBytes Keystore::derive(Bytes passphrase) const {
    SecretBytes out{derived_bytes_};
    std::visit(overloaded{
                   [&](const crypto::ScryptCost& cost) {
                       crypto::scrypt(passphrase, salt_, cost, out.bytes());
                   },
                   [&](const Pbkdf2& pbkdf2) {
                       crypto::pbkdf2_hmac_sha256(passphrase, salt_, pbkdf2.iterations,
                                                  out.bytes());
                   },
               },
               kdf_);
    return out;
}

/// The first 16 bytes are the cipher's key, the next 16 the MAC's.
Hash256 Keystore::mac_of(Bytes derived) const {
    SecretBytes joined{16 + ciphertext_.size()};
    const auto rest = std::ranges::copy(derived.subspan(16, 16), joined.bytes().begin()).out;
    std::ranges::copy(ciphertext_, rest);
    return crypto::keccak256(joined.bytes());
}

Keystore Keystore::encrypt(const NodeKey& key, Bytes passphrase, EntropySource& entropy,
                           const crypto::ScryptCost& cost) {
    Keystore out;
    out.node_id_ = key.id();
    out.uuid_ = new_uuid(entropy);
    out.kdf_ = cost;
    out.salt_.resize(32);
    entropy.fill(out.salt_);
    entropy.fill(out.iv_);
    const auto derived = out.derive(passphrase);
    auto cipher_key = array_of<16>(derived.bytes());
    crypto::aes128_ctr(cipher_key, out.iv_, key.secret(), out.ciphertext_);
    wipe(cipher_key);
    out.mac_ = out.mac_of(derived.bytes());
    return out;
}

Result<NodeKey, KeystoreError> Keystore::decrypt(Bytes passphrase) const {
    const auto derived = derive(passphrase);
    if (!crypto::equal_constant_time(mac_of(derived.bytes()), mac_)) {
        return fail(KeystoreErrc::wrong_passphrase);
    }
    auto cipher_key = array_of<16>(derived.bytes());
    ByteArray<32> secret;
    crypto::aes128_ctr(cipher_key, iv_, ciphertext_, secret);
    wipe(cipher_key);
    auto key = NodeKey::from_secret(secret);
    wipe(secret);
    if (!key) return fail(KeystoreErrc::bad_key);
    if (node_id_ && *node_id_ != key->id()) return fail(KeystoreErrc::wrong_id);
    return std::move(*key);
}

}  // namespace parley
