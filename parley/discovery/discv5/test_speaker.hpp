// For tests and measurements: a node that speaks Node Discovery v5.1 by hand, packet by packet.
#pragma once

#include <parley/discovery/discv5/message.hpp>
#include <parley/discovery/discv5/sessions.hpp>
#include <parley/discovery/discv5/test_services.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>

namespace parley::discovery::discv5::testing {

struct Speaker {
    Speaker(std::uint64_t number, const Endpoint& at)
        : entropy(number),
          key(key_of(number)),
          endpoint(at),
          record(record_of(key, at)),
          id(dht_id(key.id())),
          rng(number) {}

    PacketHeader header(PacketKind kind) {
        PacketHeader out{.masking_iv = {}, .nonce = {}, .kind = kind};
        for (auto& byte : out.masking_iv) byte = static_cast<std::byte>(rng.next());
        for (auto& byte : out.nonce) byte = static_cast<std::byte>(rng.next());
        return out;
    }
    /// An ordinary packet with random bytes for a message.
    Buffer random_packet(const NodeId& to, Nonce* nonce = nullptr) {
        const auto head = header(OrdinaryPacket{id});
        if (nonce) *nonce = head.nonce;
        return mask_packet(dht_id(to), encode_header(head), Buffer(40, std::byte{7}));
    }
    Buffer sealed(const NodeId& to, Bytes plain) {
        return seal_packet(dht_id(to), header(OrdinaryPacket{id}), keys.seal, plain);
    }
    /// The answer to a challenge, with a message in it; throws if it is none.
    Buffer handshake(const NodeId& to, Bytes challenge_packet, Bytes plain, bool tell = true) {
        PacketBuffer room;
        const auto packet = decode_packet(id, challenge_packet, room);
        if (!packet || !std::holds_alternative<WhoAreYou>(packet->kind)) {
            throw std::logic_error{"not a challenge"};
        }
        const auto data = array_of<challenge_bytes>(packet->header);
        const auto made = agree_as_initiator(entropy, to, id, dht_id(to), data).value();
        keys = Keys::of_initiator(made.keys);
        const HandshakePacket kind{
            .source = id,
            .id_signature = sign_id(key, data, made.ephemeral_key, dht_id(to)),
            .ephemeral_key = made.ephemeral_key,
            .record = tell ? record.raw() : Bytes{}};
        return seal_packet(dht_id(to), header(kind), keys.seal, plain);
    }
    /// The message of a packet in the session; nothing if it is none.
    std::optional<Buffer> opened(Bytes datagram) const {
        PacketBuffer header_room;
        PacketBuffer room;
        const auto packet = decode_packet(id, datagram, header_room);
        if (!packet) return std::nullopt;
        const auto plain = open_message(keys.open, *packet, room);
        if (!plain) return std::nullopt;
        return to_buffer(*plain);
    }

    SeededEntropy entropy;
    NodeKey key;
    Endpoint endpoint;
    Enr record;
    Id id;
    Rng rng;
    Keys keys;
};

/// `packet` is a WHOAREYOU for that node.
inline bool is_challenge(const Id& to, Bytes datagram) {
    PacketBuffer room;
    const auto packet = decode_packet(to, datagram, room);
    return packet && std::holds_alternative<WhoAreYou>(packet->kind);
}

}  // namespace parley::discovery::discv5::testing
