// World: whole nodes in one process, in virtual time. Every node is the production code: its
// NodeCore, its Links with the real handshake and encryption. The world takes the place of the
// runtime and the system: connections, clocks, timers, workers, disks, and the failures of each.
// Everything comes from one seed; the same seed and build give the same trace hash.
//
//     World world{{.seed = 7}};
//     const auto a = world.add_host(endpoint, links, make_node);   // and more
//     world.start(a);
//     world.later(10s, [&] { world.kill(a); });
//     CHECK(world.run_until([&] { return settled(); }, 60s));
//
// Shape: a heap of planned events. Each touches one host, whose node then has its turn until it has
// nothing more to say; what it sends becomes events again.
//
// Threading: one thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/crypto/provider.hpp>
#include <parley/p2p/core.hpp>
#include <parley/sim/world/clock.hpp>
#include <parley/sim/world/connections.hpp>
#include <parley/sim/world/disk.hpp>
#include <parley/sim/world/event.hpp>
#include <parley/sim/world/event_heap.hpp>
#include <parley/sim/world/nat.hpp>
#include <parley/sim/world/path.hpp>
#include <parley/transport/link/link.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace parley::sim {

/// The cryptography of the nodes.
enum class Crypto : std::uint8_t {
    real,  ///< results of checking signatures are remembered across nodes
    stub,  ///< cheap and insecure, for thousands of nodes
};

/// Seed, paths and times of a World.
struct WorldConfig {
    std::uint64_t seed = 1;
    /// The path between two hosts; both directions. Asked once a connection.
    std::function<PathConfig(HostId, HostId)> path = {};
    Duration job_time = 1ms;  ///< from the start of a Job until its result returns
    Duration connect_timeout = 5s;
    std::size_t socket_bytes_max = 256U << 10;  ///< sent and not yet read, each direction
    Crypto crypto = Crypto::real;
    UnixTime start{std::chrono::milliseconds{1'700'000'000'000}};
};

/// Rewrites the effects and events of a host's node, and the bytes that its links send and receive:
/// an attacker is an ordinary node with a Tamper.
class Tamper {
public:
    virtual ~Tamper() = default;
    /// Before the world acts on them; may change, drop and add.
    virtual void on_effects(Now, std::vector<transport::SwitchEffect>&) {}
    /// Before the node hears them; may change, drop and add.
    virtual void on_events(Now, transport::LinkId, std::vector<transport::LinkEvent>&) {}
    /// Before the bytes of a link leave; may change them. `sent`: bytes that went before.
    virtual void on_bytes(Now, transport::LinkId, std::uint64_t /*sent*/, Buffer&) {}
    /// Before a link reads bytes that came; may change or swallow them.
    virtual void on_received(Now, transport::LinkId, Buffer&) {}
};

class World {
public:
    using Action = std::move_only_function<void()>;
    /// Makes the node of a host, at its start and at each restart, over the host's own disk.
    using MakeNode = std::function<std::unique_ptr<p2p::NodeCore>(Now, Store& disk, Rng rng)>;

    explicit World(WorldConfig config);
    ~World();

    // --- Hosts ---
    /// Adds a host that accepts connections at `listen`; it is down until start().
    HostId add_host(const Endpoint& listen, transport::LinkConfig links, MakeNode make);
    std::size_t hosts() const { return hosts_.size(); }
    /// Makes the node of the host, over the disk as it is, and lets it act. Precondition: it is
    /// down.
    void start(HostId host);
    /// As SIGKILL: the node is gone at once, its disk stays, its connections are reset.
    void kill(HostId host);
    /// The power fails: as kill, but peers are not told, and the disk suffers `faults`.
    void crash(HostId host, const DiskFaults& faults);
    /// Whether its node runs (also while it is paused).
    bool up(HostId host) const;
    /// Precondition: up(host).
    p2p::NodeCore& node(HostId host);
    /// It outlives the node. May be changed between events.
    Disk& disk(HostId host);
    /// The host's own clock, which may be wrong.
    HostClock& clock(HostId host);
    /// The time by the host's own clock.
    Now now_of(HostId host) const;
    /// Runs something on a host's node, as RPC would.
    void call(HostId host, const std::function<void(p2p::NodeCore&, Now)>& action);
    /// `tamper` outlives the world; null: an honest node.
    void set_tamper(HostId host, Tamper* tamper);
    /// Puts bytes on the wire of a host's link, past the link. False if there is none (any more).
    bool inject(HostId host, transport::LinkId link, Bytes bytes);

    // --- Faults ---
    /// Nothing happens on the host for this long, as under SIGSTOP; then all at once.
    void pause(HostId host, Duration time);
    /// Puts the host behind the router of that outside address, which others may share (Nat): it
    /// appears under this address, and cannot be dialed.
    void set_nat(HostId host, const IpAddress& outside);
    /// The host reads no faster than this from each connection; 0: as fast as it comes.
    void set_read_rate(HostId host, std::uint64_t bytes_per_second);
    /// Adds to the latency of all that the host sends from now on.
    void set_clog(HostId host, Duration extra);
    /// True from `from` to `to`: nothing gets through in this direction; streams wait (TCP
    /// repeats), dials time out. An empty function heals.
    using Blocked = Connections::Blocked;
    /// Replaces the present partition.
    void partition(Blocked blocked) { connections_.partition(std::move(blocked)); }
    /// The path between two hosts, without faults.
    PathConfig path(HostId a, HostId b) const { return connections_.path(a, b); }
    /// Live connections of a host for which `chosen` says yes are reset, or fall silent for good.
    void cut(HostId host, const std::function<bool(HostId peer)>& chosen, bool silently);
    /// Connections that fell silent for good and that a host for which `counts` says yes holds.
    std::size_t dead_connections(const std::function<bool(HostId)>& counts) const {
        return connections_.dead(counts);
    }
    /// Streams arrive in pieces of random sizes.
    void set_segmentation(bool on) { segmentation_ = on; }

    // --- Datagrams ---
    using OnDatagram = std::function<void(const Endpoint& from, Bytes bytes)>;
    /// Hands the host's datagrams to `handler` instead of its node.
    void set_on_datagram(HostId host, OnDatagram handler);
    /// Of all paths, from the next datagram on.
    void set_datagram_faults(const DatagramFaults& faults) { datagram_faults_ = faults; }
    /// As the host itself: through its NAT, with all faults. Lost if no host stands there.
    void send_datagram(HostId from, const Endpoint& to, Bytes bytes);

    // --- Time ---
    /// Does something at a later time, e.g. a step of a scenario.
    void later(Duration delay, Action action);
    /// Runs all events of that much virtual time.
    void run_for(Duration time);
    /// Runs until `condition`, which is asked after every event, is true. False if it is not within
    /// `limit`.
    bool run_until(const std::function<bool()>& condition, Duration limit);
    /// The world's own time.
    Now now() const;
    double seconds() const;  ///< virtual, since the world began
    /// Called after every event with the host that it touched, for checkers.
    void after_each_event(std::function<void(HostId)> check) { check_ = std::move(check); }

    /// A hash over all that happened: times, hosts, bytes on the wire.
    std::uint64_t trace_hash() const { return trace_; }
    std::uint64_t events_run() const { return events_.events_run(); }
    /// A random source for scenarios, apart from what the world itself draws.
    Rng& scenario_rng() { return scenario_rng_; }
    /// A host's traffic since the world began.
    struct Traffic {
        std::uint64_t sent = 0, received = 0;  ///< bytes in streams
    };
    /// Of all its lives.
    Traffic traffic(HostId host) const;

private:
    struct WorldHost;

    // world.cpp: hosts and time
    WorldHost& host(HostId id) { return *hosts_[id]; }
    const WorldHost& host(HostId id) const { return *hosts_[id]; }
    bool step(Instant end);
    HostId host_of(const Event& event);
    HostId host_at(ConnectionRef connection, std::uint8_t side);
    void run(Event& event);
    void trace(std::uint64_t word);
    void pump(WorldHost& host);
    void hand_on(WorldHost& host, transport::LinkId link);
    void apply(WorldHost& host, transport::SwitchEffect& effect);
    void command(WorldHost& host, transport::CommandLink& command);
    void take_jobs(WorldHost& host);
    void job_done(JobDone& event);
    Instant wake_time(const WorldHost& host, Instant local) const;
    void arm(WorldHost& host);
    void wake(WorldHost& host);
    void wake(End& end);
    void forget_links(WorldHost& host, bool power_lost);
    std::optional<HostId> datagram_host(const Endpoint& endpoint) const;
    void send_datagrams(WorldHost& host);
    void receive(const Datagram& datagram);

    // world_links.cpp: connections
    bool blocked(HostId from, HostId to) const { return connections_.blocked(from, to); }
    void open(WorldHost& from, transport::LinkId link, const Target& target);
    void knock(const Knock& knock);
    void connected(const Connected& event);
    void connect_failed(WorldHost& host, transport::LinkId link, std::string_view why);
    void add_link(WorldHost& host, End& end, transport::LinkId link, transport::Link machine);
    End* find_link(WorldHost& host, transport::LinkId link);
    void mark_dirty(WorldHost& host, End& end);
    void carry(WorldHost& host, End& end);
    void put(WorldHost& host, End& end, Bytes bytes);
    void launch(End& from, Bytes bytes, std::optional<transport::CloseReason> end);
    void arrive(Segment& segment);
    Instant reading_at(const End& end, const Segment& segment) const;
    void await_reading(End& end);
    void read_on(End& end);
    void read(End& to, Segment& segment);
    void finish(End& end, transport::CloseReason seen_by_peer);
    void writable(const Writable& event);
    void arm(End& end);

    WorldConfig config_;
    Rng rng_;
    Rng scenario_rng_;
    std::unique_ptr<crypto::Provider> provider_;
    EventHeap<Event> events_;
    std::vector<std::unique_ptr<WorldHost>> hosts_;
    std::map<Endpoint, HostId> listeners_;
    std::map<IpAddress, Nat> nats_;
    Connections connections_;
    bool segmentation_ = false;
    DatagramFaults datagram_faults_{};
    std::uint64_t callers_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325ULL;
    std::function<void(HostId)> check_;
    // Scratch, to keep their memory.
    std::vector<transport::SwitchEffect> effects_;
    std::vector<transport::LinkEvent> link_events_;
    DatagramBatch datagrams_;
    Buffer room_;
};

}  // namespace parley::sim
