// Handshake packets: what a stranger writes is signed by nobody, and the keys that follow from its
// ephemeral key do not open its message.
#include "discv5_packets.hpp"
#include <parley/identity/enr.hpp>

using namespace parley;
using namespace parley::discovery::discv5;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const NodeKey own = [] {
        SeededEntropy entropy{1};
        return NodeKey::generate(entropy);
    }();
    const ChallengeData challenge{};
    fuzz::run<HandshakePacket>(
        2, data, size, [&](const Packet& packet, const HandshakePacket& kind) {
            fuzz::require(kind.record.size() <= Enr::size_bytes_max);
            (void)Enr::decode(kind.record);
            fuzz::require(
                !verify_id(own.id(), challenge, kind.ephemeral_key, fuzz::self, kind.id_signature));
            const auto keys =
                agree_as_recipient(own, kind.ephemeral_key, kind.source, fuzz::self, challenge);
            PacketBuffer room;
            fuzz::require(!keys || !open_message(keys->initiator, packet, room));
        });
    return 0;
}
