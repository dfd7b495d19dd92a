// Control messages, the codes of lane 0: Ready, Beat, Credit, Goodbye (whose body is in
// goodbye.hpp), ObservedAddress, Blocked, Stalled, Returned. Fixed layouts, big endian, but for
// Goodbye and ObservedAddress, which are RLP. docs/formats/link.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/transport/link/link_error.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace parley::transport {

/// The kinds of control messages. Values are on the wire.
enum class ControlCode : Code {
    ready = 1,
    beat = 2,
    credit = 3,
    goodbye = 4,
    seen = 0x8000,
    blocked = 0x8001,
    stalled = 0x8002,
    returned = 0x8003
};
/// Codes from here on belong to extensions; a node that does not know one ignores it.
inline constexpr Code control_extension_min = 0x8000;
inline constexpr std::size_t control_bytes_max = 4096;
inline constexpr std::size_t status_bytes_max = 128;
inline constexpr LaneId lanes_max = 16;  ///< beside control

/// What modules add to heartbeats: (lane, bytes) by ascending lane.
using Statuses = std::vector<std::pair<LaneId, Buffer>>;

/// `count u8 | count times: lane u8, size u8, bytes`. Statuses above status_bytes_max, or of no
/// lane from 1 to lanes_max, are left out; of two for a lane the first stays.
SharedBytes encode_statuses(const Statuses& statuses);
/// The longest prefix of whole statuses, of what encode_statuses made, in at most `size_bytes_max`.
Buffer cut_statuses(Bytes encoded, std::size_t size_bytes_max);

inline constexpr std::size_t beat_header_bytes = 5;

/// `seq u32 | kind u8 | statuses`. Asks for an answer (kind 1) or answers the Beat `seq` (2).
struct BeatMessage {
    std::uint32_t seq = 0;
    bool is_answer = false;
    Statuses statuses;
};
/// `statuses` as encode_statuses made them; empty means none.
Buffer encode_beat(std::uint32_t seq, bool is_answer, Bytes statuses);
/// Errors: bad_control. Statuses name lanes from 1 to `lane_max`, ascending.
Result<BeatMessage, LinkError> decode_beat(Bytes body, LaneId lane_max);

/// From where the listener saw the dialer call: RLP [address (4 or 16 bytes), port]; unknown
/// trailing fields are ignored.
Buffer encode_seen(const Endpoint& endpoint);
/// Errors: bad_control.
Result<Endpoint, LinkError> decode_seen(Bytes body);

/// `lane u8 | limit u64`: the cumulative cost that may be sent on the lane.
struct CreditMessage {
    LaneId lane = 0;
    std::uint64_t limit = 0;
    friend bool operator==(const CreditMessage&, const CreditMessage&) = default;
};
inline constexpr std::size_t credit_message_bytes = 9;
/// A lane's new limit: all bytes, with overheads, that its sender may have sent since the start.
ByteArray<credit_message_bytes> encode_credit(const CreditMessage& credit);
/// Errors: bad_control (size). A Returned has the same layout; its limit is the one given up.
Result<CreditMessage, LinkError> decode_credit(Bytes body);

inline constexpr std::size_t blocked_message_bytes = 1;
/// The lane had messages that waited for credit: `lane u8`; further bytes are ignored. A node that
/// says so takes limits of up to lane_window_bytes_max (lanes_out.hpp) above what it sent.
ByteArray<blocked_message_bytes> encode_blocked(LaneId lane);
/// Errors: bad_control. The lane is from 1 to `lane_max`.
Result<LaneId, LinkError> decode_blocked(Bytes body, LaneId lane_max);

inline constexpr std::size_t stalled_message_bytes = 4;
/// With a Beat: for how long the sender's node has done nothing for its modules: `milliseconds
/// u32`; further bytes are ignored.
ByteArray<stalled_message_bytes> encode_stalled(Duration stalled);
/// Errors: bad_control (size).
Result<Duration, LinkError> decode_stalled(Bytes body);

}  // namespace parley::transport
