// The handshake's cryptography, both sides, with Hello as 1536 bytes that mean nothing here.
// Initiator and Responder (handshake.hpp) put the meaning on top. docs/formats/handshake.md.
// Internal to transport.
#pragma once

#include <parley/transport/handshake/handshake_keys.hpp>

#include <optional>

namespace parley::transport::sts {

/// The other side's identity, proven; its Hello is not yet read.
struct Opened {
    NodeId peer;
    ByteArray<Hello::wire_bytes> hello{};
    std::uint16_t version = 0;
};

/// Everything drawn from the entropy source, in this order, at construction.
struct Fresh {
    Secret<32> ephemeral;
    ByteArray<32> nonce{};
    Secret<32> signature_entropy;
    explicit Fresh(EntropySource& entropy);
};

/// After an error of read_m2 nothing may be called; destruction wipes what is left.
class InitiatorCore {
public:
    InitiatorCore(const NodeKey& key, const NodeId& target, Bytes hello, VersionRange versions,
                  EntropySource& entropy);
    ByteArray<m1_bytes> write_m1();
    Result<Opened, HandshakeError> read_m2(Bytes m2);
    Buffer write_m3();
    SessionKeys take_keys() { return std::move(session_); }
    const VersionRange& versions() const { return versions_; }

private:
    Result<void, HandshakeError> agree(const M2Head& head, Bytes m2);

    const NodeKey* key_;
    NodeId target_;
    ByteArray<Hello::wire_bytes> hello_{};
    VersionRange versions_;
    Fresh fresh_;
    std::optional<crypto::X25519Key> ephemeral_;  // from write_m1 to read_m2
    Hash256 transcript_{};                        // the last one reached
    Keys keys_;
    SessionKeys session_;
};

/// After an error nothing may be called; destruction wipes what is left.
class ResponderCore {
public:
    ResponderCore(const NodeKey& key, Bytes hello, VersionRange versions, EntropySource& entropy);
    Result<void, HandshakeError> read_m1(Bytes m1);
    Result<Buffer, HandshakeError> write_m2();
    Result<Opened, HandshakeError> read_m3(Bytes m3);
    SessionKeys take_keys() { return std::move(session_); }
    /// As M1 had it; after read_m1.
    const VersionRange& their_versions() const { return m1_.versions; }

private:
    const NodeKey* key_;
    ByteArray<Hello::wire_bytes> hello_{};
    VersionRange versions_;
    Fresh fresh_;
    M1 m1_;
    std::uint16_t version_ = 0;
    Hash256 transcript_{};  // the last one reached
    Keys keys_;
    SessionKeys session_;
};

}  // namespace parley::transport::sts
