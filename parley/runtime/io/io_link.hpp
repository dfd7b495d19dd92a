// Connection: one socket and the Link on it, as an I/O thread keeps them. No more than a record;
// IoThread does the work.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/runtime/io/timer_heap.hpp>
#include <parley/transport/link/link.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace parley::runtime {

/// Sealed bytes on their way to a socket: a block of fixed size, lent to one connection while the
/// socket is full.
struct OutputBlock {
    std::unique_ptr<std::byte[]> memory;
    std::size_t begin = 0;
    std::size_t end = 0;

    bool empty() const { return begin == end; }
    Bytes rest() const { return {memory.get() + begin, end - begin}; }
};

struct IoLink : TimerItem {
    enum class Phase : std::uint8_t {
        open,
        flushing,  ///< the link is closed, its last bytes leave
        draining,  ///< they left; what the other side still sends is read, or closing would reset
    };

    IoLink(transport::LinkId link_id, boost::asio::ip::tcp::socket s)
        : id(link_id), socket(std::move(s)) {}

    transport::LinkId id;
    boost::asio::ip::tcp::socket socket;
    std::optional<transport::Link> link;  ///< from open to flushing
    OutputBlock out;
    Instant deadline = never;  ///< of flushing and draining
    Instant stream_until{};    ///< until then more of a stream is expected at once
    std::size_t drained_bytes = 0;
    Phase phase = Phase::open;
    bool awaits_readable = false;
    bool awaits_writable = false;
    bool listed_ready = false;  ///< in the list of those to read from
    bool listed_dirty = false;  ///< in the list of those to settle
    bool read_held = false;     ///< by a limit of bandwidth, until Link::read_at
    bool ended = false;         ///< the other side's stream did
    bool dead = false;          ///< to be buried at the end of the turn
};

}  // namespace parley::runtime
