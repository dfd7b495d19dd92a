// Provider: another hand behind sign, verify, recover, decompress, agree, X25519Key, AesGcm and its
// one-shot functions, for the simulator.
//
// A world of a thousand nodes on one thread checks the same record or transaction once for each
// of them, and one of ten thousand nodes has no time for curves at all. It therefore installs a
// Provider that remembers (memo.hpp) or pretends (stub.hpp), while the nodes run their production
// code. That code makes its keys and ciphers deep inside, where nothing could be handed in without
// every layer carrying it: hence the one piece of thread-local state in the project that decides
// anything. Production never installs a Provider. Null, the default, is the real thing at the
// price of one load and a branch.
//
// Threading: for the thread that installed it alone.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/crypto/aead.hpp>
#include <parley/crypto/secp256k1.hpp>
#include <parley/crypto/x25519.hpp>

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>

namespace parley::crypto {

/// What the functions and classes of the same names do while no Provider is installed.
namespace real {

/// ECDSA with the nonce of RFC 6979, low s. `extra_entropy`: 0 or 32 bytes.
Signature sign(const ByteArray<32>& secret, const Hash256& digest, Bytes extra_entropy);
/// False for s above half of the order, too.
bool verify(const CompressedKey& key, const Hash256& digest, const Signature& signature);
/// Nothing when r or s is out of range or no key fits.
std::optional<UncompressedKey> recover(const Hash256& digest, const Signature& signature,
                                       std::uint8_t parity, bool allow_high_s);
/// Nothing if the bytes are no point on the curve.
std::optional<UncompressedKey> decompress(const CompressedKey& key);
/// The public key of `secret`. Precondition: the secret is valid.
CompressedKey ephemeral_key(const ByteArray<32>& secret);
/// ECDH, the whole point; nothing if `theirs` is no point on the curve. Precondition: the secret is
/// valid.
std::optional<CompressedKey> agree(const ByteArray<32>& secret, const CompressedKey& theirs);
/// A key over the real curve, of 32 bytes, which it clamps.
std::unique_ptr<X25519Key::Backend> x25519(Bytes secret);
/// A context of the real cipher, for a key of 16 or 32 bytes.
std::unique_ptr<AesGcm::Backend> aes_gcm(AesGcm::Mode mode, Bytes key);
/// AES-128-GCM with a context of the thread's; `sealed` has 16 bytes more than `plain`.
void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
               MutableBytes sealed);
/// False when the tag does not fit: then `out` holds nothing to be used.
bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
               MutableBytes out);

}  // namespace real

/// Replaces what it overrides. The objects that it makes do not refer to it: they go on as what
/// they are when another Provider is installed, or none, and when this one is gone.
class Provider {
public:
    Provider() = default;
    Provider(const Provider&) = delete;
    Provider& operator=(const Provider&) = delete;
    virtual ~Provider() = default;

    /// Signatures of sign() alone: sign_recoverable() is always the real one.
    virtual Signature sign(const ByteArray<32>& secret, const Hash256& digest,
                           Bytes extra_entropy) {
        return real::sign(secret, digest, extra_entropy);
    }
    /// Any input may come, also a key that is no point on the curve.
    virtual bool verify(const CompressedKey& key, const Hash256& digest,
                        const Signature& signature) {
        return real::verify(key, digest, signature);
    }
    /// Any input may come; `parity` is 0 or 1.
    virtual std::optional<UncompressedKey> recover(const Hash256& digest,
                                                   const Signature& signature, std::uint8_t parity,
                                                   bool allow_high_s) {
        return real::recover(digest, signature, parity, allow_high_s);
    }
    /// Decides is_valid_public_key, too.
    virtual std::optional<UncompressedKey> decompress(const CompressedKey& key) {
        return real::decompress(key);
    }
    /// Precondition of both: the secret is valid.
    virtual CompressedKey ephemeral_key(const ByteArray<32>& secret) {
        return real::ephemeral_key(secret);
    }
    /// Nothing: the other side's key is refused.
    virtual std::optional<CompressedKey> agree(const ByteArray<32>& secret,
                                               const CompressedKey& theirs) {
        return real::agree(secret, theirs);
    }
    /// What a new X25519Key is from here on. `secret` has 32 bytes.
    virtual std::unique_ptr<X25519Key::Backend> x25519(Bytes secret) {
        return real::x25519(secret);
    }
    /// What a new AesGcm is from here on. `key` has 32 or 16 bytes.
    virtual std::unique_ptr<AesGcm::Backend> aes_gcm(AesGcm::Mode mode, Bytes key) {
        return real::aes_gcm(mode, key);
    }
    /// The sizes are those that the functions of these names ask for.
    virtual void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                           MutableBytes sealed) {
        real::seal_once(key, nonce, associated, plain, sealed);
    }
    /// The sizes are as with seal_once; false when the tag does not fit.
    virtual bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                           MutableBytes out) {
        return real::open_once(key, nonce, associated, sealed, out);
    }
};

/// Installs a Provider on the current thread for as long as it lives, then restores the one
/// before. Scopes nest; they end on their own thread, the last one first.
class ScopedProvider {
public:
    explicit ScopedProvider(Provider& provider) : ScopedProvider(&provider) {}
    /// Null: the real thing, whatever is installed outside.
    explicit ScopedProvider(Provider* provider) : installed_(provider), before_(current_) {
        current_ = provider;
    }
    ScopedProvider(const ScopedProvider&) = delete;
    ScopedProvider& operator=(const ScopedProvider&) = delete;
    ~ScopedProvider() {
        assert(current_ == installed_);
        current_ = before_;
    }

    /// The current thread's; null unless one is installed.
    static Provider* current() { return current_; }

private:
    static inline constinit thread_local Provider* current_ = nullptr;

    [[maybe_unused]] Provider* installed_;  // for the assertion alone
    Provider* before_;
};

}  // namespace parley::crypto
