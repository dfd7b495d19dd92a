#include <parley/sim/world/world.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/crypto/memo.hpp>
#include <parley/crypto/stub.hpp>
#include <parley/sim/world/world_host.hpp>

#include <algorithm>
#include <variant>

namespace parley::sim {

using namespace transport;

namespace {

std::unique_ptr<crypto::Provider> make_provider(Crypto crypto) {
    if (crypto == Crypto::stub) return std::make_unique<crypto::StubCrypto>();
    return std::make_unique<crypto::VerifyMemo>();
}

}  // namespace

World::World(WorldConfig config)
    : config_(std::move(config)),
      rng_(config_.seed),
      scenario_rng_(rng_.split("scenario")),
      provider_(make_provider(config_.crypto)),
      connections_(config_.path, config_.socket_bytes_max, events_, rng_),
      room_(256U << 10) {}
World::~World() {
    const crypto::ScopedProvider provider{*provider_};
    hosts_.clear();
}

// --- Hosts -----------------------------------------------------------------------------------

HostId World::add_host(const Endpoint& listen, LinkConfig links, MakeNode make) {
    auto host = std::make_unique<WorldHost>(hosts_.size(), rng_.next(), config_.start);
    host->listen = listen;
    host->link_config = links;
    host->make = std::move(make);
    listeners_.emplace(listen, host->id);
    hosts_.push_back(std::move(host));
    return hosts_.back()->id;
}

void World::start(HostId id) {
    const crypto::ScopedProvider provider{*provider_};
    auto& host = this->host(id);
    ++host.life;
    host.armed = never;
    host.powered = true;
    host.node = host.make(host.at(events_.now()), host.disk, Rng{rng_.next()});
    trace(id);
    pump(host);
}

void World::kill(HostId id) {
    const crypto::ScopedProvider provider{*provider_};
    auto& host = this->host(id);
    trace(~id);
    forget_links(host, false);
    host.node.reset();
}

void World::crash(HostId id, const DiskFaults& faults) {
    const crypto::ScopedProvider provider{*provider_};
    auto& host = this->host(id);
    trace(~id);
    forget_links(host, true);
    host.node.reset();
    host.powered = false;
    host.disk.crash(host.faults_rng, faults);
}

/// All that belongs to the present life of a host's node, but the node.
void World::forget_links(WorldHost& host, bool power_lost) {
    ++host.life;
    host.dirty.clear();
    host.connecting.clear();
    host.busy = false;
    for (const auto& [link, end] : std::exchange(host.links, {})) {
        end->dirty = false;
        if (!power_lost) {
            finish(*end, CloseReason::reset);
            continue;
        }
        end->machine.reset();
        end->power_lost = true;
        const auto& connection = *connections_.find(end->connection);
        if (connection.answered && !connection.ends[1 - end->side].machine) {
            connections_.over(end->connection);
        }
    }
    connections_.bury();
}

bool World::up(HostId id) const {
    return hosts_[id]->node != nullptr;
}
p2p::NodeCore& World::node(HostId id) {
    return *host(id).node;
}
Disk& World::disk(HostId id) {
    return host(id).disk;
}
HostClock& World::clock(HostId id) {
    return host(id).clock;
}
Now World::now_of(HostId id) const {
    return hosts_[id]->at(events_.now());
}
void World::set_tamper(HostId id, Tamper* tamper) {
    host(id).tamper = tamper;
}
void World::pause(HostId id, Duration time) {
    auto& until = host(id).paused_until;
    until = std::max(until, events_.now() + time);
}
void World::set_nat(HostId id, const IpAddress& outside) {
    host(id).nat = outside;
    nats_.try_emplace(outside, outside);
}
void World::set_read_rate(HostId id, std::uint64_t bytes_per_second) {
    host(id).read_rate = bytes_per_second;
}
void World::set_clog(HostId id, Duration extra) {
    host(id).clog = extra;
}
World::Traffic World::traffic(HostId id) const {
    return hosts_[id]->traffic;
}

void World::call(HostId id, const std::function<void(p2p::NodeCore&, Now)>& action) {
    const crypto::ScopedProvider provider{*provider_};
    auto& host = this->host(id);
    action(*host.node, host.at(events_.now()));
    host.busy = true;
    pump(host);
    connections_.bury();
}

// --- Time ------------------------------------------------------------------------------------

Now World::now() const {
    const auto elapsed = events_.now().time_since_epoch();
    return {events_.now(),
            config_.start + std::chrono::duration_cast<std::chrono::milliseconds>(elapsed)};
}

double World::seconds() const {
    return std::chrono::duration<double>(events_.now().time_since_epoch()).count();
}

void World::later(Duration delay, Action action) {
    events_.at(events_.now() + delay, Act{std::move(action)});
}

void World::run_for(Duration time) {
    const crypto::ScopedProvider provider{*provider_};
    const Instant end = events_.now() + time;
    while (step(end)) {
    }
    events_.advance_to(end);
}

bool World::run_until(const std::function<bool()>& condition, Duration limit) {
    const crypto::ScopedProvider provider{*provider_};
    const Instant end = events_.now() + limit;
    while (!condition()) {
        if (!step(end)) {
            events_.advance_to(end);
            return condition();
        }
    }
    return true;
}

bool World::step(Instant end) {
    auto event = events_.next(end);
    if (!event) return false;
    const HostId touched = host_of(*event);
    if (touched < hosts_.size() && host(touched).paused_until > events_.now()) {
        // It waits at the host's door, behind what came before it.
        events_.at(host(touched).paused_until, std::move(*event));
        return true;
    }
    run(*event);
    connections_.bury();
    if (check_) check_(touched);
    return true;
}

HostId World::host_at(ConnectionRef ref, std::uint8_t side) {
    const auto* connection = connections_.find(ref);
    return connection ? connection->ends[side].host : hosts_.size();
}

/// The host that an event happens at; hosts() when there is none.
HostId World::host_of(const Event& event) {
    return std::visit(overloaded{
                          [&](const Act&) { return hosts_.size(); },
                          [](const WakeHost& e) { return e.host; },
                          [&](const WakeLink& e) { return host_at(e.connection, e.side); },
                          [](const Knock& e) { return e.to; },
                          [&](const Connected& e) { return host_at(e.connection, 0); },
                          [](const ConnectFailed& e) { return e.host; },
                          [&](const Segment& e) { return host_at(e.connection, e.to_side); },
                          [&](const Writable& e) { return host_at(e.connection, e.side); },
                          [&](const ReadOn& e) { return host_at(e.connection, e.side); },
                          [](const JobDone& e) { return e.host; },
                          [](const Datagram& e) { return e.receiver; },
                      },
                      event);
}

void World::run(Event& event) {
    std::visit(overloaded{
                   [](Act& e) { e.action(); },
                   [&](const WakeHost& e) {
                       auto& host = this->host(e.host);
                       if (host.life == e.life && host.node) wake(host);
                   },
                   [&](const WakeLink& e) {
                       auto* connection = connections_.find(e.connection);
                       if (connection && connection->ends[e.side].machine) {
                           wake(connection->ends[e.side]);
                       }
                   },
                   [&](const Knock& e) { knock(e); },
                   [&](const Connected& e) { connected(e); },
                   [&](const ConnectFailed& e) {
                       auto& host = this->host(e.host);
                       if (host.life == e.life) connect_failed(host, e.link, e.why);
                   },
                   [&](Segment& e) { arrive(e); },
                   [&](const Writable& e) { writable(e); },
                   [&](const ReadOn& e) {
                       auto* connection = connections_.find(e.connection);
                       if (connection) read_on(connection->ends[e.side]);
                   },
                   [&](JobDone& e) { job_done(e); },
                   [&](const Datagram& e) { receive(e); },
               },
               event);
}

void World::job_done(JobDone& event) {
    auto& host = this->host(event.host);
    if (host.life != event.life) return;
    host.disk.sync_all();  // an honest disk: what is done is durable
    host.node->finish_job(event.job, host.at(events_.now()));
    host.busy = true;
    pump(host);
}

void World::trace(std::uint64_t word) {
    const auto time = static_cast<std::uint64_t>(events_.now().time_since_epoch().count());
    trace_ = (trace_ ^ word) * 0x100000001b3ULL;
    trace_ = (trace_ ^ time) * 0x100000001b3ULL;
}

// --- A host's turn ---------------------------------------------------------------------------

/// Carries everything that an input caused to its end: effects, links' events, jobs, bytes.
void World::pump(WorldHost& host) {
    if (!host.node) return;
    const auto life = host.life;
    const Now now = host.at(events_.now());
    do {
        if (std::exchange(host.busy, false)) host.node->turn(now);
        host.node->links().take_effects(effects_);
        if (host.tamper) host.tamper->on_effects(now, effects_);
        for (auto& effect : effects_) apply(host, effect);
        for (std::size_t i = 0; i < host.dirty.size(); ++i) carry(host, *host.dirty[i]);
        host.dirty.clear();
        if (host.life != life) return;
    } while (host.busy);
    take_jobs(host);
    send_datagrams(host);
    arm(host);
}

void World::apply(WorldHost& host, SwitchEffect& effect) {
    std::visit(overloaded{
                   [&](const OpenLink& dial) { open(host, dial.link, dial.target); },
                   [&](CommandLink& command) { this->command(host, command); },
               },
               effect);
}

void World::command(WorldHost& host, CommandLink& command) {
    auto* end = find_link(host, command.link);
    if (end == nullptr) {
        // A dial given up before it was connected; or a link that is over.
        if (std::erase(host.connecting, command.link) > 0) {
            host.node->links().on_connect_failed(host.at(events_.now()), command.link, "given up");
            host.busy = true;
        }
        return;
    }
    end->machine->on_command(host.at(events_.now()), std::move(command.command), link_events_);
    hand_on(host, command.link);
    mark_dirty(host, *end);
}

/// What a link has to say goes to its node.
void World::hand_on(WorldHost& host, LinkId link) {
    if (link_events_.empty()) return;
    host.busy = true;
    const Now now = host.at(events_.now());
    if (host.tamper) host.tamper->on_events(now, link, link_events_);
    for (auto& event : link_events_) host.node->links().on_event(now, link, std::move(event));
    link_events_.clear();
}

void World::take_jobs(WorldHost& host) {
    for (auto& job : host.node->take_jobs()) {
        if (job.run) job.run();
        events_.at(events_.now() + config_.job_time, JobDone{host.id, host.life, std::move(job)});
    }
}

/// When a wake-up by the host's own clock is due. One that is past and still wanted would stop
/// time: it waits for the next microsecond.
Instant World::wake_time(const WorldHost& host, Instant local) const {
    if (local == never) return never;
    return std::max(host.clock.world_time_of(local), events_.now() + std::chrono::microseconds{1});
}

/// Plans the next wake-up of the host's node.
void World::arm(WorldHost& host) {
    const Instant at = wake_time(host, host.node->next_wakeup());
    if (at >= host.armed) return;
    host.armed = at;
    events_.at(at, WakeHost{host.id, host.life});
}

void World::wake(WorldHost& host) {
    if (host.armed > events_.now()) return;  // moved
    host.armed = never;
    const Now now = host.at(events_.now());
    if (host.node->next_wakeup() > now.instant) return arm(host);
    host.node->on_timer(now);
    host.busy = true;
    pump(host);
}

void World::wake(End& end) {
    if (end.armed > events_.now()) return;
    end.armed = never;
    auto& host = this->host(end.host);
    const Now now = host.at(events_.now());
    if (end.machine->next_wakeup() > now.instant) return arm(end);
    end.machine->on_timer(now, link_events_);
    hand_on(host, end.link);
    mark_dirty(host, end);
    pump(host);
}

// --- Datagrams -------------------------------------------------------------------------------

void World::set_on_datagram(HostId id, OnDatagram handler) {
    host(id).on_datagram = std::move(handler);
}

/// Whose endpoint that is; behind a Nat, of its own outside port.
std::optional<HostId> World::datagram_host(const Endpoint& endpoint) const {
    if (const auto found = listeners_.find(endpoint); found != listeners_.end()) {
        if (!hosts_[found->second]->nat) return found->second;
    }
    const auto nat = nats_.find(endpoint.address);
    return nat == nats_.end() ? std::nullopt : nat->second.host_of(endpoint.port);
}

void World::send_datagram(HostId sender, const Endpoint& to, Bytes bytes) {
    Endpoint from = host(sender).listen;
    if (const auto& outside = host(sender).nat) {
        from = nats_.at(*outside).out(events_.now(), sender, to);
    }
    const auto receiver = datagram_host(to);
    if (!receiver) return;
    DatagramPath path{this->path(sender, *receiver), datagram_faults_};
    for (const Instant arrival : path.deliveries(events_.now(), bytes.size(), rng_)) {
        events_.at(arrival, Datagram{sender, *receiver, from, to, to_buffer(bytes)});
    }
}

void World::send_datagrams(WorldHost& host) {
    datagrams_.clear();
    host.node->take_datagrams(datagrams_);
    for (std::size_t i = 0; i < datagrams_.size(); ++i) {
        send_datagram(host.id, datagrams_.peer(i), datagrams_[i]);
    }
}

void World::receive(const Datagram& datagram) {
    auto& host = this->host(datagram.receiver);
    if (blocked(datagram.sender, host.id) || (!host.on_datagram && !host.node)) return;
    if (host.nat && !nats_.at(*host.nat).lets_in(events_.now(), datagram.from, datagram.to.port)) {
        return;
    }
    trace(datagram.bytes.size());
    if (host.on_datagram) return host.on_datagram(datagram.from, datagram.bytes);
    datagrams_.clear();
    datagrams_.add(datagram.from, datagram.bytes);
    host.node->on_datagrams(host.at(events_.now()), datagrams_);
    host.busy = true;
    pump(host);
}

}  // namespace parley::sim
