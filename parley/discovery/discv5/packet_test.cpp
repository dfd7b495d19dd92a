#include <parley/discovery/discv5/packet.hpp>

#include <parley/base/rng.hpp>
#include <parley/crypto/kdf.hpp>
#include <parley/discovery/discv5/session_keys.hpp>
#include <parley/discovery/discv5/test_vectors.hpp>
#include <parley/identity/enr.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::test;

namespace {

constexpr std::string_view vectors[]{ping_packet.packet, who_are_you_packet,
                                     handshake_packet.packet, handshake_packet_with_record.packet};

/// Room for the header of a packet, and the packet.
struct Decoded {
    explicit Decoded(Bytes datagram, const Id& self = id_b)
        : packet(decode_packet(self, datagram, room)) {}
    PacketBuffer room;
    Result<Packet, PacketError> packet;
};

template <class Kind>
Kind kind_of(const Decoded& decoded) {
    REQUIRE(decoded.packet);
    REQUIRE(std::holds_alternative<Kind>(decoded.packet->kind));
    return std::get<Kind>(decoded.packet->kind);
}

/// Of a packet for B: with masking-iv and header unmasked, and back. `header`: all bytes of it.
Buffer masked_again(Bytes datagram, std::size_t header) {
    auto out = to_buffer(datagram);
    const auto masked = MutableBytes{out}.first(header).subspan(16);
    crypto::aes128_ctr(array_of<16>(id_b), array_of<16>(datagram), masked, masked);
    return out;
}

/// The fields of an unmasked packet as they may come, right or wrong.
struct Raw {
    std::string_view protocol = "discv5";
    std::string_view version = "0001";
    std::string_view flag = "00";
    std::string_view authdata_size = "0020";
    std::string authdata = std::string(64, 'a');
    std::size_t message_bytes = 16;

    Buffer datagram() const {
        Buffer out(16, std::byte{0x77});
        append(out, bytes_of(protocol));
        for (const auto part : {version, flag}) append(out, hex(part));
        append(out, ping_nonce);
        append(out, hex(authdata_size));
        append(out, hex(authdata));
        const auto header = out.size();
        out.resize(header + message_bytes);
        return masked_again(out, header);
    }
};

std::string handshake_authdata(std::string_view sizes, std::size_t record_bytes = 0) {
    return std::string(64, 'a') + std::string{sizes} +
           std::string(2 * (64 + 33 + record_bytes), 'b');
}

Raw who_are_you() {
    return {.flag = "01",
            .authdata_size = "0018",
            .authdata = std::string(48, '1'),
            .message_bytes = 0};
}

}  // namespace

TEST_CASE("discv5 packets: an ordinary packet") {
    const auto datagram = hex(ping_packet.packet);
    const Decoded decoded{datagram};
    CHECK(kind_of<OrdinaryPacket>(decoded) == OrdinaryPacket{id_a});
    const auto& packet = *decoded.packet;
    CHECK(packet.nonce == ping_nonce);
    CHECK(to_hex(packet.header) == std::string(32, '0') + "646973637635" + "0001" + "00" +
                                       to_hex(ping_nonce) + "0020" + to_hex(id_a));
    CHECK(to_hex(packet.message) == ping_packet.packet.substr(2 * ordinary_header_bytes));

    const auto header = encode_header({{}, ping_nonce, OrdinaryPacket{id_a}});
    CHECK(header.size() == ordinary_header_bytes);
    CHECK(equal(header, packet.header));
    CHECK(mask_packet(id_b, header, packet.message) == datagram);
}

TEST_CASE("discv5 packets: a WHOAREYOU, whose header is the challenge") {
    const auto datagram = hex(who_are_you_packet);
    const Decoded decoded{datagram};
    CHECK(kind_of<WhoAreYou>(decoded) == WhoAreYou{id_nonce, 0});
    CHECK(decoded.packet->nonce == request_nonce);
    CHECK(to_hex(decoded.packet->header) == challenge_hex);
    CHECK(decoded.packet->message.empty());

    CHECK(encode_challenge({}, request_nonce, {id_nonce, 0}) == challenge());
    CHECK(encode_challenge({}, request_nonce, {id_nonce, 1}) == challenge(1));
    CHECK(mask_packet(id_b, challenge()) == datagram);
}

TEST_CASE("discv5 packets: a handshake packet, without and with a record") {
    for (const auto* const vector : {&handshake_packet, &handshake_packet_with_record}) {
        const auto datagram = hex(vector->packet);
        const Decoded decoded{datagram};
        const auto handshake = kind_of<HandshakePacket>(decoded);
        CHECK(decoded.packet->nonce == ping_nonce);
        CHECK(handshake.source == id_a);
        CHECK(handshake.ephemeral_key == ephemeral_key);
        CHECK(handshake.record.empty() == (vector == &handshake_packet));
        if (!handshake.record.empty()) {
            const auto record = Enr::decode(handshake.record);
            REQUIRE(record);
            CHECK(record->id() == node_a().id());
            CHECK(record->sequence() == 1);
        }
        CHECK(decoded.packet->header.size() == handshake_header_bytes + handshake.record.size());
        CHECK(decoded.packet->message.size() == 8 + 16);

        const auto header = encode_header({{}, ping_nonce, handshake});
        CHECK(equal(header, decoded.packet->header));
        CHECK(mask_packet(id_b, header, decoded.packet->message) == datagram);
    }
}

TEST_CASE("discv5 packets: the masking-iv is a part of header and mask") {
    const MaskingIv masking_iv = hex<16>("000102030405060708090a0b0c0d0e0f");
    const PacketHeader header{masking_iv, request_nonce, OrdinaryPacket{id_b}};
    const auto message = hex("202122232425262728292a2b2c2d2e2f30313233");
    const auto datagram = mask_packet(id_a, encode_header(header), message);
    const Decoded decoded{datagram, id_a};
    CHECK(kind_of<OrdinaryPacket>(decoded).source == id_b);
    CHECK(equal(decoded.packet->header.first(16), masking_iv));
    CHECK(equal(decoded.packet->message, message));
    auto without = header;
    without.masking_iv = {};
    CHECK_FALSE(equal(Bytes{mask_packet(id_a, encode_header(without), message)}.subspan(16),
                      Bytes{datagram}.subspan(16)));
    CHECK(Decoded{datagram, id_b}.packet.error() == PacketError{PacketErrc::bad_protocol});
}

TEST_CASE("discv5 packets: bad ones") {
    struct Bad {
        std::string_view what;
        Buffer datagram;
        PacketError error;
        std::string_view words;
    };
    const Bad cases[]{
        {"nothing", {}, {PacketErrc::too_short, 63, 0}, "a packet of 0 bytes, at least 63"},
        {"one byte less than a WHOAREYOU",
         Buffer(62),
         {PacketErrc::too_short, 63, 62},
         "a packet of 62 bytes, at least 63"},
        {"one byte too many",
         Raw{.message_bytes = 1281 - 71}.datagram(),
         {PacketErrc::too_long, 1280, 1281},
         "a packet of 1281 bytes, at most 1280"},
        {"zeros", Buffer(100), {PacketErrc::bad_protocol}, "no packet for this node"},
        {"another protocol",
         Raw{.protocol = "discv4"}.datagram(),
         {PacketErrc::bad_protocol},
         "no packet for this node"},
        {"version 0",
         Raw{.version = "0000"}.datagram(),
         {PacketErrc::bad_version, 1, 0},
         "version 0, expected 1"},
        {"a later version",
         Raw{.version = "0102"}.datagram(),
         {PacketErrc::bad_version, 1, 258},
         "version 258, expected 1"},
        {"an unknown flag",
         Raw{.flag = "03"}.datagram(),
         {PacketErrc::bad_flag, 2, 3},
         "flag 3, at most 2"},
        {"ordinary, a source of 31 bytes",
         Raw{.authdata_size = "001f"}.datagram(),
         {PacketErrc::bad_authdata_size, 32, 31},
         "authdata of 31 bytes, expected 32"},
        {"ordinary, a source of 33 bytes",
         Raw{.authdata_size = "0021"}.datagram(),
         {PacketErrc::bad_authdata_size, 32, 33},
         "authdata of 33 bytes, expected 32"},
        {"ordinary, cut in the source",
         Raw{.authdata = std::string(50, 'a'), .message_bytes = 0}.datagram(),
         {PacketErrc::truncated_authdata, 32, 25},
         "authdata is truncated: 32 bytes promised, 25 there"},
        {"ordinary, without a message",
         Raw{.message_bytes = 0}.datagram(),
         {PacketErrc::message_too_short, 16, 0},
         "a message of 0 bytes, at least 16"},
        {"ordinary, a message smaller than a tag",
         Raw{.message_bytes = 15}.datagram(),
         {PacketErrc::message_too_short, 16, 15},
         "a message of 15 bytes, at least 16"},
        {"WHOAREYOU, a short record sequence",
         [] {
             auto raw = who_are_you();
             raw.authdata_size = "0017";
             return raw.datagram();
         }(),
         {PacketErrc::bad_authdata_size, 24, 23},
         "authdata of 23 bytes, expected 24"},
        {"WHOAREYOU with more in it",
         [] {
             auto raw = who_are_you();
             raw.authdata_size = "0019";
             raw.authdata += "00";
             return raw.datagram();
         }(),
         {PacketErrc::bad_authdata_size, 24, 25},
         "authdata of 25 bytes, expected 24"},
        {"WHOAREYOU with something after it",
         [] {
             auto raw = who_are_you();
             raw.message_bytes = 1;
             return raw.datagram();
         }(),
         {PacketErrc::message_in_who_are_you, 0, 1},
         "a WHOAREYOU with a message of 1 bytes"},
        {"handshake, too little authdata for a signature and a key",
         Raw{.flag = "02", .authdata_size = "0082", .authdata = handshake_authdata("4021")}
             .datagram(),
         {PacketErrc::bad_authdata_size, 131, 130},
         "authdata of 130 bytes, expected 131"},
        {"handshake, cut in the key",
         Raw{.flag = "02",
             .authdata_size = "0083",
             .authdata = std::string(2 * 115, 'a'),
             .message_bytes = 15}
             .datagram(),
         {PacketErrc::truncated_authdata, 131, 130},
         "authdata is truncated: 131 bytes promised, 130 there"},
        {"handshake, all the authdata that can be said",
         Raw{.flag = "02", .authdata_size = "ffff", .authdata = handshake_authdata("4021", 300)}
             .datagram(),
         {PacketErrc::truncated_authdata, 65535, 447},
         "authdata is truncated: 65535 bytes promised, 447 there"},
        {"handshake, a signature of 65 bytes",
         Raw{.flag = "02", .authdata_size = "0084", .authdata = handshake_authdata("4121", 1)}
             .datagram(),
         {PacketErrc::bad_signature_size, 64, 65},
         "a signature of 65 bytes, expected 64"},
        {"handshake, without a signature",
         Raw{.flag = "02", .authdata_size = "0083", .authdata = handshake_authdata("0021")}
             .datagram(),
         {PacketErrc::bad_signature_size, 64, 0},
         "a signature of 0 bytes, expected 64"},
        {"handshake, a key that is not compressed",
         Raw{.flag = "02", .authdata_size = "0083", .authdata = handshake_authdata("4041")}
             .datagram(),
         {PacketErrc::bad_key_size, 33, 65},
         "an ephemeral key of 65 bytes, expected 33"},
        {"handshake, a record of 301 bytes",
         Raw{.flag = "02", .authdata_size = "01b0", .authdata = handshake_authdata("4021", 301)}
             .datagram(),
         {PacketErrc::record_too_large, 300, 301},
         "a record of 301 bytes, at most 300"},
        {"handshake, without a message",
         Raw{.flag = "02",
             .authdata_size = "0083",
             .authdata = handshake_authdata("4021"),
             .message_bytes = 0}
             .datagram(),
         {PacketErrc::message_too_short, 16, 0},
         "a message of 0 bytes, at least 16"},
    };
    for (const Bad& bad : cases) {
        CAPTURE(bad.what);
        const Decoded decoded{bad.datagram};
        REQUIRE_FALSE(decoded.packet);
        CHECK(decoded.packet.error() == bad.error);
        CHECK(message(bad.error) == "discv5: " + std::string{bad.words});
    }
}

TEST_CASE("discv5 packets: the largest and smallest of each kind") {
    CHECK(Decoded{Raw{}.datagram()}.packet);
    CHECK(Decoded{Raw{.message_bytes = 1280 - 71}.datagram()}.packet);
    CHECK(Decoded{who_are_you().datagram()}.packet);
    const Raw smallest{
        .flag = "02", .authdata_size = "0083", .authdata = handshake_authdata("4021")};
    CHECK(Decoded{smallest.datagram()}.packet);
    const Raw largest{.flag = "02",
                      .authdata_size = "01af",
                      .authdata = handshake_authdata("4021", 300),
                      .message_bytes = 1280 - 470};
    const auto datagram = largest.datagram();
    CHECK(datagram.size() == packet_bytes_max);
    CHECK(kind_of<HandshakePacket>(Decoded{datagram}).record.size() == 300);
}

TEST_CASE("discv5 packets: noise of every size") {
    Buffer noise(65535);
    SeededEntropy{1}.fill(noise);
    for (std::size_t size = 0; size <= noise.size(); ++size) {
        const Decoded decoded{Bytes{noise}.first(size)};
        REQUIRE_FALSE(decoded.packet);
        const auto expected = size < 63     ? PacketError{PacketErrc::too_short, 63, size}
                              : size > 1280 ? PacketError{PacketErrc::too_long, 1280, size}
                                            : PacketError{PacketErrc::bad_protocol};
        REQUIRE(decoded.packet.error() == expected);
    }
}

TEST_CASE("discv5 packets: an ordinary packet of every size") {
    const auto whole = Raw{.message_bytes = 65535 - 71}.datagram();
    for (std::size_t size = 71; size <= whole.size(); ++size) {
        const auto datagram = Bytes{whole}.first(size);
        const Decoded decoded{datagram};
        if (size < 71 + 16) {
            REQUIRE(decoded.packet.error() ==
                    PacketError{PacketErrc::message_too_short, 16, size - 71});
        } else if (size > 1280) {
            REQUIRE(decoded.packet.error() == PacketError{PacketErrc::too_long, 1280, size});
        } else {
            REQUIRE(decoded.packet);
            REQUIRE(decoded.packet->message.size() == size - 71);
        }
    }
}

TEST_CASE("discv5 packets: cut anywhere, they are refused or do not open") {
    const SessionKey keys[]{hex<16>(ping_packet.key),
                            {},
                            hex<16>(handshake_packet.key),
                            hex<16>(handshake_packet_with_record.key)};
    for (std::size_t i = 0; i < std::size(vectors); ++i) {
        CAPTURE(i);
        const auto whole = hex(vectors[i]);
        const Decoded uncut{whole};
        REQUIRE(uncut.packet);
        const auto header_bytes = uncut.packet->header.size();
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(size);
            const auto datagram = Bytes{whole}.first(size);
            const Decoded cut{datagram};
            if (size < 63) {
                CHECK(cut.packet.error() == PacketError{PacketErrc::too_short, 63, size});
            } else if (size < header_bytes) {
                CHECK(cut.packet.error() ==
                      PacketError{PacketErrc::truncated_authdata, header_bytes - 39, size - 39});
            } else if (size < header_bytes + 16) {
                CHECK(cut.packet.error() ==
                      PacketError{PacketErrc::message_too_short, 16, size - header_bytes});
            } else {
                REQUIRE(cut.packet);
                PacketBuffer room;
                CHECK_FALSE(open_message(keys[i], *cut.packet, room));
            }
        }
    }
}

TEST_CASE("discv5 packets: no changed bit is taken for authentic") {
    const SessionKey keys[]{hex<16>(ping_packet.key),
                            {},
                            hex<16>(handshake_packet.key),
                            hex<16>(handshake_packet_with_record.key)};
    for (std::size_t i = 0; i < std::size(vectors); ++i) {
        auto datagram = hex(vectors[i]);
        const Decoded original{datagram};
        REQUIRE(original.packet);
        int accepted = 0;
        for (std::size_t bit = 0; bit < 8 * datagram.size(); ++bit) {
            const auto flip = [&] { datagram[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8)); };
            flip();
            const Decoded changed{datagram};
            if (changed.packet && changed.packet->message.empty()) {
                // A WHOAREYOU: another nonce than the request's, or keys that will not fit.
                ++accepted;
                CHECK_FALSE(equal(changed.packet->header, original.packet->header));
            } else if (changed.packet) {
                ++accepted;
                PacketBuffer room;
                CHECK_FALSE(open_message(keys[i], *changed.packet, room));
            }
            flip();
        }
        CHECK(accepted > 0);  // the format has no redundancy in most places
    }
}
