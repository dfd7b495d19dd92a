#include <parley/discovery/discv5/packet.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::discovery::discv5;

TEST_CASE("discv5 packets: what is encoded is decoded") {
    const Id self{std::byte{7}};
    const PacketHeader header{MaskingIv{std::byte{1}}, Nonce{std::byte{2}}, WhoAreYou{{}, 5}};
    PacketBuffer room;
    const auto datagram = mask_packet(self, encode_header(header));
    const auto packet = decode_packet(self, datagram, room);
    REQUIRE(packet);
    CHECK(std::get<WhoAreYou>(packet->kind) == WhoAreYou{{}, 5});
}
