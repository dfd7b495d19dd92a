// Messages: what is decoded can be encoded, and is the same when it is decoded again. The records
// of a NODES, split anew, fit into packets.
#include <parley/discovery/discv5/message.hpp>
#include <parley/discovery/discv5/session_keys.hpp>

#include <cstdlib>
#include <span>
#include <variant>

using namespace parley;
using namespace parley::discovery::discv5;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_split(const Nodes& nodes) {
    std::size_t records = 0;
    const auto split = split_nodes(nodes.request_id, nodes.records);
    for (const auto& part : split) {
        require(part.total == split.size());
        records += part.records.size();
        const auto packet = seal_packet({}, {{}, {}, OrdinaryPacket{}}, {}, encode(part));
        require(packet.size() <= packet_bytes_max);
    }
    require(records == nodes.records.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    const auto decoded = decode_message(input);
    if (!decoded) {
        require(!message(decoded.error()).empty());
        return 0;
    }
    const auto encoded = encode(*decoded);
    require(encoded.size() <= input.size());
    const auto again = decode_message(encoded);
    require(again && again->index() == decoded->index() && encode(*again) == encoded);
    if (const auto* const nodes = std::get_if<Nodes>(&*decoded)) check_split(*nodes);
    return 0;
}
