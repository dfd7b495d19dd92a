// WHOAREYOU packets: the header of one that is well-formed is its challenge.
#include "discv5_packets.hpp"

using namespace parley;
using namespace parley::discovery::discv5;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::run<WhoAreYou>(1, data, size, [](const Packet& packet, const WhoAreYou& kind) {
        const auto iv = array_of<sizeof(MaskingIv)>(packet.header);
        fuzz::require(packet.message.empty());
        fuzz::require(equal(encode_challenge(iv, packet.nonce, kind), packet.header));
    });
    return 0;
}
