// World: the links of its hosts, over Connections.
#include <parley/sim/world/world.hpp>
#include <parley/sim/world/world_host.hpp>

#include <algorithm>
#include <string_view>

namespace parley::sim {

using namespace transport;

// --- A host's links -------------------------------------------------------------------------

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
    const auto ref = connections_.add(knock.from, knock.to);
    auto& end = connections_.find(ref)->ends[1];
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
    auto& connection = *connections_.find(event.connection);
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
    connections_.send(from, bytes, last, sender.clog);
}

/// A host's side of a connection is over; the other side sees it behind all that was sent.
void World::finish(End& end, CloseReason seen_by_peer) {
    end.machine.reset();
    trace(end.connection.place);
    const auto& connection = *connections_.find(end.connection);
    if (!connection.answered || connection.ends[1 - end.side].machine) {
        launch(end, {}, seen_by_peer);
    } else {
        connections_.over(end.connection);
    }
}

// --- Receiving -------------------------------------------------------------------------------

void World::arrive(Segment& segment) {
    auto* connection = connections_.find(segment.connection);
    if (!connection || connection->dead_air || connections_.hold(segment)) return;
    auto& to = connection->ends[segment.to_side];
    auto& reader = host(to.host);
    if (to.power_lost && reader.powered) {
        // The host is back and knows nothing of this connection: it says so.
        if (!segment.end) launch(to, {}, CloseReason::reset);
        return;
    }
    if (!to.machine) return;
    const bool whole = segment.bytes.size() <= reader.link_config.bandwidth.read_turn_bytes();
    if (whole && to.unread.empty() && reading_at(to, segment) <= events_.now()) {
        return read(to, segment);
    }
    to.unread.push_back(std::move(segment));
    if (to.unread.size() == 1) await_reading(to);
}

/// When a segment that is the next one may be read: a link may wait for bandwidth, and a slow
/// reader takes its time for each.
Instant World::reading_at(const End& end, const Segment& segment) const {
    const auto& reader = host(end.host);
    const Instant allowed = reader.clock.world_time_of(end.machine->read_at());
    if (reader.read_rate == 0) return allowed;
    const auto nanoseconds = segment.bytes.size() * 1'000'000'000 / reader.read_rate;
    return std::max(allowed, events_.now() + Duration{static_cast<Duration::rep>(nanoseconds)});
}

void World::await_reading(End& end) {
    events_.at(reading_at(end, end.unread.front()), ReadOn{end.connection, end.side});
}

void World::read_on(End& end) {
    if (!end.machine) return end.unread.clear();
    auto& first = end.unread.front();
    const auto turn = host(end.host).link_config.bandwidth.read_turn_bytes();
    if (first.bytes.size() > turn) {
        const auto rest = first.bytes.begin() + static_cast<std::ptrdiff_t>(turn);
        Segment part{first.connection, first.to_side, {}, Buffer(first.bytes.begin(), rest)};
        first.bytes.erase(first.bytes.begin(), rest);
        read(end, part);
    } else {
        auto whole = std::move(first);
        end.unread.erase(end.unread.begin());
        read(end, whole);
    }
    if (end.machine && !end.unread.empty()) await_reading(end);
}

void World::read(End& to, Segment& segment) {
    auto& reader = host(to.host);
    const Now now = reader.at(events_.now());
    connections_.taken(to, segment.bytes.size());
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
    auto* connection = connections_.find(event.connection);
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

void World::cut(HostId id, const std::function<bool(HostId)>& chosen, bool silently) {
    const crypto::ScopedProvider provider{*provider_};
    auto& host = this->host(id);
    // Copied: resetting ends links.
    const auto links = host.links;
    for (const auto& [link, end] : links) {
        auto* connection = connections_.find(end->connection);
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
