// Keystore: a node's key encrypted with a passphrase, in the form that Ethereum's clients use for
// accounts ("Web3 Secret Storage", version 3). docs/formats/keystore.md.
// Threading: values only. `encrypt` and `decrypt` take up to seconds and much memory, on purpose.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/secret_bytes.hpp>
#include <parley/crypto/kdf.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/identity/node_key.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace parley {

/// The members that are read. `name` gives their path: "crypto.kdfparams.n".
enum class KeystoreMember : std::uint8_t {
    version,
    node_id,
    crypto,
    cipher,
    cipherparams,
    iv,
    ciphertext,
    kdf,
    kdfparams,
    salt,
    dklen,
    n,
    r,
    p,
    c,
    prf,
    mac,
};
/// Its path in the JSON.
std::string_view name(KeystoreMember member);

/// What can be wrong with a keystore, or with the passphrase.
enum class KeystoreErrc : std::uint8_t {
    too_large,         ///< expected: bytes at most; actual: bytes
    not_json,          ///< or nested too deep, or no object
    missing_member,    ///< actual: the KeystoreMember
    bad_member,        ///< of another kind, size or range; actual: the KeystoreMember
    unknown_version,   ///< expected: 3; actual: the version
    unknown_cipher,    ///< not aes-128-ctr
    unknown_kdf,       ///< neither scrypt nor pbkdf2
    unknown_prf,       ///< not hmac-sha256
    bad_scrypt,        ///< n is no power of two, or r * p is out of range
    too_costly,        ///< scrypt; expected: bytes of work at most; actual: bytes
    too_slow,          ///< PBKDF2; expected: iterations at most; actual: iterations
    wrong_passphrase,  ///< or the ciphertext was changed
    bad_key,           ///< decrypted, but no valid secret
    wrong_id,          ///< decrypted, but not the key of the node ID in it
};
using KeystoreError = Error<KeystoreErrc>;  ///< of Keystore
/// One line for people, with what was expected.
std::string message(const KeystoreError& error);

/// One encrypted key: immutable. Between parse() and decrypt() nothing costly happens.
class Keystore {
public:
    static constexpr std::size_t size_bytes_max = 16 * 1024;  ///< of the JSON
    /// The memory that a file may make scrypt use; checked before it does.
    static constexpr std::uint64_t scrypt_bytes_max = std::uint64_t{512} << 20;
    static constexpr std::uint32_t iterations_max = 10'000'000;  ///< the same for PBKDF2

    /// The cost of PBKDF2 with HMAC-SHA256.
    struct Pbkdf2 {
        std::uint32_t iterations;  ///< 1 to iterations_max
        friend bool operator==(const Pbkdf2&, const Pbkdf2&) = default;
    };
    /// How the passphrase becomes a key.
    using Kdf = std::variant<crypto::ScryptCost, Pbkdf2>;

    /// Reads and checks all but the passphrase, cost included. Unknown members are ignored.
    static Result<Keystore, KeystoreError> parse(std::string_view json);
    /// A new one, always by scrypt. Precondition: cost.is_valid() and at most scrypt_bytes_max.
    static Keystore encrypt(const NodeKey& key, Bytes passphrase, EntropySource& entropy,
                            const crypto::ScryptCost& cost = {});

    /// The key. Fails with wrong_passphrase, bad_key or wrong_id.
    Result<NodeKey, KeystoreError> decrypt(Bytes passphrase) const;
    /// One line for each member, as `parse` reads it.
    std::string to_json() const;
    /// The ID that the file names; only `decrypt` proves it. Nothing in files of other programs.
    const std::optional<NodeId>& claimed_id() const { return node_id_; }
    const Kdf& kdf() const { return kdf_; }  ///< with its cost

    friend bool operator==(const Keystore&, const Keystore&) = default;

private:
    struct Parser;
    Keystore() = default;
    SecretBytes derive(Bytes passphrase) const;
    Hash256 mac_of(Bytes derived) const;

    std::optional<NodeId> node_id_;
    std::string uuid_;  // as it came; for programs that list files by it
    Kdf kdf_;
    Buffer salt_;
    std::uint32_t derived_bytes_ = 32;
    ByteArray<16> iv_{};
    ByteArray<32> ciphertext_{};
    Hash256 mac_{};
};

}  // namespace parley
