// WorldLink: a connection of a world: two ends with their Links, and a pipe in each direction. A
// plain record, for World and Connections alone.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/sim/world/path.hpp>
#include <parley/transport/link/link.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::sim {

/// The number of a host in its World.
using HostId = std::size_t;

/// A place in Connections' table; the generation tells a connection from its successors there.
struct ConnectionRef {
    std::uint32_t place = 0;
    std::uint32_t generation = 0;
};

/// Bytes on their way to one end, or the end of the stream.
struct Segment {
    ConnectionRef connection;
    std::uint8_t to_side = 0;
    std::optional<transport::CloseReason> end;
    Buffer bytes;
};

/// One direction. The bytes that are sent and not read are bounded, as by a socket's buffers.
struct Pipe {
    explicit Pipe(const PathConfig& config) : path(config) {}
    Path path;
    std::size_t in_flight = 0;
    bool full = false;          ///< the sender waits until the other side read
    std::vector<Segment> held;  ///< behind a partition, in order
};

/// One side of a connection.
struct End {
    explicit End(const PathConfig& outward) : out(outward) {}
    HostId host{};
    transport::LinkId link{};
    ConnectionRef connection;
    std::uint8_t side = 0;
    bool dirty = false;                      ///< its link may have something to say
    bool power_lost = false;                 ///< its host forgot it in a power cut, and told no one
    Instant armed = never;                   ///< world time of the next planned wake-up
    std::vector<Segment> unread;             ///< arrived, in order, for a reader that waits
    std::uint64_t sent = 0;                  ///< bytes, as counted for a Tamper
    std::optional<transport::Link> machine;  ///< nothing: over on this side
    Pipe out;
};

/// Side 0 dialed.
struct WorldLink {
    explicit WorldLink(const PathConfig& path) : ends{End{path}, End{path}} {}
    std::array<End, 2> ends;
    bool answered = false;  ///< the caller heard of it
    bool dead_air = false;  ///< half-open: nothing arrives any more, and nobody is told
};

}  // namespace parley::sim
