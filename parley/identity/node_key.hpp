// NodeKey: the secret behind a node's ID. Purposes keep signatures of one use out of another.
// Threading: see NodeKey.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/crypto/secp256k1.hpp>
#include <parley/identity/node_id.hpp>

#include <initializer_list>
#include <optional>

namespace parley {

/// What a signature is for. Signing raw digests is not offered.
enum class Purpose : std::uint8_t {
    handshake_responder,  ///< D("R", fields): H(H(t)|H(t)|fields), t = "parley/1 sts sig R"
    handshake_initiator,  ///< D("I", fields), t = "parley/1 sts sig I"
    node_record,          ///< keccak256(fields): EIP-778 identity scheme "v4"
    invitation,           ///< as the handshake's, t = "parley/1 invitation"
    discv5_identity,      ///< sha256("discovery v5 identity proof"|fields): discv5-theory.md
};

/// The digest that `sign` signs and `verify` checks, over the fields joined.
Hash256 digest_for(Purpose purpose, std::initializer_list<Bytes> fields);

/// A node's secret key. Move-only; wiped on destruction. Const functions may be called from any
/// thread.
class NodeKey {
public:
    /// A new one.
    static NodeKey generate(EntropySource& entropy);
    /// Nothing unless 0 < secret < order.
    static std::optional<NodeKey> from_secret(const ByteArray<32>& secret);
    NodeKey(NodeKey&& other) noexcept;             ///< wipes `other`
    NodeKey& operator=(NodeKey&& other) noexcept;  ///< wipes what it was, and `other`
    ~NodeKey();

    const NodeId& id() const { return id_; }  ///< the public key
    /// Signs digest_for() of these by RFC 6979, with `extra_entropy` (0 or 32 bytes) mixed in.
    crypto::Signature sign(Purpose purpose, std::initializer_list<Bytes> fields,
                           Bytes extra_entropy = {}) const;
    /// ECDH (crypto::agree) with a key that the other side made for the occasion.
    std::optional<crypto::CompressedKey> agree(const crypto::CompressedKey& ephemeral_key) const;
    /// For the key file only.
    const ByteArray<32>& secret() const { return secret_; }

private:
    explicit NodeKey(const ByteArray<32>& secret);
    ByteArray<32> secret_;
    NodeId id_;
};

/// Whether the signature is that of the node over the same purpose and fields.
bool verify(const NodeId& id, Purpose purpose, std::initializer_list<Bytes> fields,
            const crypto::Signature& signature);

}  // namespace parley
