#include "dht.hpp"
#include "dht_node.hpp"
#include "harness.hpp"
#include <parley/crypto/aead.hpp>
#include <parley/crypto/hash.hpp>

#include <list>
#include <stdexcept>

namespace parley::bench {

using namespace discovery::discv5;

namespace {

constexpr std::size_t handshakes = 2'000;

/// A stranger and the packets of its handshake, made in advance as far as they can be.
struct Stranger {
    Stranger(std::size_t number, const NodeId& node)
        : endpoint{IpAddress::v4({std::byte{127}, std::byte{2}, static_cast<std::byte>(number >> 8),
                                  static_cast<std::byte>(number)}),
                   30303},
          peer(100'000 + number, endpoint),
          hello(peer.random_packet(node)) {}
    Endpoint endpoint;
    DhtPeer peer;
    Buffer hello, challenge, handshake;
};

}  // namespace

double dht_handshakes() {
    DhtNode node;
    auto& service = node.service();
    const auto before = service.counters();
    std::list<Stranger> strangers;
    for (std::size_t i = 0; i < handshakes; ++i) strangers.emplace_back(i, node.key());

    double seconds = 0;
    const auto take = [&](Buffer Stranger::* packet) {
        service.outbox().clear();
        const double began = thread_seconds_now();
        for (const auto& stranger : strangers) {
            service.on_datagram(node.now(), stranger.endpoint, stranger.*packet);
        }
        seconds += thread_seconds_now() - began;
    };
    take(&Stranger::hello);
    std::size_t i = 0;
    for (auto& stranger : strangers) {
        stranger.handshake = stranger.peer.handshake(node.key(), service.outbox()[i],
                                                     encode(Ping{RequestId::of(i), 1}));
        ++i;
    }
    take(&Stranger::handshake);
    if (service.counters().handshakes - before.handshakes != handshakes ||
        service.outbox().size() != handshakes) {
        throw std::runtime_error{"a handshake failed"};
    }
    return handshakes / seconds;
}

double bare_dht_handshakes() {
    SeededEntropy entropy{1};
    const auto key = NodeKey::generate(entropy);
    const Id self = dht_id(key.id());
    std::list<Stranger> strangers;
    const ChallengeData challenge = encode_challenge({}, {}, {});
    for (std::size_t i = 0; i < handshakes; ++i) {
        auto& stranger = strangers.emplace_back(i, key.id());
        stranger.challenge = mask_packet(stranger.peer.id, challenge);
        stranger.handshake = stranger.peer.handshake(key.id(), stranger.challenge,
                                                     encode(Ping{RequestId::of(i), 1}));
    }

    PacketBuffer header_room{}, room{};
    const auto pong = encode(Pong{RequestId::of(1), 1, strangers.front().endpoint});
    const auto require = [](bool ok) {
        if (!ok) throw std::runtime_error{"a handshake failed"};
    };
    const double began = thread_seconds_now();
    for (const auto& stranger : strangers) {
        // Opens the first packet, and masks the challenge.
        const auto hello = decode_packet(self, stranger.hello, header_room);
        require(hello.has_value());
        IdNonce nonce;
        entropy.fill(nonce);
        (void)mask_packet(stranger.peer.id, challenge);
        // Opens the handshake, and seals the answer.
        const auto packet = decode_packet(self, stranger.handshake, header_room);
        const auto& kind = std::get<HandshakePacket>(packet->kind);
        const auto record = Enr::decode(kind.record);
        require(record.has_value());
        require(verify_id(record->id(), challenge, kind.ephemeral_key, self, kind.id_signature));
        const auto keys = agree_as_recipient(key, kind.ephemeral_key, kind.source, self, challenge);
        require(keys && open_message(keys->initiator, *packet, room));
        (void)seal_packet(kind.source, {{}, packet->nonce, OrdinaryPacket{self}}, keys->recipient,
                          pong);
    }
    return handshakes / (thread_seconds_now() - began);
}

}  // namespace parley::bench
