// StubCrypto: cheap fakes in place of the expensive primitives, for worlds of ten thousand nodes
// (`--crypto stub`). They fail where the real ones fail (another key, one changed bit) and nobody
// who plays by the API can forge them, so that the protocol's decisions stay the same; whoever
// computes for himself can. They hide nothing: cipher text is plain text. Sizes are the real ones.
// For the simulator (provider.hpp). Threading: one thread. The same on every machine.
#pragma once

#include <parley/crypto/memo.hpp>
#include <parley/crypto/provider.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace parley::crypto {

/// - sign: 64 bytes from public key and digest, always canonical, never a real signature. Extra
///   entropy changes nothing. IDs are real: the key that belongs to a secret is computed once.
/// - verify: accepts those bytes; anything else goes to the real verify, which remembers.
/// - recover, decompress: real, and remember.
/// - ECDH: a hash of both public keys. An ephemeral key is a hash of its secret, and shows that it
///   is one, so that whoever reads it knows which side he is.
/// - X25519: multiplication modulo 2^254. Of the points of low order it refuses zero alone.
/// - AES-GCM, also for one message: copies the text; the tag is 64 bits of a keyed hash, spread
/// over 16 bytes.
class StubCrypto final : public Provider {
public:
    /// Public keys that are remembered, at about 100 bytes each.
    static constexpr std::size_t keys_max_default = std::size_t{1} << 16;

    explicit StubCrypto(std::size_t memo_entries_max = VerifyMemo::entries_max_default,
                        std::size_t keys_max = keys_max_default);

    /// Throws as the real one when the secret is not valid.
    Signature sign(const ByteArray<32>& secret, const Hash256& digest,
                   Bytes extra_entropy) override;
    bool verify(const CompressedKey& key, const Hash256& digest,
                const Signature& signature) override;
    std::optional<UncompressedKey> recover(const Hash256& digest, const Signature& signature,
                                           std::uint8_t parity, bool allow_high_s) override;
    std::optional<UncompressedKey> decompress(const CompressedKey& key) override {
        return memo_.decompress(key);
    }
    CompressedKey ephemeral_key(const ByteArray<32>& secret) override;
    std::optional<CompressedKey> agree(const ByteArray<32>& secret,
                                       const CompressedKey& theirs) override;
    std::unique_ptr<X25519Key::Backend> x25519(Bytes secret) override;
    std::unique_ptr<AesGcm::Backend> aes_gcm(AesGcm::Mode mode, Bytes key) override;
    void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                   MutableBytes sealed) override;
    bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                   MutableBytes out) override;

    /// Counts what was not a fake.
    const VerifyMemo& memo() const { return memo_; }

private:
    const CompressedKey& known_key(const ByteArray<32>& secret);

    VerifyMemo memo_;
    GenerationMap<ByteArray<32>, CompressedKey> public_keys_;
};

}  // namespace parley::crypto
