// IoLink: one socket and the Link on it, as an I/O thread keeps them. A plain record; IoLinks does
// the work. Internal to runtime.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/runtime/io/poller.hpp>
#include <parley/runtime/io/timer_heap.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/transport/link/link.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace parley::runtime {

/// Sealed bytes on their way to a socket: a block of LinkConfig::output_bytes_max, lent to one link
/// while its socket is full.
struct OutputBlock {
    std::unique_ptr<std::byte[]> memory;
    std::size_t begin = 0;
    std::size_t end = 0;

    bool empty() const { return begin == end; }
    Bytes rest() const { return {memory.get() + begin, end - begin}; }
};

class IoLinks;

struct IoLink final : TimerItem, Poller::Watcher {
    enum class Phase : std::uint8_t {
        open,
        flushing,  ///< the link is closed, its last bytes leave
        draining,  ///< they left; the peer's bytes are read until its end, as closing a socket with
                   ///< unread bytes would reset the connection and lose our last ones
    };

    IoLink(IoLinks& o, transport::LinkId link_id, UniqueFd s)
        : owner(o), id(link_id), socket(std::move(s)) {}

    void on_ready(Poller::Ready ready) override;

    IoLinks& owner;
    transport::LinkId id;
    UniqueFd socket;
    std::optional<transport::Link> link;  ///< while open and flushing
    OutputBlock out;
    Instant deadline = never;  ///< of flushing and draining
    Instant stream_until{};    ///< until then more bytes of a stream are expected
    std::size_t drained_bytes = 0;
    Phase phase = Phase::open;
    bool awaits_writable = false;
    bool listed_ready = false;  ///< in IoLinks' list of links to read from
    bool listed_dirty = false;  ///< in IoLinks' list of links to settle
    bool read_held = false;     ///< by a limit of bandwidth, until Link::read_at
    bool ends = false;          ///< the peer's stream ends with what can be read
    bool ended = false;         ///< it has
    bool dead = false;          ///< to be freed at the end of the turn
};

}  // namespace parley::runtime
