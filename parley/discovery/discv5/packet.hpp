// The packets of Node Discovery v5.1: masking-iv | masked header | sealed message (devp2p,
// discv5-wire.md, "Packet Encoding"). Packets are read and written here; session_keys.hpp
// authenticates them.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/crypto/aead.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace parley::discovery::discv5 {

/// A node's address in the key space: dht_id (identity/node_id.hpp).
using Id = Hash256;
/// Of a sealed message: never twice under one key.
using Nonce = ByteArray<crypto::gcm_nonce_bytes>;
/// Random part of a WHOAREYOU, which the handshake signs.
using IdNonce = ByteArray<16>;
/// The first 16 bytes of a packet. Random.
using MaskingIv = ByteArray<16>;

inline constexpr std::size_t packet_bytes_min = 63;
inline constexpr std::size_t packet_bytes_max = 1280;
inline constexpr std::size_t ordinary_header_bytes = 71;  ///< masking-iv | header
inline constexpr std::size_t challenge_bytes = 63;        ///< masking-iv | header
/// Without a record.
inline constexpr std::size_t handshake_header_bytes = 170;  ///< masking-iv | header

/// masking-iv | header of a WHOAREYOU, unmasked, which is all of it: the challenge-data that both
/// sides put into signature and keys.
using ChallengeData = ByteArray<challenge_bytes>;

/// Flag 0: a message in a session, or random bytes from a node that has none.
struct OrdinaryPacket {
    Id source{};
    friend bool operator==(const OrdinaryPacket&, const OrdinaryPacket&) = default;
};

/// Flag 1: the answer to a message that could not be opened; the packet's nonce is that message's.
struct WhoAreYou {
    IdNonce id_nonce{};
    /// Of the record that its sender has of us; 0: none.
    std::uint64_t record_sequence = 0;
    friend bool operator==(const WhoAreYou&, const WhoAreYou&) = default;
};

/// Flag 2: the answer to a WHOAREYOU, with a message under the new keys.
struct HandshakePacket {
    Id source{};
    crypto::Signature id_signature{};
    crypto::CompressedKey ephemeral_key{};
    /// The raw RLP of the sender's record, at most 300 bytes, neither decoded nor verified; empty
    /// when omitted.
    Bytes record;
};

using PacketKind = std::variant<OrdinaryPacket, WhoAreYou, HandshakePacket>;

/// A packet that was read and not yet opened. The views refer to the datagram and the room.
struct Packet {
    Nonce nonce{};
    PacketKind kind;
    /// masking-iv | header, unmasked: the associated data of the message; a WHOAREYOU's
    /// ChallengeData.
    Bytes header;
    /// Sealed, with its tag of 16 bytes; empty in a WHOAREYOU.
    Bytes message;
};

/// Reasons for which a datagram is no packet; each says what `expected` and `actual` hold.
enum class PacketErrc : std::uint8_t {
    too_short,              ///< expected: bytes at least; actual: bytes
    too_long,               ///< expected: bytes at most; actual: bytes
    bad_protocol,           ///< not "discv5": for another node, or something else altogether
    bad_version,            ///< expected; actual
    bad_flag,               ///< expected: at most; actual
    bad_authdata_size,      ///< expected: bytes, of a handshake at least; actual
    truncated_authdata,     ///< expected: bytes that the header promises; actual: bytes there are
    bad_signature_size,     ///< expected: bytes; actual
    bad_key_size,           ///< expected: bytes; actual
    record_too_large,       ///< expected: bytes at most; actual
    message_too_short,      ///< expected: bytes at least; actual
    message_in_who_are_you  ///< expected: 0; actual: bytes after the header
};
using PacketError = Error<PacketErrc>;
/// In words, with both numbers, for logs.
std::string message(const PacketError& error);

/// Room for one datagram, or a part of one.
using PacketBuffer = ByteArray<packet_bytes_max>;

/// Reads a datagram that came to the node `self`. The unmasked header is written to `header_room`;
/// the packet refers to it and to the datagram.
Result<Packet, PacketError> decode_packet(const Id& self, Bytes datagram,
                                          PacketBuffer& header_room);

/// The part of a packet that is masked, not sealed: readable to all who know its destination.
struct PacketHeader {
    MaskingIv masking_iv{};
    Nonce nonce{};
    PacketKind kind;
};

/// masking-iv | header, unmasked: the associated data of the message. Appends it to `out`.
void encode_header(const PacketHeader& header, Buffer& out);
/// The same into a buffer of its own.
Buffer encode_header(const PacketHeader& header);
/// The whole unmasked WHOAREYOU, which both sides feed into signature and keys.
ChallengeData encode_challenge(const MaskingIv& masking_iv, const Nonce& nonce,
                               const WhoAreYou& who_are_you);

/// Masks masking-iv | header for its destination, where it is.
void mask_header(const Id& destination, MutableBytes header);
/// A datagram of masking-iv | header, unmasked, and a message that is sealed, or random, or none.
/// Appends it to `out`.
void mask_packet(const Id& destination, Bytes header, Bytes message, Buffer& out);
/// The same into a buffer of its own.
Buffer mask_packet(const Id& destination, Bytes header, Bytes message = {});

}  // namespace parley::discovery::discv5
