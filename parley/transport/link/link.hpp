// Link: one connection as a state machine: handshake, then frames, lanes and heartbeat. It lives
// on an I/O thread and talks to the Switch on the node's thread through events and commands, in
// batches. Bytes in, bytes out; no socket. docs/formats/link.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/link/heartbeat.hpp>
#include <parley/transport/link/pacer.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/types.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
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
struct Send {
    LaneId lane;
    Code code;
    SharedBytes message;
};
/// A module let go of messages: credit to grant again.
struct Consumed {
    LaneId lane;
    std::uint64_t bytes;
};
/// An answer to GrowthWanted: the lane's window grows by so much, which the node has set aside.
struct GrowWindow {
    LaneId lane;
    std::uint64_t bytes;
};
/// What our modules add to the next heartbeats, encoded by encode_statuses (control.hpp) for this
/// link's lanes. The first one lets the dialer's first Beat go at once.
struct SetStatus {
    SharedBytes statuses;
};
/// Ask for a sign of life now; the answer comes as Alive or, after `patience`, as Closed{silent}.
/// Only for a link that is up; others have a time limit anyway.
struct Probe {
    Duration patience;
};
using LinkCommand =
    std::variant<Proceed, Refuse, Abandon, Send, Consumed, GrowWindow, SetStatus, Probe>;

// --- Events: Link to Switch ----------------------------------------------------------------

/// The other side has proven its ID and said Hello. The link waits for Proceed, Refuse or
/// Abandon (within the handshake's time limit). Responder: M3 was read. Initiator: M2 was read.
struct Authenticated {
    NodeId peer;
    Hello hello;
    /// The other side cannot be understood (version): only Refuse with this makes sense.
    std::optional<Goodbye> must_refuse;
    /// From our last message to its answer: the way there and back, and what the other side took
    /// for its cryptography. It cannot look shorter than it is.
    std::optional<Duration> round_trip = std::nullopt;
};
/// The initiator read Ready (the responder is up at once on Proceed; it gets no Up).
struct Up {};
/// The listener told from where it saw us call; at most once a link, and only if we dialed.
struct ObservedAddress {
    Endpoint endpoint;
};
/// Messages in the order of their lanes. `slab` holds small ones; big ones own their buffer.
struct Delivered {
    struct Item {
        LaneId lane;
        Code code;
        std::uint32_t offset = 0;  ///< into slab, if `own` is empty
        std::uint32_t size = 0;
        Buffer own;
        std::uint64_t credit_bytes = 0;
    };
    Buffer slab;
    std::vector<Item> items;
};
/// Bytes (as counted against the send budget: the messages' credit_cost, lanes_out.hpp, so that
/// tiny ones are not free) that left a lane's queue.
struct Drained {
    LaneId lane;
    std::uint64_t bytes;
};
/// The peer waits for a lane's credit because the path is long: the window should grow by so much.
struct GrowthWanted {
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
                               Beat, Alive, Closed>;

// --- The machine ----------------------------------------------------------------------------

/// How fast links may be, in bytes a second; 0 or absent: no limit.
struct Bandwidth {
    std::uint64_t up_per_link = 0, down_per_link = 0;
    std::shared_ptr<Pacer> up_all{}, down_all{};  ///< shared by all links
    bool limits_reading() const { return down_per_link > 0 || down_all; }
};

struct LinkConfig {
    Duration first_message_timeout = 2s;        ///< M1 after accept
    Duration handshake_timeout = 5s;            ///< all of it
    Duration frame_timeout = 10s;               ///< a started frame
    Duration goodbye_timeout = 1s;              ///< for the last bytes to leave
    std::size_t output_bytes_max = 256 * 1024;  ///< sealed bytes waiting for the socket
    HeartbeatConfig heartbeat;
    Bandwidth bandwidth;
};

/// What a link needs of its node; shared by all links, immutable while any lives.
struct LinkIdentity {
    const NodeKey* key = nullptr;
    Hello hello;                    ///< as said at this link's start
    std::vector<TopicSpec> topics;  ///< ours, sorted by name
};

/// Threading: one thread at a time.
class Link {
public:
    /// We dialed and expect `target`. The first bytes are ready at once.
    static Link dial(LinkConfig config, std::shared_ptr<const LinkIdentity> identity,
                     const NodeId& target, Now now, EntropySource& entropy);
    /// Somebody dialed us, from `remote`, which is told with Ready if it is given.
    static Link accept(LinkConfig config, std::shared_ptr<const LinkIdentity> identity, Now now,
                       EntropySource& entropy, std::optional<Endpoint> remote = std::nullopt);
    Link(Link&&) noexcept;
    Link& operator=(Link&&) noexcept;
    ~Link();

    /// Bytes from the connection, in any pieces. Decrypts in place: `bytes` is scratch afterwards.
    void on_bytes(Now now, MutableBytes bytes, std::vector<LinkEvent>& out);
    /// The other side ended its stream, or the system reset the connection.
    void on_end(Now now, CloseReason why, std::vector<LinkEvent>& out);
    void on_command(Now now, LinkCommand command, std::vector<LinkEvent>& out);
    void on_timer(Now now, std::vector<LinkEvent>& out);
    Instant next_wakeup() const;

    /// Writes the next bytes for the connection into `room`, sealing as many waiting messages as
    /// fit, and returns their number; 0: nothing to send now. Call when the socket can take more.
    /// Precondition: `room.size() >= produce_bytes_min`; output_bytes_max is a good size.
    std::size_t produce(Now now, MutableBytes room, std::vector<LinkEvent>& out);
    /// The same, appending to `bytes` until it has output_bytes_max. For where speed matters less.
    void produce(Now now, Buffer& bytes, std::vector<LinkEvent>& out);
    static constexpr std::size_t produce_bytes_min = 8192;
    /// Also true while a limit of bandwidth holds it back; produce() then gives nothing, and
    /// next_wakeup() says until when.
    bool wants_to_write() const;
    /// When the driver may read on: what came is paid for. Until then it leaves the rest to the
    /// system, and so to the sender.
    Instant read_at() const;
    /// True after Closed was emitted: once the bytes produced are written, the connection ends.
    bool closed() const;

private:
    class Impl;
    explicit Link(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::transport
