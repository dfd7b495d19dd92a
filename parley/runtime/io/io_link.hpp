// Connection: one socket and the Link on it, as an I/O thread keeps them. No more than a record;
// IoThread does the work.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/runtime/io/timer_heap.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/proxy/socks5.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

/// What a dial keeps until it has its connection.
struct Dialing {
    Target target;
    std::shared_ptr<const transport::LinkIdentity> identity;
    Instant until{};             ///< the end of all attempts; before the first, of resolving
    std::vector<Endpoint> left;  ///< to be tried
    Endpoint at;                 ///< being tried
    unsigned attempt = 0;        ///< counts them
    std::string why;             ///< the ones before failed
    std::optional<transport::Socks5> socks;  ///< once the proxy is connected
};

struct IoLink : TimerItem {
    enum class Phase : std::uint8_t {
        connecting,
        open,
        flushing,  ///< the link is closed, its last bytes leave
        draining,  ///< they left; what the other side still sends is read, or closing would reset
    };

    IoLink(transport::LinkId link_id, boost::asio::ip::tcp::socket s)
        : id(link_id), socket(std::move(s)) {}

    transport::LinkId id;
    boost::asio::ip::tcp::socket socket;
    std::unique_ptr<Dialing> dial;        ///< while connecting
    std::optional<transport::Link> link;  ///< from open to flushing
    OutputBlock out;
    Instant deadline = never;  ///< of connecting, flushing and draining
    Instant stream_until{};    ///< until then more of a stream is expected at once
    std::size_t drained_bytes = 0;
    Phase phase = Phase::connecting;
    bool awaits_readable = false;
    bool awaits_writable = false;
    bool listed_ready = false;  ///< in the list of those to read from
    bool listed_dirty = false;  ///< in the list of those to settle
    bool read_held = false;     ///< by a limit of bandwidth, until Link::read_at
    bool ended = false;         ///< the other side's stream did
    bool dead = false;          ///< to be buried at the end of the turn
};

}  // namespace parley::runtime
