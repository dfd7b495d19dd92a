// What a Switch says of itself to metrics and to its owner.
#pragma once

#include <parley/base/time.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/switch/slots.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::transport {

/// One link that is up: a row of `admin_peers`.
struct PeerInfo {
    LinkId link;
    NodeId id;
    Endpoint endpoint;
    Direction direction;
    SlotClass slot_class;
    Hello hello;
    Instant since;
    std::optional<Duration> round_trip;
    std::uint64_t messages_in, messages_out, bytes_in, bytes_out;
    std::optional<Instant> useful_at;  ///< when a module last said so (Context::mark_useful)
    std::uint32_t offences;            ///< on this link
    double score;                      ///< of its ID: what all its offences cost, decayed
};

/// Counts since the start.
struct SwitchStats {
    std::map<CloseReason, std::uint64_t> closed;       ///< links that ended, by reason
    std::map<CloseReason, std::uint64_t> disconnects;  ///< those of them that were up
    /// Those that were not: why their handshakes, or dials, came to nothing.
    std::map<std::pair<Direction, CloseReason>, std::uint64_t> handshakes_failed;
    std::map<SlotError, std::uint64_t> accepts_without_slot;  ///< callers at the door
    std::uint64_t accepts = 0;         ///< callers that got a handshake token
    std::uint64_t accepts_banned = 0;  ///< refused at the door for their address
    std::uint64_t gave_way = 0;        ///< unproven callers that lost their token to others
    std::uint64_t evictions = 0;       ///< inbound links that made room for a newcomer
    Duration wasted{};                 ///< processor time, as modules said (Context::note_waste)
    std::uint64_t slowed = 0;          ///< times that a peer had to wait for it
    std::uint64_t dials = 0;
    std::uint64_t ups = 0;
    std::uint64_t ups_outbound = 0;            ///< those that we dialed
    std::uint64_t receive_bytes_reserved = 0;  ///< now: windows of all links
};

/// All lanes of one topic, now.
struct TopicLoad {
    std::string_view topic;          ///< valid as long as the switch
    std::size_t lanes = 0;           ///< links that have it
    std::size_t stalled = 0;         ///< lanes whose module waits for room
    std::uint64_t queued_bytes = 0;  ///< not yet sent, with each message's overhead
    std::uint64_t stalls = 0;        ///< times that a lane became full, since the start
    // Since the start, of links that are gone too; bytes of messages.
    std::uint64_t messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
};

/// Told around every call into a module, so that a driver with a clock can name the one that
/// takes too long. One enter may cover several messages in a row for the same module.
class CallWatch {
public:
    virtual ~CallWatch() = default;
    /// `topic` is the module's; `call` the name of its function, a literal.
    virtual void enter(std::string_view topic, std::string_view call) = 0;
    /// The call has returned, or has thrown.
    virtual void leave() = 0;
};

}  // namespace parley::transport
