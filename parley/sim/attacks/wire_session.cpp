#include <parley/sim/attacks/wire_session.hpp>

#include <algorithm>
#include <utility>

namespace parley::sim {

using namespace transport;

WireSession::WireSession(const NodeKey& key, Hello hello, const NodeId& target,
                         EntropySource& entropy)
    : initiator_(key, target, encode_hello(hello), versions_of(hello), entropy),
      hello_(std::move(hello)) {}

Buffer WireSession::on_bytes(Bytes bytes) {
    if (sealer_) {
        open_ = true;  // its first frame: Ready or Goodbye
        return {};
    }
    const auto taken = std::min(bytes.size(), m2_bytes - m2_.size());
    append(m2_, bytes.first(taken));
    if (failed_ || m2_.size() < m2_bytes) return {};
    const auto proof = initiator_.read_m2(m2_);
    if (!proof) {
        failed_ = true;
        return {};
    }
    topics_ = common_topics(hello_, proof->hello);
    auto m3 = initiator_.write_m3();
    sealer_.emplace(initiator_.take_keys().initiator_to_responder);
    return m3;
}

Buffer WireSession::frame(Bytes msg) {
    Buffer out(frame_header_bytes + msg.size());
    if (!sealer_->seal({&msg, 1}, out)) out.clear();
    return out;
}

Buffer raw_chunk(LaneId lane, unsigned flags, Code code, std::uint32_t total, Bytes bytes) {
    const Chunk made{.lane = lane,
                     .flags = static_cast<std::uint8_t>(flags),
                     .code = code,
                     .total = total,
                     .bytes = bytes};
    Buffer out(first_chunk_header_bytes + bytes.size());
    ChunkWriter writer{out};
    writer.put(made);
    out.resize(writer.size());
    return out;
}

}  // namespace parley::sim
