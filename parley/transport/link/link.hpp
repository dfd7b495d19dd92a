// Link: one connection as a state machine: handshake, then frames, lanes and heartbeat. It lives
// on an I/O thread and talks to the Switch on the node's thread through events and commands, in
// batches. Bytes in, bytes out; no socket. docs/formats/link.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/handshake/hello.hpp>
#include <parley/transport/link/heartbeat.hpp>
#include <parley/transport/link/link_events.hpp>
#include <parley/transport/link/node_turn.hpp>
#include <parley/transport/link/pacer.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

namespace parley::transport {

/// How fast links may be, in bytes a second; 0 or absent: no limit.
struct Bandwidth {
    std::uint64_t up_per_link = 0, down_per_link = 0;
    std::shared_ptr<Pacer> up_all{}, down_all{};  ///< shared by all links
    /// The one of all links; null where it limits nothing (now: rates may change).
    Pacer* limit_up() const { return up_all && up_all->limits() ? up_all.get() : nullptr; }
    /// As limit_up().
    Pacer* limit_down() const { return down_all && down_all->limits() ? down_all.get() : nullptr; }
    bool limits_reading() const { return down_per_link > 0 || limit_down() != nullptr; }
    /// The most to read of a link at a time, so that under a limit links take turns.
    std::size_t read_turn_bytes() const {
        constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
        const auto* all = limit_down();
        return std::min(down_per_link > 0 ? Pacer{down_per_link}.turn_bytes() : unlimited,
                        all != nullptr ? all->turn_bytes() : unlimited);
    }
};

/// Time limits and buffers of one link; all of them bound what a peer can make it hold.
struct LinkConfig {
    Duration first_message_timeout = 2s;        ///< M1 after accept
    Duration handshake_timeout = 5s;            ///< all of it
    Duration frame_timeout = 10s;               ///< a started frame
    Duration goodbye_timeout = 1s;              ///< for the last bytes to leave
    std::size_t output_bytes_max = 256 * 1024;  ///< sealed bytes waiting for the socket
    HeartbeatConfig heartbeat;
    Bandwidth bandwidth;
    /// Of our own node; peers are told with each Beat when it is stalled. Null: it never is.
    std::shared_ptr<const NodeTurn> node_turn{};
    Duration stalled_told = 1s;  ///< from here on
    Duration stalled_max = 30s;  ///< a peer whose node is stalled for longer is left
};

/// What a link needs of its node; shared by all links, immutable while any lives.
struct LinkIdentity {
    const NodeKey* key = nullptr;
    Hello hello;                    ///< as said at this link's start
    std::vector<TopicSpec> topics;  ///< ours, sorted by name
    /// Of the peers of all links so far; null: each is verified.
    std::shared_ptr<KnownRecords> known_records{};
};

/// Threading: one thread at a time.
class Link {
public:
    /// We dialed and expect `target`. The first bytes are ready at once.
    static Link dial(LinkConfig config, std::shared_ptr<const LinkIdentity> identity,
                     const NodeId& target, Now now, EntropySource& entropy);
    /// A caller dialed us, from `remote`, which it is told after Ready if it is given.
    static Link accept(LinkConfig config, std::shared_ptr<const LinkIdentity> identity, Now now,
                       EntropySource& entropy, std::optional<Endpoint> remote = std::nullopt);
    Link(Link&&) noexcept;
    Link& operator=(Link&&) noexcept;
    ~Link();

    /// Bytes from the connection, in any pieces. Decrypts in place: `bytes` is scratch afterwards.
    void on_bytes(Now now, MutableBytes bytes, std::vector<LinkEvent>& out);
    /// The other side ended its stream, or the system reset the connection.
    void on_end(Now now, CloseReason why, std::vector<LinkEvent>& out);
    /// What the Switch decided. After Closed it is ignored.
    void on_command(Now now, LinkCommand command, std::vector<LinkEvent>& out);
    /// Time limits and heartbeats.
    void on_timer(Now now, std::vector<LinkEvent>& out);
    /// When on_timer(), or produce() under a limit of bandwidth, is wanted.
    Instant next_wakeup() const;

    /// Writes the next bytes for the connection into `room`, sealing as many waiting messages as
    /// fit, and returns their number; 0: nothing to send now. Call when the socket can take more.
    /// Precondition: `room.size() >= produce_bytes_min`; output_bytes_max is a good size.
    std::size_t produce(Now now, MutableBytes room, std::vector<LinkEvent>& out);
    /// The same, appending to `bytes` until it has output_bytes_max. For where speed matters less.
    void produce(Now now, Buffer& bytes, std::vector<LinkEvent>& out);
    static constexpr std::size_t produce_bytes_min = 8192;
    /// produce() has something to write. Also true while a limit of bandwidth holds it back;
    /// produce() then gives nothing, and next_wakeup() says until when.
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
