// World: connections and what travels on them.
#include <parley/sim/world/world.hpp>
#include <parley/sim/world/world_host.hpp>

#include <algorithm>
#include <string_view>

namespace parley::sim {

using namespace transport;

// --- The table -------------------------------------------------------------------------------

WorldLink* World::find(ConnectionRef ref) {
    if (ref.place >= connections_.size() || generations_[ref.place] != ref.generation) {
        return nullptr;
    }
    return connections_[ref.place].get();
}

ConnectionRef World::add_connection(HostId from, HostId to) {
    std::uint32_t place = 0;
    if (free_connections_.empty()) {
        place = static_cast<std::uint32_t>(connections_.size());
        connections_.emplace_back();
        generations_.push_back(0);
    } else {
        place = free_connections_.back();
        free_connections_.pop_back();
    }
    const ConnectionRef ref{place, generations_[place]};
    connections_[place] = std::make_unique<WorldLink>(path(from, to));
    auto& ends = connections_[place]->ends;
    for (std::uint8_t side = 0; side < 2; ++side) {
        ends[side].host = side == 0 ? from : to;
        ends[side].connection = ref;
        ends[side].side = side;
    }
    return ref;
}

/// Connections that are over on both sides are gone once nobody can hold a pointer to them.
void World::bury() {
    for (const auto place : graveyard_) {
        connections_[place].reset();
        ++generations_[place];
        free_connections_.push_back(place);
    }
    graveyard_.clear();
}

PathConfig World::path(HostId a, HostId b) const {
    if (config_.path) return config_.path(a, b);
    return {.base = std::chrono::milliseconds{30}};
}

End* World::find_link(WorldHost& host, LinkId link) {
    const auto found =
        std::ranges::lower_bound(host.links, link, {}, &std::pair<LinkId, End*>::first);
    return found == host.links.end() || found->first != link ? nullptr : found->second;
}

void World::add_link(WorldHost& host, End& end, LinkId link, Link machine) {
    end.link = link;
    end.machine.emplace(std::move(machine));
    const auto place =
        std::ranges::lower_bound(host.links, link, {}, &std::pair<LinkId, End*>::first);
    host.links.emplace(place, link, &end);
    mark_dirty(host, end);
}

// --- Connecting ------------------------------------------------------------------------------

void World::open(WorldHost& from, LinkId link, const Target& target) {
    from.connecting.push_back(link);
    events_.at(events_.now() + config_.connect_timeout,
               ConnectFailed{from.id, from.life, link, "timed out"});
    const auto found = listeners_.find(target.endpoint);
    if (found == listeners_.end()) return;
    Path outward{path(from.id, found->second)};
    events_.at(outward.send(events_.now() + from.clog, 0, rng_),
               Knock{from.id, found->second, link, from.life, target.id});
}

void World::connect_failed(WorldHost& host, LinkId link, std::string_view why) {
    if (std::erase(host.connecting, link) == 0) return;
    host.node->links().on_connect_failed(host.at(events_.now()), link, why);
    host.busy = true;
    pump(host);
}

void World::knock(const Knock& knock) {
    auto& callee = host(knock.to);
    if (blocked(knock.from, knock.to) || blocked(knock.to, knock.from) || callee.nat ||
        !callee.powered) {
        return;  // no answer: the caller's time runs out
    }
    if (!callee.node) {
        Path back{path(knock.to, knock.from)};
        events_.at(back.send(events_.now(), 0, rng_),
                   ConnectFailed{knock.from, knock.life, knock.link, "connection refused"});
        return;
    }
    auto& caller = host(knock.from);
    // Each connection comes from a port of its own.
    const Endpoint remote{caller.nat.value_or(caller.listen.address),
                          static_cast<std::uint16_t>(32'768 + callers_++ % 28'000)};
    const Now now = callee.at(events_.now());
    const auto accepted = callee.node->links().on_accept(now, remote);
    const auto ref = add_connection(knock.from, knock.to);
    auto& end = find(ref)->ends[1];
    trace(ref.place);
    const Instant back = end.out.path.send(events_.now() + callee.clog, 0, rng_);
    events_.at(back, Connected{ref, knock.link, knock.life, knock.target});
    if (accepted) {
        add_link(
            callee, end, *accepted,
            Link::accept(callee.link_config, callee.node->links().identity(), now, callee.entropy));
    } else {
        launch(end, {}, CloseReason::reset);
    }
    callee.busy = true;
    pump(callee);
}

void World::connected(const Connected& event) {
    auto& connection = *find(event.connection);
    connection.answered = true;
    auto& end = connection.ends[0];
    auto& caller = host(end.host);
    if (caller.life != event.life || std::erase(caller.connecting, event.link) == 0) {
        return finish(end, CloseReason::reset);  // given up meanwhile
    }
    add_link(caller, end, event.link,
             Link::dial(caller.link_config, caller.node->links().identity(), event.target,
                        caller.at(events_.now()), caller.entropy));
    pump(caller);
}

// --- Sending ---------------------------------------------------------------------------------

void World::mark_dirty(WorldHost& host, End& end) {
    if (std::exchange(end.dirty, true)) return;
    host.dirty.push_back(&end);
}

/// Takes what the link wants to send and puts it on the wire.
void World::carry(WorldHost& host, End& end) {
    end.dirty = false;
    if (!end.machine) return;
    const Now now = host.at(events_.now());
    // Last words leave in any case: the system would wait for their room.
    while ((!end.out.full || end.machine->closed()) && end.machine->wants_to_write()) {
        const auto size = end.machine->produce(now, MutableBytes{room_}, link_events_);
        if (size == 0) break;
        put(host, end, Bytes{room_}.first(size));
    }
    hand_on(host, end.link);
    if (end.machine->closed()) {
        std::erase_if(host.links, [&](const auto& entry) { return entry.second == &end; });
        return finish(end, CloseReason::truncated);
    }
    arm(end);
}

void World::put(WorldHost& host, End& end, Bytes bytes) {
    trace(bytes.size() ^ (std::to_integer<std::uint64_t>(bytes.back()) << 32));
    if (host.tamper) {
        auto changed = to_buffer(bytes);
        host.tamper->on_bytes(host.at(events_.now()), end.link, end.sent, changed);
        end.sent += bytes.size();
        if (!changed.empty()) launch(end, changed, std::nullopt);
        return;
    }
    if (segmentation_) {
        while (bytes.size() > 1 && rng_.chance(0.5)) {
            const auto first = 1 + static_cast<std::size_t>(rng_.below(bytes.size() - 1));
            launch(end, bytes.first(first), std::nullopt);
            bytes = bytes.subspan(first);
        }
    }
    launch(end, bytes, std::nullopt);
}

bool World::inject(HostId id, LinkId link, Bytes bytes) {
    auto* end = find_link(host(id), link);
    if (end == nullptr || bytes.empty()) return false;
    trace(bytes.size());
    launch(*end, bytes, std::nullopt);
    return true;
}

void World::launch(End& from, Bytes bytes, std::optional<CloseReason> last) {
    auto& sender = host(from.host);
    sender.traffic.sent += bytes.size();
    auto& pipe = from.out;
    pipe.in_flight += bytes.size();
    pipe.full = pipe.in_flight >= config_.socket_bytes_max;
    const auto to_side = static_cast<std::uint8_t>(1 - from.side);
    events_.at(pipe.path.send(events_.now() + sender.clog, bytes.size(), rng_),
               Segment{from.connection, to_side, false, last, to_buffer(bytes)});
}

/// A host's side of a connection is over; the other side sees it behind all that was sent.
void World::finish(End& end, CloseReason seen_by_peer) {
    end.machine.reset();
    trace(end.connection.place);
    const auto& connection = *find(end.connection);
    if (!connection.answered || connection.ends[1 - end.side].machine) {
        launch(end, {}, seen_by_peer);
    } else {
        graveyard_.push_back(end.connection.place);
    }
}

// --- Receiving -------------------------------------------------------------------------------

void World::arrive(Segment& segment) {
    auto* connection = find(segment.connection);
    if (!connection || connection->dead_air) return;
    auto& to = connection->ends[segment.to_side];
    auto& from = connection->ends[1 - segment.to_side];
    if (!from.out.held.empty() || blocked(from.host, to.host)) {
        from.out.held.push_back(std::move(segment));
        return;
    }
    auto& reader = host(to.host);
    if (to.power_lost && reader.powered) {
        // The host is back and knows nothing of this connection: it says so.
        if (!segment.end) launch(to, {}, CloseReason::reset);
        return;
    }
    if (!to.machine) return;
    if (reader.read_rate > 0 && !segment.read_in_time) {
        segment.read_in_time = true;
        const auto nanoseconds = segment.bytes.size() * 1'000'000'000 / reader.read_rate;
        to.reads_until = std::max(to.reads_until, events_.now()) +
                         Duration{static_cast<Duration::rep>(nanoseconds)};
        events_.at(to.reads_until, std::move(segment));
        return;
    }
    read(to, segment);
}

void World::read(End& to, Segment& segment) {
    auto& reader = host(to.host);
    const Now now = reader.at(events_.now());
    auto& pipe = find(segment.connection)->ends[1 - to.side].out;
    pipe.in_flight -= segment.bytes.size();
    if (pipe.full && pipe.in_flight <= config_.socket_bytes_max / 2) {
        pipe.full = false;
        const auto other = static_cast<std::uint8_t>(1 - to.side);
        events_.at(events_.now() + path(to.host, host_at(segment.connection, other)).base,
                   Writable{segment.connection, other});
    }
    if (!segment.bytes.empty()) {
        reader.traffic.received += segment.bytes.size();
        if (reader.tamper) reader.tamper->on_received(now, to.link, segment.bytes);
        to.machine->on_bytes(now, segment.bytes, link_events_);
    }
    if (segment.end) to.machine->on_end(now, *segment.end, link_events_);
    hand_on(reader, to.link);
    mark_dirty(reader, to);
    pump(reader);
}

void World::writable(const Writable& event) {
    auto* connection = find(event.connection);
    if (!connection || !connection->ends[event.side].machine) return;
    auto& end = connection->ends[event.side];
    auto& sender = host(end.host);
    mark_dirty(sender, end);
    pump(sender);
}

void World::arm(End& end) {
    const Instant at = wake_time(host(end.host), end.machine->next_wakeup());
    if (at >= end.armed) return;
    end.armed = at;
    events_.at(at, WakeLink{end.connection, end.side});
}

// --- Faults ----------------------------------------------------------------------------------

void World::partition(Blocked blocked) {
    blocked_ = std::move(blocked);
    // What waited goes on where nothing blocks it any more.
    for (const auto& connection : connections_) {
        if (!connection) continue;
        for (auto& end : connection->ends) {
            auto held = std::exchange(end.out.held, {});
            for (auto& segment : held) {
                const Instant at = end.out.path.send(events_.now(), segment.bytes.size(), rng_);
                events_.at(at, std::move(segment));
            }
        }
    }
}

std::size_t World::dead_connections(const std::function<bool(HostId)>& counts) const {
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [&](const auto& each) {
        return each && each->dead_air && std::ranges::any_of(each->ends, [&](const End& end) {
                   return end.machine.has_value() && counts(end.host);
               });
    }));
}

void World::cut(HostId id, const std::function<bool(HostId)>& chosen, bool silently) {
    const crypto::ScopedProvider provider{*provider_};
    auto& host = this->host(id);
    // Copied: resetting ends links.
    const auto links = host.links;
    for (const auto& [link, end] : links) {
        auto* connection = find(end->connection);
        const auto& other = connection->ends[1 - end->side];
        if (!chosen(other.host)) continue;
        trace(end->connection.place);
        if (silently) {
            connection->dead_air = true;
            continue;
        }
        for (auto& each : connection->ends) {
            if (each.machine) launch(connection->ends[1 - each.side], {}, CloseReason::reset);
        }
    }
}

}  // namespace parley::sim
