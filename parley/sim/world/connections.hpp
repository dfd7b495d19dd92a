// Connections: the streams between the hosts of a world: a table of them, the bytes that are on
// their way, and what keeps these from arriving. It knows hosts by their numbers only; what links
// say and hear is the World's business.
//
// Arrivals are events: a Segment for bytes or the end of a stream, Writable for room again. A
// segment that arrives is either held by hold(), behind a partition, or read, then reported by
// taken().
//
// Bounds: the bytes of one direction that are sent and not read stop its sender at
// socket_bytes_max (Pipe::full); last words may exceed it.
//
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/sim/world/event.hpp>
#include <parley/sim/world/event_heap.hpp>
#include <parley/sim/world/path.hpp>
#include <parley/sim/world/world_link.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::sim {

class Connections {
public:
    using PathOf = std::function<PathConfig(HostId, HostId)>;
    /// True from `from` to `to`: nothing gets through in this direction.
    using Blocked = std::function<bool(HostId from, HostId to)>;

    /// An empty `path` gives every pair of hosts 30 ms. Both references outlive this; times are
    /// drawn from `rng` in the order of the calls.
    Connections(PathOf path, std::size_t socket_bytes_max, EventHeap<Event>& events, Rng& rng);

    /// A new connection, not yet answered. Its ends have no Link.
    ConnectionRef add(HostId from, HostId to);
    /// Null if it is gone.
    WorldLink* find(ConnectionRef ref);
    /// Over on both sides: gone at the next bury(). Pointers to it are valid until then.
    void over(ConnectionRef ref) { graveyard_.push_back(ref.place); }
    /// Frees the streams that are over on both sides; their places are used again.
    void bury();

    /// The path from `a` to `b`, without faults.
    PathConfig path(HostId a, HostId b) const;
    /// Whether nothing gets through in this direction now.
    bool blocked(HostId from, HostId to) const { return blocked_ && blocked_(from, to); }
    /// Replaces what is blocked; an empty function heals. Segments that were held go on where
    /// nothing blocks them any more.
    void partition(Blocked blocked);

    /// Sends bytes, the end of the stream, or both, to the other end. `clog` is added to the
    /// latency.
    void send(End& from, Bytes bytes, std::optional<transport::CloseReason> last, Duration clog);
    /// Keeps a segment that arrives in a direction that is blocked, or behind one that is held.
    /// False: it may be read. Precondition: its connection is there.
    bool hold(Segment& segment);
    /// The end has read this many bytes: its peer may have room to send again.
    void taken(const End& by, std::size_t bytes);

    /// Connections that fell silent and that a host for which `counts` says yes still holds.
    std::size_t dead(const std::function<bool(HostId)>& counts) const;

private:
    PathOf path_;
    std::size_t socket_bytes_max_;
    EventHeap<Event>& events_;
    Rng& rng_;
    Blocked blocked_;
    std::vector<std::unique_ptr<WorldLink>> places_;  // null: free
    std::vector<std::uint32_t> generations_;          // of each place
    std::vector<std::uint32_t> free_;
    std::vector<std::uint32_t> graveyard_;
};

}  // namespace parley::sim
