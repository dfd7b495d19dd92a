#include <parley/runtime/io/io_links.hpp>

#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

namespace parley::runtime {

using transport::CloseReason;
using transport::Link;
using transport::LinkId;
using Phase = IoLink::Phase;

namespace {

/// Most bytes that one link writes in a turn before the others have theirs.
constexpr std::size_t write_bytes_per_turn = 1U << 20;
/// A connection inside one machine has no path whose capacity is to be found out. Some congestion
/// controls (BBR) pace it by timers all the same, which costs a third of the speed. Where the
/// system refuses the change, nothing is lost.
constexpr std::string_view loopback_congestion_control = "cubic";
/// Reads of this size are the middle of a stream.
constexpr std::size_t stream_read_bytes = 64U << 10;
constexpr Duration stream_patience = 50us;
constexpr std::size_t spare_blocks_max = 16;
/// Most bytes that are read from a peer after our last ones. The time is limited, too.
constexpr std::size_t drain_bytes_max = 256U << 20;
/// About what an event holds beyond the bytes that were read for it.
constexpr std::size_t event_bytes = sizeof(transport::LinkEvent);

std::size_t memory_of(const transport::LinkEvent& event) {
    const auto* delivered = std::get_if<transport::Delivered>(&event);
    if (!delivered) return event_bytes;
    return event_bytes + delivered->overhead_bytes();
}

}  // namespace

void IoLink::on_ready(Poller::Ready ready) {
    owner.note(*this, ready);
}

IoLinks::IoLinks(Poller& poller, const IoLinksConfig& config, EntropySource& entropy,
                 LinkEventBatch& batch)
    : poller_(poller),
      config_(config),
      entropy_(entropy),
      batch_(batch),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(config.read_bytes)) {
    config_.link.output_bytes_max =
        std::max(config_.link.output_bytes_max, Link::produce_bytes_min);
}

// --- Connections come and go -----------------------------------------------------------------

IoLink* IoLinks::find(LinkId id) {
    if (found_last_ && found_last_->id == id) return found_last_;
    const auto found = connections_.find(id);
    if (found == connections_.end()) return nullptr;
    return found_last_ = found->second.get();
}

IoLink& IoLinks::add(LinkId id, UniqueFd socket) {
    auto connection = std::make_unique<IoLink>(*this, id, std::move(socket));
    return *connections_.emplace(id, std::move(connection)).first->second;
}

void IoLinks::close(IoLink& connection) {
    poller_.remove(connection.socket.get(), connection);
    connection.socket = {};
}

void IoLinks::end(IoLink& connection) {
    if (connection.dead) return;
    connection.dead = true;
    if (connection.phase == Phase::flushing || connection.phase == Phase::draining) --lingering_;
    timers_.remove(connection);
    if (connection.out.memory) give_back(std::move(connection.out));
    close(connection);
    if (found_last_ == &connection) found_last_ = nullptr;
    const auto found = connections_.find(connection.id);
    graveyard_.push_back(std::move(found->second));
    connections_.erase(found);
}

void IoLinks::accept(Now now, Admitted admitted) {
    auto& connection = add(admitted.link, std::move(admitted.socket));
    connection.link.emplace(
        Link::accept(config_.link, std::move(admitted.identity), now, entropy_, admitted.remote));
    begin(now, connection);
    mark_ready(connection);  // the first message is there already, more often than not
}

void IoLinks::connect(Now now, Dialer::Connected dialed) {
    auto& request = dialed.request;
    if (dialed.endpoint != request.target.endpoint) {
        batch_.connected.push_back({request.link, dialed.endpoint});
    }
    auto& connection = add(request.link, std::move(dialed.socket));
    connection.link.emplace(
        Link::dial(config_.link, std::move(request.identity), request.target.id, now, entropy_));
    begin(now, connection);
}

void IoLinks::begin(Now now, IoLink& connection) {
    const int socket = connection.socket.get();
    const int on = 1;
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto peer = peer_of(socket);
    if (peer && peer->address.is_loopback()) {
        const auto control = loopback_congestion_control;
        (void)::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, control.data(),
                           static_cast<socklen_t>(control.size()));
    }
    if (!poller_.add(socket, connection)) on_socket_end(now, connection, CloseReason::reset);
    mark_dirty(connection);
}

bool IoLinks::command(Now now, transport::CommandLink& command) {
    auto* connection = find(command.link);
    if (!connection) return false;
    if (connection->phase == Phase::open) {
        connection->link->on_command(now, std::move(command.command), batch_.events);
        note_events(*connection);
        mark_dirty(*connection);
    }
    return true;
}

void IoLinks::bury() {
    if (graveyard_.empty()) return;
    const auto dead = [](const IoLink* c) { return c->dead; };
    std::erase_if(ready_, dead);
    std::erase_if(dirty_, dead);
    graveyard_.clear();
}

void IoLinks::clear() {
    for (auto& [id, connection] : connections_) close(*connection);
    connections_.clear();
    graveyard_.clear();
    ready_.clear();
    dirty_.clear();
    timers_ = {};
    found_last_ = nullptr;
    lingering_ = 0;
}

// --- Reading ---------------------------------------------------------------------------------

void IoLinks::read(Now now) {
    for (auto* connection : std::exchange(ready_, {})) {
        connection->listed_ready = false;
        if (!connection->dead) read(now, *connection);
    }
}

bool IoLinks::take_expects_more() {
    return std::exchange(expects_more_, false);
}

void IoLinks::mark_ready(IoLink& connection) {
    if (std::exchange(connection.listed_ready, true)) return;
    ready_.push_back(&connection);
}

void IoLinks::note(IoLink& connection, Poller::Ready ready) {
    if (ready.ended) connection.ends = true;
    if (ready.readable && !connection.read_held && !connection.ended) mark_ready(connection);
    if (ready.writable && std::exchange(connection.awaits_writable, false)) mark_dirty(connection);
}

void IoLinks::read(Now now, IoLink& connection) {
    const auto room = std::min(config_.read_bytes, config_.link.bandwidth.read_turn_bytes());
    const auto got = ::recv(connection.socket.get(), scratch_.get(), room, MSG_DONTWAIT);
    if (got < 0) {
        if (errno == EINTR) return mark_ready(connection);
        if (errno == EAGAIN || errno == EWOULDBLOCK) return await_more(connection);
        return on_socket_end(now, connection, CloseReason::reset);
    }
    if (got == 0) return on_socket_end(now, connection, CloseReason::truncated);
    const auto size = static_cast<std::size_t>(got);
    if (connection.phase == Phase::open) {
        batch_.bytes += size;
        connection.link->on_bytes(now, {scratch_.get(), size}, batch_.events);
        note_events(connection);
        mark_dirty(connection);
        if (connection.link->read_at() > now.instant) {
            connection.read_held = true;  // settle() sets the time, timer() reads on
            return;
        }
        if (size >= stream_read_bytes) connection.stream_until = monotonic_now() + stream_patience;
    } else {
        connection.drained_bytes += size;
        if (connection.drained_bytes > drain_bytes_max) return end(connection);
    }
    // A full buffer: there is more. Otherwise the poller tells, and one call is saved; but the end
    // it has told already, where that came together with the last bytes.
    if (size == room || connection.ends) {
        mark_ready(connection);
    } else {
        await_more(connection);
    }
}

// A reader that is faster than a stream would sleep many times a message, and being woken costs
// both sides more than what came meanwhile is worth. So in the middle of a stream it asks again for
// a moment, leaving the processor to others in between, before it sleeps.
void IoLinks::await_more(IoLink& connection) {
    if (connection.stream_until != Instant{} && monotonic_now() < connection.stream_until) {
        expects_more_ = true;
        mark_ready(connection);
    }
}

void IoLinks::on_socket_end(Now now, IoLink& connection, CloseReason why) {
    connection.ended = true;
    if (connection.phase == Phase::open) {
        connection.link->on_end(now, why, batch_.events);
        note_events(connection);
        mark_dirty(connection);
    } else if (connection.phase == Phase::draining || why == CloseReason::reset) {
        end(connection);
    }
}

void IoLinks::note_events(const IoLink& connection) {
    const std::size_t from = batch_.runs.empty() ? 0 : batch_.runs.back().end;
    const std::size_t to = batch_.events.size();
    if (to == from) return;
    for (std::size_t i = from; i < to; ++i) batch_.bytes += memory_of(batch_.events[i]);
    if (!batch_.runs.empty() && batch_.runs.back().link == connection.id) {
        batch_.runs.back().end = to;
    } else {
        batch_.runs.push_back({connection.id, to});
    }
}

// --- Writing ---------------------------------------------------------------------------------

void IoLinks::settle(Now now) {
    for (auto* connection : std::exchange(dirty_, {})) {
        connection->listed_dirty = false;
        if (!connection->dead) settle(now, *connection);
    }
}

void IoLinks::mark_dirty(IoLink& connection) {
    if (std::exchange(connection.listed_dirty, true)) return;
    dirty_.push_back(&connection);
}

// Everything that may follow from an input: bytes to write, the end, another time to wake.
void IoLinks::settle(Now now, IoLink& connection) {
    if (connection.phase == Phase::open) {
        if (!connection.link->closed()) write(now, connection);
        // Also by what was just written. Last words are written in the next phase, which waits
        // until they arrived.
        if (connection.link->closed()) begin_end(now, connection);
    }
    if (connection.phase == Phase::flushing) {
        write(now, connection);
        if (connection.dead) return;
        const bool left = connection.out.empty() && !connection.link->wants_to_write();
        if (left && connection.ended) return end(connection);
        if (left) {
            connection.phase = Phase::draining;
            connection.link.reset();
            (void)::shutdown(connection.socket.get(), SHUT_WR);
        }
    }
    if (!connection.dead) update_timer(now, connection);
}

void IoLinks::begin_end(Now now, IoLink& connection) {
    if (std::exchange(connection.read_held, false)) mark_ready(connection);
    const bool silent = connection.out.empty() && !connection.link->wants_to_write();
    if (silent || lingering_ >= config_.lingering_max) {
        if (!silent) write(now, connection);
        return end(connection);
    }
    connection.phase = Phase::flushing;
    ++lingering_;
    connection.deadline = now.instant + config_.link.goodbye_timeout;
}

void IoLinks::write(Now now, IoLink& connection) {
    if (connection.awaits_writable) return;
    std::size_t produced = 0;
    while (connection.out.empty() || send(now, connection)) {
        if (!connection.link->wants_to_write()) break;
        if (produced >= write_bytes_per_turn) return mark_dirty(connection);
        if (!connection.out.memory) connection.out = take_block();
        auto& out = connection.out;
        out.begin = 0;
        out.end = connection.link->produce(now, {out.memory.get(), config_.link.output_bytes_max},
                                           batch_.events);
        note_events(connection);
        if (out.empty()) break;
        produced += out.end;
    }
    if (connection.out.memory && connection.out.empty()) give_back(std::move(connection.out));
}

/// True when the whole block left.
bool IoLinks::send(Now now, IoLink& connection) {
    auto& out = connection.out;
    const Bytes rest = out.rest();
    const auto sent =
        ::send(connection.socket.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
        mark_dirty(connection);
        return false;
    }
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        // The rest of the block is lost with the connection.
        out.begin = out.end;
        if (connection.phase == Phase::open) {
            on_socket_end(now, connection, CloseReason::reset);
        } else {
            end(connection);
        }
        return false;
    }
    if (sent > 0) out.begin += static_cast<std::size_t>(sent);
    if (!out.empty()) connection.awaits_writable = true;
    return out.empty();
}

OutputBlock IoLinks::take_block() {
    if (!spare_blocks_.empty()) {
        auto block = std::move(spare_blocks_.back());
        spare_blocks_.pop_back();
        return block;
    }
    return {std::make_unique_for_overwrite<std::byte[]>(config_.link.output_bytes_max)};
}

void IoLinks::give_back(OutputBlock block) {
    if (spare_blocks_.size() >= spare_blocks_max) return;
    block.begin = block.end = 0;
    spare_blocks_.push_back(std::move(block));
}

// --- Timers ----------------------------------------------------------------------------------

void IoLinks::on_timer(Now now) {
    while (timers_.next() <= now.instant) {
        auto& connection = static_cast<IoLink&>(*timers_.top());
        timers_.remove(connection);
        timer(now, connection);
    }
}

void IoLinks::timer(Now now, IoLink& connection) {
    if (connection.phase != Phase::open) {
        if (connection.deadline <= now.instant) return end(connection);
        return update_timer(now, connection);
    }
    if (connection.link->next_wakeup() <= now.instant) {
        connection.link->on_timer(now, batch_.events);
        note_events(connection);
    }
    if (connection.read_held && connection.link->read_at() <= now.instant) {
        connection.read_held = false;
        mark_ready(connection);
    }
    mark_dirty(connection);  // which sets the next time, too
}

// A wake-up that moved later is left where it is: it fires early once, which is harmless, and the
// heap stays still while frames come and go.
void IoLinks::update_timer(Now now, IoLink& connection) {
    Instant at =
        connection.phase == Phase::open ? connection.link->next_wakeup() : connection.deadline;
    if (connection.read_held) at = std::min(at, connection.link->read_at());
    const bool set = connection.heap_place != TimerItem::nowhere;
    if (at == never || (set && connection.wake_at <= at)) return;
    if (at <= now.instant) at = now.instant + 1ms;  // it was just asked
    timers_.set(connection, at);
}

}  // namespace parley::runtime
