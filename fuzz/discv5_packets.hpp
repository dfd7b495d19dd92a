// What the fuzz targets of the three kinds of discv5 packets share. A fuzzer cannot mask, so the
// input is read twice: as a datagram, and as what follows nonce and flag in a header, which is
// then masked for the node.
#pragma once

#include <parley/base/endian.hpp>
#include <parley/discovery/discv5/session_keys.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <span>
#include <variant>

namespace parley::discovery::discv5::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

/// Node B of discv5-wire-test-vectors.md.
inline const Id self =
    *array_from_hex<32>("bbbb9d047f0488c0b5a93c1c3f2d8bafc7c8ff337024a55434a0d0555de64db9");

/// masking-iv | protocol-id | version | flag | nonce | input, as far as its authdata-size goes
/// masked.
inline Buffer datagram_of(std::uint8_t flag, Bytes input) {
    Buffer out(16);
    append(out, bytes_of("discv5"));
    append_be(out, std::uint16_t{1});
    append_be(out, flag);
    append(out, Nonce{});
    append(out, input);
    const std::size_t authdata = input.size() < 2 ? 0 : load_be<std::uint16_t>(input);
    mask_header(self, MutableBytes{out}.first(std::min(out.size(), 39 + authdata)));
    return out;
}

/// What is decoded is what is encoded again, and nobody knows the key.
inline void check_round_trip(Bytes datagram, const Packet& packet) {
    require(!packet.header.empty() &&
            packet.header.size() + packet.message.size() == datagram.size());
    const PacketHeader header{array_of<16>(datagram), packet.nonce, packet.kind};
    const auto encoded = encode_header(header);
    require(equal(encoded, packet.header));
    require(equal(mask_packet(self, encoded, packet.message), datagram));
    PacketBuffer room;
    require(!open_message(SessionKey{std::byte{0x2a}}, packet, room));
}

/// `check` is called with each packet of the kind that the input makes.
template <class Kind>
void run(std::uint8_t flag, const std::uint8_t* data, std::size_t size,
         const std::function<void(const Packet&, const Kind&)>& check) {
    const Bytes input = std::as_bytes(std::span{data, size});
    for (const auto& datagram : {to_buffer(input), datagram_of(flag, input)}) {
        PacketBuffer room;
        const auto packet = decode_packet(self, datagram, room);
        if (!packet) {
            require(!message(packet.error()).empty());
            continue;
        }
        check_round_trip(datagram, *packet);
        if (const auto* const kind = std::get_if<Kind>(&packet->kind)) check(*packet, *kind);
    }
}

}  // namespace parley::discovery::discv5::fuzz
