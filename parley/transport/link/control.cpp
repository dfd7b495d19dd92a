#include <parley/transport/link/control.hpp>

#include <parley/base/endian.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <limits>

namespace parley::transport {

namespace {

constexpr std::byte kind_ask{1};
constexpr std::byte kind_answer{2};

}  // namespace

SharedBytes encode_statuses(const Statuses& statuses) {
    Buffer out{std::byte{0}};
    std::uint8_t count = 0;
    for (LaneId lane = 1; lane <= lanes_max; ++lane) {
        const auto found = std::ranges::find(statuses, lane, &Statuses::value_type::first);
        if (found == statuses.end() || found->second.size() > status_bytes_max) continue;
        out.push_back(std::byte{lane});
        out.push_back(static_cast<std::byte>(found->second.size()));
        append(out, found->second);
        ++count;
    }
    out[0] = std::byte{count};
    return SharedBytes::own(std::move(out));
}

Buffer cut_statuses(Bytes encoded, std::size_t size_bytes_max) {
    std::size_t end = 1;
    std::uint8_t count = 0;
    while (end < encoded.size()) {
        const auto next = end + 2 + std::to_integer<std::size_t>(encoded[end + 1]);
        if (next > size_bytes_max) break;
        end = next;
        ++count;
    }
    Buffer out{std::byte{count}};
    if (count > 0) append(out, encoded.subspan(1, end - 1));
    return out;
}

Buffer encode_beat(std::uint32_t seq, bool is_answer, Bytes statuses) {
    Buffer out;
    out.reserve(beat_header_bytes + statuses.size() + 1);
    append_be(out, seq);
    out.push_back(is_answer ? kind_answer : kind_ask);
    if (statuses.empty()) {
        out.push_back(std::byte{0});
    } else {
        append(out, statuses);
    }
    return out;
}

Result<BeatMessage, LinkError> decode_beat(Bytes body, LaneId lane_max) {
    const auto whole_size = body.size();
    if (body.size() < beat_header_bytes + 1) {
        return fail(LinkErrc::bad_control, beat_header_bytes + 1, whole_size);
    }
    BeatMessage beat;
    beat.seq = load_be<std::uint32_t>(body);
    const auto kind = body[4];
    if (kind != kind_ask && kind != kind_answer) {
        return fail(LinkErrc::bad_control, 0, std::to_integer<std::uint64_t>(kind));
    }
    beat.is_answer = kind == kind_answer;
    const auto count = std::to_integer<unsigned>(body[beat_header_bytes]);
    body = body.subspan(beat_header_bytes + 1);
    LaneId lane_before = 0;  // control, which has no status
    for (unsigned i = 0; i < count; ++i) {
        if (body.size() < 2) return fail(LinkErrc::bad_control, whole_size + 2, whole_size);
        const auto lane = std::to_integer<LaneId>(body[0]);
        const auto size = std::to_integer<std::size_t>(body[1]);
        if (lane <= lane_before || lane > lane_max) {
            return fail(LinkErrc::bad_control, lane_max, lane);
        }
        if (size > status_bytes_max) return fail(LinkErrc::bad_control, status_bytes_max, size);
        body = body.subspan(2);
        if (body.size() < size) {
            return fail(LinkErrc::bad_control, whole_size - body.size() + size, whole_size);
        }
        beat.statuses.emplace_back(lane, to_buffer(body.first(size)));
        body = body.subspan(size);
        lane_before = lane;
    }
    if (!body.empty()) return fail(LinkErrc::bad_control, whole_size - body.size(), whole_size);
    return beat;
}

Buffer encode_seen(const Endpoint& endpoint) {
    rlp::Writer out;
    out.begin_list().string(endpoint.address.bytes()).number(endpoint.port).end_list();
    return out.take();
}

Result<Endpoint, LinkError> decode_seen(Bytes body) {
    const auto bad = fail(LinkErrc::bad_control, 0, body.size());
    if (!rlp::validate(body)) return bad;
    auto list = rlp::Reader::open_list(body);
    if (!list) return bad;
    const auto address = list->string();
    if (!address || (address->size() != 4 && address->size() != 16)) return bad;
    const auto port = list->u16();
    if (!port) return bad;
    return Endpoint{address->size() == 4 ? IpAddress::v4(array_of<4>(*address))
                                         : IpAddress::v6(array_of<16>(*address)),
                    *port};
}

ByteArray<credit_message_bytes> encode_credit(const CreditMessage& credit) {
    ByteArray<credit_message_bytes> out;
    out[0] = std::byte{credit.lane};
    store_be(MutableBytes{out}.subspan(1), credit.limit);
    return out;
}

Result<CreditMessage, LinkError> decode_credit(Bytes body) {
    if (body.size() != credit_message_bytes) {
        return fail(LinkErrc::bad_control, credit_message_bytes, body.size());
    }
    return CreditMessage{std::to_integer<LaneId>(body[0]), load_be<std::uint64_t>(body.subspan(1))};
}

ByteArray<blocked_message_bytes> encode_blocked(LaneId lane) {
    return {std::byte{lane}};
}

Result<LaneId, LinkError> decode_blocked(Bytes body, LaneId lane_max) {
    if (body.size() < blocked_message_bytes) {
        return fail(LinkErrc::bad_control, blocked_message_bytes, body.size());
    }
    const auto lane = std::to_integer<LaneId>(body[0]);
    if (lane == 0 || lane > lane_max) return fail(LinkErrc::bad_control, lane_max, lane);
    return lane;
}

ByteArray<stalled_message_bytes> encode_stalled(Duration stalled) {
    const auto ms = std::clamp<std::int64_t>(stalled / std::chrono::milliseconds{1}, 0,
                                             std::numeric_limits<std::uint32_t>::max());
    ByteArray<stalled_message_bytes> out{};
    store_be(MutableBytes{out}, static_cast<std::uint32_t>(ms));
    return out;
}

Result<Duration, LinkError> decode_stalled(Bytes body) {
    if (body.size() < stalled_message_bytes) {
        return fail(LinkErrc::bad_control, stalled_message_bytes, body.size());
    }
    return std::chrono::milliseconds{load_be<std::uint32_t>(body)};
}

}  // namespace parley::transport
