// What the Switch, on the node's thread, and a Link, on an I/O thread, say to each other: commands
// one way, events the other, in batches.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/transport/handshake/goodbye.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/link/delivered.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace parley::transport {

// --- Commands: Switch to Link --------------------------------------------------------------

/// The peer is accepted. Responder: sends Ready and is up. Initiator: the dial is committed, M3
/// goes out, and the link is up when Ready is read.
struct Proceed {};
/// The peer is not accepted: the handshake is completed (the initiator still sends M3), then an
/// authenticated Goodbye, then the end. Also ends a link that is up.
struct Refuse {
    Goodbye goodbye;
};
/// Ends the connection without a word (a dial given up, a lost tie).
struct Abandon {
    CloseReason reason;
};
/// A module's message. Its lane has room for it; the peer takes its size.
struct Send {
    LaneId lane;
    Code code;
    SharedBytes message;
};
/// Small messages of one lane, at least one: whole chunks as they will lie in a frame.
struct SendChunks {
    LaneId lane;
    Buffer chunks;
    std::uint64_t cost = 0;  ///< the messages' credit_cost
};
/// Modules let go of messages: credit to grant again, in bytes of credit_cost.
struct Consumed {
    LaneId lane;
    std::uint64_t bytes;
};
/// An answer to GrowthWanted: the lane's window grows by so much, which the node has set aside.
struct GrowWindow {
    LaneId lane;
    std::uint64_t bytes;
};
/// From now on what leaves the lane's queue is told at once: a module waits for room.
struct TellDrained {
    LaneId lane;
};
/// What our modules add to the next heartbeats, encoded by encode_statuses (control.hpp) for this
/// link's lanes. The first one lets the dialer's first Beat go at once.
struct SetStatus {
    SharedBytes statuses;
};
/// Asks for a sign of life now; the answer comes as Alive or, after `patience`, as Closed{silent}.
/// Only for a link that is up; others have a time limit anyway.
struct Probe {
    Duration patience;
};
using LinkCommand = std::variant<Proceed, Refuse, Abandon, Send, SendChunks, Consumed, GrowWindow,
                                 TellDrained, SetStatus, Probe>;

// --- Events: Link to Switch ----------------------------------------------------------------

/// The other side has proven its ID and said its Hello. The link waits for Proceed, Refuse or
/// Abandon (within the handshake's time limit). Responder: M3 was read. Initiator: M2 was read.
struct Authenticated {
    NodeId peer;
    Hello hello;
    /// The other side cannot be understood (version): only Refuse with this makes sense.
    std::optional<Goodbye> must_refuse;
    /// From our last message to its answer: the way there and back, and what the other side took
    /// for its cryptography. It cannot look shorter than it is.
    std::optional<Duration> round_trip = std::nullopt;
    std::uint16_t version = 1;  ///< of the protocol, that both speak
};
/// The initiator read Ready (the responder is up at once on Proceed; it gets no Up).
struct Up {};
/// The listener told from where it saw us call; at most once a link, and only if we dialed.
struct ObservedAddress {
    Endpoint endpoint;
};
/// Bytes (as counted against the send budget: the messages' credit_cost, lanes_out.hpp, so that
/// tiny ones are not free) that left a lane's queue. Until TellDrained, less than drained_told_min
/// is told with the next heartbeat only: a short message then costs its sender one turn and not
/// two.
struct Drained {
    LaneId lane;
    std::uint64_t bytes;
};
/// The peer waits for a lane's credit because the path is long: the window should grow by so much.
struct GrowthWanted {
    LaneId lane;
    std::uint64_t bytes;
};
/// The peer sent nothing for long and needs a grown window no more: so much of it is free again.
struct GrowthReturned {
    LaneId lane;
    std::uint64_t bytes;
};
/// A heartbeat came: the peer's modules' statuses, and the round trip if it answers ours.
struct Beat {
    std::vector<std::pair<LaneId, Buffer>> statuses;
    std::optional<Duration> round_trip;
};
/// A Probe was answered.
struct Alive {};
/// The end; nothing follows. `goodbye` if the peer sent one.
struct Closed {
    CloseReason reason;
    std::string detail;  ///< for the log: what was expected and what came
    std::optional<Goodbye> goodbye;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
};
using LinkEvent = std::variant<Authenticated, Up, ObservedAddress, Delivered, Drained, GrowthWanted,
                               GrowthReturned, Beat, Alive, Closed>;

}  // namespace parley::transport
