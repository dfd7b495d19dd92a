// Ordinary packets. Those that are well-formed are sealed again, with what they carry as the plain
// text, and come back.
#include "discv5_packets.hpp"

using namespace parley;
using namespace parley::discovery::discv5;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::run<OrdinaryPacket>(0, data, size, [](const Packet& packet, const OrdinaryPacket& kind) {
        const SessionKey key{std::byte{1}};
        const Bytes plain = packet.message.subspan(crypto::gcm_tag_bytes);
        const auto sealed = seal_packet(fuzz::self, {{}, packet.nonce, kind}, key, plain);
        PacketBuffer header_room;
        PacketBuffer room;
        const auto again = decode_packet(fuzz::self, sealed, header_room);
        fuzz::require(again.has_value());
        const auto opened = open_message(key, *again, room);
        fuzz::require(opened && equal(*opened, plain));
    });
    return 0;
}
