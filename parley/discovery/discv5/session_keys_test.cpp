#include <parley/discovery/discv5/session_keys.hpp>

#include <parley/crypto/stub.hpp>
#include <parley/discovery/discv5/message.hpp>
#include <parley/discovery/discv5/test_vectors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::test;

namespace {

/// The vectors' static key, where it is not A's or B's.
const ByteArray<32> vector_secret =
    hex<32>("fb757dc581730490a1d7a00deea65e9b1936924caaea8f44d476014856b68736");

/// "Random" bytes that are what they are told to be.
class Fixed final : public EntropySource {
public:
    explicit Fixed(const ByteArray<32>& bytes) : bytes_(bytes) {}
    void fill(MutableBytes out) override { std::ranges::copy(bytes_, out.begin()); }

private:
    ByteArray<32> bytes_;
};

/// What the initiator A sends in answer to B's challenge, and has.
struct Sent {
    Buffer datagram;
    SessionKeys keys;
};

Sent shake_hands(const ChallengeData& sent_challenge, Bytes record, Bytes message) {
    Fixed entropy{ephemeral_secret};
    const auto made = agree_as_initiator(entropy, node_b().id(), id_a, id_b, sent_challenge);
    REQUIRE(made);
    const auto signature = sign_id(node_a(), sent_challenge, made->ephemeral_key, id_b);
    const PacketHeader header{
        {}, ping_nonce, HandshakePacket{id_a, signature, made->ephemeral_key, record}};
    return {seal_packet(id_b, header, made->keys.initiator, message), made->keys};
}

/// The plain text that B reads; nothing if anything is wrong with it.
std::optional<Buffer> receive(Bytes datagram, const ChallengeData& sent_challenge) {
    PacketBuffer header_room;
    const auto packet = decode_packet(id_b, datagram, header_room);
    if (!packet) return std::nullopt;
    const auto* const handshake = std::get_if<HandshakePacket>(&packet->kind);
    if (handshake == nullptr || !verify_id(node_a().id(), sent_challenge, handshake->ephemeral_key,
                                           id_b, handshake->id_signature)) {
        return std::nullopt;
    }
    const auto keys = agree_as_recipient(node_b(), handshake->ephemeral_key, handshake->source,
                                         id_b, sent_challenge);
    if (!keys) return std::nullopt;
    PacketBuffer room;
    const auto plain = open_message(keys->initiator, *packet, room);
    if (!plain) return std::nullopt;
    return to_buffer(*plain);
}

}  // namespace

TEST_CASE("discv5 keys: the nodes of the vectors have the IDs that are said") {
    CHECK(dht_id(node_a().id()) == id_a);
    CHECK(dht_id(node_b().id()) == id_b);
    CHECK(crypto::public_key(ephemeral_secret) == ephemeral_key);
}

TEST_CASE("discv5 keys: derived as in the vectors") {
    const NodeId recipient{
        hex<33>("0317931e6e0840220642f230037d285d122bc59063221ef3226b1f403ddc69ca91")};
    Fixed entropy{vector_secret};
    const auto made = agree_as_initiator(entropy, recipient, id_a, id_b, challenge());
    REQUIRE(made);
    CHECK(to_hex(made->keys.initiator) == "dccc82d81bd610f4f76d3ebe97a40571");
    CHECK(to_hex(made->keys.recipient) == "ac74bb8773749920b0d3a8881c173ec5");
    CHECK(made->ephemeral_key == crypto::public_key(vector_secret));
    CHECK_FALSE(agree_as_initiator(entropy, NodeId{}, id_a, id_b, challenge()));
    CHECK_FALSE(agree_as_recipient(node_b(), {}, id_a, id_b, challenge()));
}

TEST_CASE("discv5 keys: each depends on all that is bound") {
    const auto shared = ephemeral_key;
    const auto keys = derive_keys(shared, id_a, id_b, challenge());
    CHECK(keys.initiator != keys.recipient);
    CHECK(keys == derive_keys(shared, id_a, id_b, challenge()));
    CHECK(keys != derive_keys(shared, id_b, id_a, challenge()));
    CHECK(keys != derive_keys(shared, id_a, id_a, challenge()));
    CHECK(keys != derive_keys(shared, id_a, id_b, challenge(1)));
    CHECK(keys != derive_keys(node_a().id().key, id_a, id_b, challenge()));
}

TEST_CASE("discv5 keys: the ID signature of the vectors") {
    const auto key = *NodeKey::from_secret(vector_secret);
    const auto ephemeral =
        hex<33>("039961e4c2356d61bedb83052c115d311acb3a96f5777296dcf297351130266231");
    const auto signature = sign_id(key, challenge(), ephemeral, id_b);
    CHECK(to_hex(signature) ==
          "94852a1e2318c4e5e9d422c98eaf19d1d90d876b29cd06ca7cb7546d0fff7b48"
          "4fe86c09a064fe72bdbef73ba8e9c34df0cd2b53e9d65528c2c7f336d5dfc6e6");
    CHECK(verify_id(key.id(), challenge(), ephemeral, id_b, signature));

    const auto hedged = sign_id(key, challenge(), ephemeral, id_b, Hash256{std::byte{1}});
    CHECK(hedged != signature);
    CHECK(verify_id(key.id(), challenge(), ephemeral, id_b, hedged));

    CHECK_FALSE(verify_id(node_a().id(), challenge(), ephemeral, id_b, signature));
    CHECK_FALSE(verify_id(key.id(), challenge(1), ephemeral, id_b, signature));
    CHECK_FALSE(verify_id(key.id(), challenge(), ephemeral_key, id_b, signature));
    CHECK_FALSE(verify_id(key.id(), challenge(), ephemeral, id_a, signature));
    auto changed = signature;
    changed[40] ^= std::byte{1};
    CHECK_FALSE(verify_id(key.id(), challenge(), ephemeral, id_b, changed));
}

TEST_CASE("discv5 keys: the messages in the packets of the vectors open, and are sealed so") {
    for (const auto* const vector :
         {&ping_packet, &handshake_packet, &handshake_packet_with_record}) {
        const auto datagram = hex(vector->packet);
        const auto key = hex<16>(vector->key);
        PacketBuffer header_room;
        const auto packet = decode_packet(id_b, datagram, header_room);
        REQUIRE(packet);
        PacketBuffer room;
        const auto plain = open_message(key, *packet, room);
        REQUIRE(plain);
        CHECK(to_hex(*plain) == vector->message);
        const auto sequence = vector == &ping_packet ? 2U : 1U;
        CHECK(std::get<Ping>(decode_message(*plain).value()) ==
              Ping{RequestId{hex("00000001")}, sequence});
        CHECK_FALSE(open_message(SessionKey{std::byte{1}}, *packet, room));

        const PacketHeader header{{}, packet->nonce, packet->kind};
        CHECK(seal_packet(id_b, header, key, hex(vector->message)) == datagram);
    }
}

TEST_CASE("discv5 keys: both handshakes of the vectors, bit by bit") {
    PacketBuffer header_room;
    const auto with_record = hex(handshake_packet_with_record.packet);
    const auto packet = decode_packet(id_b, with_record, header_room);
    REQUIRE(packet);
    const auto record = std::get<HandshakePacket>(packet->kind).record;

    // The record's sequence is 1: a challenge that knows it wants none.
    const auto known = shake_hands(challenge(1), {}, hex(handshake_packet.message));
    CHECK(to_hex(known.datagram) == handshake_packet.packet);
    CHECK(to_hex(known.keys.initiator) == handshake_packet.key);
    CHECK(receive(known.datagram, challenge(1)) == hex(handshake_packet.message));

    const auto unknown = shake_hands(challenge(), record, hex(handshake_packet.message));
    CHECK(unknown.datagram == with_record);
    CHECK(to_hex(unknown.keys.initiator) == handshake_packet_with_record.key);
    CHECK(receive(unknown.datagram, challenge()) == hex(handshake_packet.message));
    CHECK_FALSE(receive(unknown.datagram, challenge(1)));
}

TEST_CASE("discv5 keys: both sides of a handshake get the same, whatever the cryptography") {
    crypto::StubCrypto stub;
    crypto::Provider* const providers[]{nullptr, &stub};
    for (auto* const provider : providers) {
        const crypto::ScopedProvider scope{provider};
        const auto sent = shake_hands(challenge(), {}, bytes_of("a message"));
        CHECK(receive(sent.datagram, challenge()) == to_buffer(bytes_of("a message")));

        auto changed = sent.datagram;
        for (std::size_t at = 0; at < changed.size(); ++at) {
            changed[at] ^= std::byte{0x10};
            if (receive(changed, challenge())) FAIL("byte " << at);
            changed[at] ^= std::byte{0x10};
        }

        // The answer, under the other key.
        const PacketHeader header{{}, request_nonce, OrdinaryPacket{id_b}};
        const auto answer = seal_packet(id_a, header, sent.keys.recipient, bytes_of("an answer"));
        PacketBuffer header_room;
        const auto packet = decode_packet(id_a, answer, header_room);
        REQUIRE(packet);
        PacketBuffer room;
        CHECK_FALSE(open_message(sent.keys.initiator, *packet, room));
        const auto plain = open_message(sent.keys.recipient, *packet, room);
        REQUIRE(plain);
        CHECK(text_of(*plain) == "an answer");
    }
}

TEST_CASE("discv5 keys: a secret that is none is drawn again") {
    class Twice final : public EntropySource {
    public:
        void fill(MutableBytes out) override {
            const auto from = times++ == 0 ? ByteArray<32>{} : ephemeral_secret;
            std::ranges::copy(from, out.begin());
        }
        int times = 0;
    } entropy;
    const auto made = agree_as_initiator(entropy, node_b().id(), id_a, id_b, challenge());
    REQUIRE(made);
    CHECK(made->ephemeral_key == ephemeral_key);
    CHECK(entropy.times == 2);
}

TEST_CASE("discv5 keys: a message that is empty, or as large as a packet allows") {
    const SessionKey key{std::byte{1}};
    const PacketHeader header{{}, ping_nonce, OrdinaryPacket{id_a}};
    for (const std::size_t size : {0U, 1U, 1193U}) {
        const Buffer text(size, std::byte{0x5a});
        const auto datagram = seal_packet(id_b, header, key, text);
        CHECK(datagram.size() == 71 + size + 16);
        PacketBuffer header_room;
        const auto packet = decode_packet(id_b, datagram, header_room);
        REQUIRE(packet);
        PacketBuffer room;
        const auto plain = open_message(key, *packet, room);
        REQUIRE(plain);
        CHECK(equal(*plain, text));
    }
}
