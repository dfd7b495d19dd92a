// The cryptography of a session (devp2p, discv5-theory.md, "Sessions"): the ID signature of the
// handshake, the keys that follow from it, and messages sealed under them.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/crypto/secp256k1.hpp>
#include <parley/discovery/discv5/packet.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/identity/node_key.hpp>

#include <optional>

namespace parley::discovery::discv5 {

/// AES-128.
using SessionKey = ByteArray<16>;

/// The initiator is the side that sent the handshake packet. A session is these 32 bytes; the
/// ciphers are keyed anew for each message.
struct SessionKeys {
    SessionKey initiator{};  ///< seals what the initiator sends
    SessionKey recipient{};  ///< seals what the recipient sends
    ~SessionKeys() {
        wipe(initiator);
        wipe(recipient);
    }
    friend bool operator==(const SessionKeys&, const SessionKeys&) = default;
};

/// Proves the initiator's identity to `recipient`, which sent the challenge.
crypto::Signature sign_id(const NodeKey& initiator, const ChallengeData& challenge,
                          const crypto::CompressedKey& ephemeral_key, const Id& recipient,
                          Bytes extra_entropy = {});
/// Whether it is the initiator's signature over that challenge, key and recipient.
bool verify_id(const NodeId& initiator, const ChallengeData& challenge,
               const crypto::CompressedKey& ephemeral_key, const Id& recipient,
               const crypto::Signature& signature);

/// From the point that both sides agreed on (crypto::agree).
SessionKeys derive_keys(const crypto::CompressedKey& shared, const Id& initiator,
                        const Id& recipient, const ChallengeData& challenge);

/// The initiator's new key, which goes into the handshake packet, and the keys of the session.
struct Initiation {
    crypto::CompressedKey ephemeral_key{};
    SessionKeys keys;
};
/// The initiator's half: with a new ephemeral key. Nothing if the recipient's is no point on the
/// curve.
std::optional<Initiation> agree_as_initiator(EntropySource& entropy, const NodeId& recipient_key,
                                             const Id& initiator, const Id& recipient,
                                             const ChallengeData& challenge);
/// The recipient's half. Nothing if the ephemeral key is no point on the curve.
std::optional<SessionKeys> agree_as_recipient(const NodeKey& own,
                                              const crypto::CompressedKey& ephemeral_key,
                                              const Id& initiator, const Id& recipient,
                                              const ChallengeData& challenge);

/// The datagram of an ordinary or handshake packet with a message (message.hpp: encode). Appends it
/// to `out`.
void seal_packet(const Id& destination, const PacketHeader& header, const SessionKey& key,
                 Bytes message, Buffer& out);
/// The same into a buffer of its own.
Buffer seal_packet(const Id& destination, const PacketHeader& header, const SessionKey& key,
                   Bytes message);
/// The plain text, in `room`; nothing if another key sealed it, or a bit was changed.
std::optional<Bytes> open_message(const SessionKey& key, const Packet& packet, PacketBuffer& room);

}  // namespace parley::discovery::discv5
