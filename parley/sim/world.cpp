#include <parley/sim/world.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace parley::sim {

using namespace transport;

/// One side of a connection.
struct World::End {
    HostId host{};
    LinkId link{};
    std::uint64_t connection = 0;
    std::size_t side = 0;
    std::optional<Link> machine;
    bool ended = false;  // our last byte is on its way
};

/// Two ends; side 0 dialed.
struct World::Connection {
    std::array<End, 2> ends;
    Duration latency{};
};

struct World::Host {
    HostId id{};
    Endpoint listen;
    LinkConfig link_config;
    MakeNode make;
    MemoryStore disk;
    SeededEntropy entropy;
    std::unique_ptr<node::NodeCore> node;
    std::map<LinkId, std::pair<std::uint64_t, std::size_t>> links;  // to connection and side
    std::set<LinkId> connecting;  // dials without a connection yet
    std::uint64_t life = 0;       // counts starts and kills: what an earlier life planned is void
    Instant armed = never;

    explicit Host(std::uint64_t seed) : entropy(seed) {}
};

World::World(WorldConfig config) : config_(config), rng_(config.seed) {}
World::~World() = default;

HostId World::add_host(const Endpoint& listen, LinkConfig links, MakeNode make) {
    const HostId id = hosts_.size();
    auto host = std::make_unique<Host>(rng_.next());
    host->id = id;
    host->listen = listen;
    host->link_config = links;
    host->make = std::move(make);
    hosts_.push_back(std::move(host));
    listeners_.emplace(listen, id);
    return id;
}

void World::start(HostId id) {
    auto& host = *hosts_[id];
    ++host.life;
    host.armed = never;
    host.node = host.make(now(), host.disk, Rng{rng_.next()});
    trace(id);
    pump(id);
}

void World::kill(HostId id) {
    auto& host = *hosts_[id];
    ++host.life;
    trace(~id);
    while (!host.links.empty()) drop(host, host.links.begin()->first, CloseReason::reset);
    host.connecting.clear();
    host.node.reset();
}

bool World::up(HostId host) const {
    return hosts_[host]->node != nullptr;
}
node::NodeCore& World::node(HostId host) {
    return *hosts_[host]->node;
}
Store& World::disk(HostId host) {
    return hosts_[host]->disk;
}

void World::call(HostId id, const std::function<void(node::NodeCore&, Now)>& action) {
    action(*hosts_[id]->node, now());
    pump(id);
}

void World::later(Duration delay, EventHeap::Action action) {
    events_.at(events_.now() + delay, std::move(action));
}

void World::run_for(Duration time) {
    const Instant end = events_.now() + time;
    while (events_.run_next(end)) {
        if (check_) check_();
    }
    events_.advance_to(end);
}

bool World::run_until(const std::function<bool()>& condition, Duration limit) {
    const Instant end = events_.now() + limit;
    while (!condition()) {
        if (!events_.run_next(end)) {
            events_.advance_to(end);
            return false;
        }
        if (check_) check_();
    }
    return true;
}

Now World::now() const {
    const auto elapsed = events_.now().time_since_epoch();
    return {events_.now(),
            config_.start + std::chrono::duration_cast<std::chrono::milliseconds>(elapsed)};
}

void World::trace(std::uint64_t word) {
    const auto time = static_cast<std::uint64_t>(events_.now().time_since_epoch().count());
    trace_ = (trace_ ^ word) * 0x100000001b3ULL;
    trace_ = (trace_ ^ time) * 0x100000001b3ULL;
}

Duration World::latency(HostId a, HostId b) const {
    Rng pair{config_.seed ^ (std::min(a, b) * 0x9e3779b97f4a7c15ULL) ^
             (std::max(a, b) * 0xc2b2ae3d27d4eb4fULL)};
    const auto span =
        static_cast<std::uint64_t>((config_.latency_max - config_.latency_min).count());
    return config_.latency_min + Duration{static_cast<std::int64_t>(pair.below(span + 1))};
}

/// Carries everything that an input caused to its end: effects, links' events, jobs, bytes.
void World::pump(HostId id) {
    auto& host = *hosts_[id];
    if (!host.node) return;
    const auto life = host.life;
    bool busy = true;
    while (busy) {
        host.node->turn(now());
        busy = drive_links(host);
        if (host.life != life) return;
    }
    run_jobs(id);
    arm(id);
}

bool World::drive_links(Host& host) {
    bool busy = false;
    std::vector<LinkEvent> out;
    for (auto& effect : host.node->links().take_effects()) {
        busy = true;
        if (const auto* dial = std::get_if<OpenLink>(&effect)) {
            open(host.id, dial->link, dial->target);
            continue;
        }
        auto& command = std::get<CommandLink>(effect);
        const auto found = host.links.find(command.link);
        if (found == host.links.end()) {
            // A dial given up before it was connected.
            if (host.connecting.erase(command.link) > 0) {
                host.node->links().on_connect_failed(now(), command.link, "given up");
            }
            continue;
        }
        auto* end = end_of(found->second.first, found->second.second);
        if (!end->machine) continue;
        end->machine->on_command(now(), std::move(command.command), out);
        hand_on(host, command.link, out);
    }
    for_each_link(host, [&](End& end) { carry(host, end); });
    return busy;
}

/// Every link of the host that is there when its turn comes: earlier ones may end later ones.
void World::for_each_link(Host& host, const std::function<void(End&)>& visit) {
    std::vector<LinkId> ids;
    for (const auto& [link, where] : host.links) ids.push_back(link);
    for (const auto link : ids) {
        const auto found = host.links.find(link);
        if (found == host.links.end()) continue;
        auto* end = end_of(found->second.first, found->second.second);
        if (end->machine) visit(*end);
    }
}

/// What a link has to say goes to its node.
void World::hand_on(Host& host, LinkId link, std::vector<LinkEvent>& events) {
    for (auto& event : events) host.node->links().on_event(now(), link, std::move(event));
    events.clear();
}

void World::run_jobs(HostId id) {
    auto& host = *hosts_[id];
    for (auto& job : host.node->take_jobs()) {
        if (job.run) job.run();
        later(config_.job_time, [this, id, life = host.life, done = std::move(job)]() mutable {
            auto& again = *hosts_[id];
            if (again.life != life) return;
            again.node->finish_job(done, now());
            pump(id);
        });
    }
}

/// Plans the next wake-up of the host: its node's or one of its links'.
void World::arm(HostId id) {
    auto& host = *hosts_[id];
    Instant at = host.node->next_wakeup();
    for (const auto& [link, where] : host.links) {
        const auto* end = end_of(where.first, where.second);
        if (end->machine) at = std::min(at, end->machine->next_wakeup());
    }
    if (at == never || at >= host.armed) return;
    // A wake-up that is past and still wanted would stop time: it waits for the next microsecond.
    at = std::max(at, events_.now() + 1us);
    host.armed = at;
    events_.at(at, [this, id, at, life = host.life] {
        auto& again = *hosts_[id];
        if (again.life != life) return;
        if (again.armed == at) again.armed = never;
        for_each_link(again, [&](End& end) {
            if (end.machine->next_wakeup() > events_.now()) return;
            std::vector<LinkEvent> out;
            end.machine->on_timer(now(), out);
            hand_on(again, end.link, out);
        });
        if (again.node->next_wakeup() <= events_.now()) again.node->on_timer(now());
        pump(id);
    });
}

void World::open(HostId from, LinkId link, const Target& target) {
    const auto found = listeners_.find(target.endpoint);
    const Duration round_trip =
        2 * (found == listeners_.end() ? config_.latency_max : latency(from, found->second));
    hosts_[from]->connecting.insert(link);
    later(round_trip, [this, from, link, target, life = hosts_[from]->life] {
        auto& host = *hosts_[from];
        if (host.life != life || host.connecting.erase(link) == 0) return;
        const auto there = listeners_.find(target.endpoint);
        if (there == listeners_.end() || !up(there->second)) {
            host.node->links().on_connect_failed(now(), link, "connection refused");
        } else {
            connected(from, link, target.id, there->second);
        }
        pump(from);
    });
}

void World::connected(HostId from, LinkId link, const NodeId& target, HostId to) {
    auto& caller = *hosts_[from];
    auto& callee = *hosts_[to];
    const auto id = next_connection_++;
    auto& connection = connections_[id];
    connection.latency = latency(from, to);
    // Each connection comes from a port of its own.
    const Endpoint remote{caller.listen.address, static_cast<std::uint16_t>(32768 + id % 28000)};
    const auto accepted = callee.node->links().on_accept(now(), remote);
    auto& near = connection.ends[0];
    near.host = from;
    near.link = link;
    near.connection = id;
    near.side = 0;
    near.machine.emplace(Link::dial(caller.link_config, caller.node->links().identity(), target,
                                    now(), caller.entropy));
    caller.links.emplace(link, std::pair{id, std::size_t{0}});
    auto& far = connection.ends[1];
    far.host = to;
    far.connection = id;
    far.side = 1;
    if (accepted) {
        far.link = *accepted;
        far.machine.emplace(Link::accept(callee.link_config, callee.node->links().identity(), now(),
                                         callee.entropy));
        callee.links.emplace(*accepted, std::pair{id, std::size_t{1}});
    } else {
        far.ended = true;
        later(connection.latency, [this, id] { ended(id, 0, CloseReason::reset); });
    }
    trace(id);
    pump(to);
}

/// Takes what the link wants to send and puts it on the wire.
void World::carry(Host& host, End& end) {
    std::vector<LinkEvent> out;
    const auto link = end.link;
    const auto connection = end.connection;
    const auto side = end.side;
    for (;;) {
        Buffer bytes;
        end.machine->produce(now(), bytes, out);
        if (bytes.empty()) break;
        trace(bytes.size() ^ (std::to_integer<std::uint64_t>(bytes.back()) << 32));
        later(connections_.at(connection).latency,
              [this, connection, side, moved = std::move(bytes)]() mutable {
                  deliver(connection, 1 - side, std::move(moved));
              });
    }
    const bool closed = end.machine->closed();
    hand_on(host, link, out);
    if (closed) drop(host, link, CloseReason::truncated);
}

/// Something arrives at one end of a connection, if that is still there.
void World::arrive(std::uint64_t connection, std::size_t side,
                   const std::function<void(Link&, std::vector<LinkEvent>&)>& input) {
    auto* end = end_of(connection, side);
    if (end == nullptr || !end->machine) return;
    auto& host = *hosts_[end->host];
    const auto link = end->link;
    std::vector<LinkEvent> out;
    input(*end->machine, out);
    hand_on(host, link, out);
    pump(host.id);
}

void World::deliver(std::uint64_t connection, std::size_t side, Buffer bytes) {
    arrive(connection, side, [&](Link& link, auto& out) { link.on_bytes(now(), bytes, out); });
}

void World::ended(std::uint64_t connection, std::size_t side, CloseReason why) {
    arrive(connection, side, [&](Link& link, auto& out) { link.on_end(now(), why, out); });
}

/// Our side of a connection is over: the other side sees it after the latency.
void World::drop(Host& host, LinkId link, CloseReason seen_by_peer) {
    const auto found = host.links.find(link);
    const auto [id, side] = found->second;
    host.links.erase(found);
    auto& connection = connections_.at(id);
    connection.ends[side].machine.reset();
    connection.ends[side].ended = true;
    trace(id);
    if (connection.ends[1 - side].ended) {
        connections_.erase(id);
        return;
    }
    later(connection.latency,
          [this, id, side, seen_by_peer] { ended(id, 1 - side, seen_by_peer); });
}

World::End* World::end_of(std::uint64_t connection, std::size_t side) {
    const auto found = connections_.find(connection);
    return found == connections_.end() ? nullptr : &found->second.ends[side];
}

}  // namespace parley::sim
