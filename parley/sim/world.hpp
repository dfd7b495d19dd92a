// World: whole nodes in one process, in virtual time. Every node is the production code: its
// NodeCore, its Links with the real handshake and encryption. The world plays the parts that the
// runtime plays elsewhere: connections with latency, timers, workers, disks.
// Everything comes from one seed; the same seed and build give the same trace hash.
// Threading: one thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/node/core.hpp>
#include <parley/sim/event_heap.hpp>
#include <parley/transport/link.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace parley::sim {

using HostId = std::size_t;

struct WorldConfig {
    std::uint64_t seed = 1;
    Duration latency_min = 5ms;  ///< one way, fixed for a pair of hosts
    Duration latency_max = 120ms;
    Duration job_time = 1ms;  ///< a Job's result returns after this
    UnixTime start{std::chrono::milliseconds{1'700'000'000'000}};
};

class World {
public:
    /// Makes the node of a host, at its start and at each restart, over the host's own disk.
    using MakeNode = std::function<std::unique_ptr<node::NodeCore>(Now, Store& disk, Rng rng)>;

    explicit World(WorldConfig config);
    ~World();

    /// Adds a host that accepts connections at `listen`; it is down until start().
    HostId add_host(const Endpoint& listen, transport::LinkConfig links, MakeNode make);
    void start(HostId host);
    /// As SIGKILL: the node is gone at once, its disk stays, its connections are reset.
    void kill(HostId host);
    bool up(HostId host) const;
    /// Precondition: up(host).
    node::NodeCore& node(HostId host);
    Store& disk(HostId host);

    /// Runs something on a host's node, as RPC would.
    void call(HostId host, const std::function<void(node::NodeCore&, Now)>& action);
    /// Does something at a later time, e.g. a step of a scenario.
    void later(Duration delay, EventHeap::Action action);

    void run_for(Duration time);
    /// True if it became so within `limit`; asked after every event.
    bool run_until(const std::function<bool()>& condition, Duration limit);

    Now now() const;
    /// Called after every event, for checkers.
    void after_each_event(std::function<void()> check) { check_ = std::move(check); }
    /// A hash over all that happened: times, hosts, bytes on the wire.
    std::uint64_t trace_hash() const { return trace_; }
    std::uint64_t events_run() const { return events_.events_run(); }

private:
    struct End;
    struct Connection;
    struct Host;

    void trace(std::uint64_t word);
    Duration latency(HostId a, HostId b) const;
    void pump(HostId host);
    bool drive_links(Host& host);
    void for_each_link(Host& host, const std::function<void(End&)>& visit);
    void hand_on(Host& host, transport::LinkId link, std::vector<transport::LinkEvent>& events);
    void run_jobs(HostId host);
    void arm(HostId host);
    void open(HostId from, transport::LinkId link, const Target& target);
    void connected(HostId from, transport::LinkId link, const NodeId& target, HostId to);
    void carry(Host& host, End& end);
    void arrive(
        std::uint64_t connection, std::size_t side,
        const std::function<void(transport::Link&, std::vector<transport::LinkEvent>&)>& input);
    void deliver(std::uint64_t connection, std::size_t side, Buffer bytes);
    void ended(std::uint64_t connection, std::size_t side, transport::CloseReason why);
    void drop(Host& host, transport::LinkId link, transport::CloseReason seen_by_peer);
    End* end_of(std::uint64_t connection, std::size_t side);

    WorldConfig config_;
    Rng rng_;
    EventHeap events_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::map<Endpoint, HostId> listeners_;
    std::map<std::uint64_t, Connection> connections_;
    std::uint64_t next_connection_ = 1;
    std::uint64_t trace_ = 0xcbf29ce484222325ULL;
    std::function<void()> check_;
};

}  // namespace parley::sim
