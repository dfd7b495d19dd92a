// DhtWorld: a network of nothing but services of the DHT (Node Discovery v5.1), the production code
// with its packets, sessions, tables and lookups, in virtual time; and liars among them. For whole
// nodes see Network.
// Liars (Sybils) have IDs around one honest node, closer to it than others, and addresses in few
// /24s. They follow the protocol, ping all nodes near them, and return only each other.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/discovery/discv5/service.hpp>
#include <parley/sim/world/world.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace parley::sim {

/// Seed, size and latencies of a DhtWorld.
struct DhtWorldOptions {
    std::uint64_t seed = 1;
    Crypto crypto = Crypto::stub;
    std::size_t boot = 8;        ///< the first hosts, which all others know
    bool address_limits = true;  ///< of tables and lookups; see TableConfig
    Duration latency_min = 5ms;
    Duration latency_max = 120ms;
};

class DhtWorld {
public:
    using Id = discovery::discv5::Id;
    using Service = discovery::discv5::Service;

    explicit DhtWorld(const DhtWorldOptions& options);
    ~DhtWorld();

    /// For faults and time.
    World& world() { return world_; }
    std::size_t size() const { return members_.size(); }
    /// Adds honest hosts, each in a /16 of its own, that start one after the other within that
    /// time.
    void add_honest(std::size_t count, Duration within);
    /// Adds liars in `groups` /24s, with IDs around an honest host's.
    void add_liars(std::size_t count, std::size_t groups, HostId around, Duration within);
    /// The service is gone at once, with its table and sessions.
    void kill(HostId host);

    /// Whether its service runs.
    bool up(HostId host) const { return members_[host]->service != nullptr; }
    /// Whether it was added as a liar.
    bool liar(HostId host) const { return members_[host]->liar; }
    /// The same at all times, up or down.
    const Id& id(HostId host) const { return members_[host]->id; }
    /// The endpoint at which it listens, up or down.
    const Endpoint& endpoint(HostId host) const { return members_[host]->endpoint; }
    /// Precondition: up(host).
    const Service& service(HostId host) const { return *members_[host]->service; }
    /// A random honest host that is up.
    HostId any_honest();
    /// The IDs of the 16 closest to the target that are up, without `except`, the closest first.
    std::vector<Id> truly_closest(const Id& target, HostId except) const;

    /// A lookup that was begun, and its result.
    struct Lookup {
        HostId from = 0;
        Id target{};
        Instant began;
        std::optional<Duration> took;  ///< nothing: it has not ended
        Service::LookupResult result;
    };
    /// Begins a lookup at the next event. The result is filled in when it has ended.
    std::shared_ptr<const Lookup> look_up(HostId from, discovery::discv5::Goal goal,
                                          const Id& target);

private:
    struct Member {
        NodeKey key;
        SeededEntropy entropy;
        Id id{};
        Endpoint endpoint;
        bool liar = false;
        std::unique_ptr<Service> service;  // null: it is not up
        Instant armed = never;
    };
    HostId add(NodeKey key, const Endpoint& endpoint, bool liar);
    void start(HostId host);
    /// Something happened at its service: what it says leaves, and its timer is set.
    void after(HostId host);
    void wake(HostId host, Instant at);
    NodeKey key_near(const Id& around, unsigned distance_max);

    DhtWorldOptions options_;
    Rng rng_;
    SeededEntropy keys_;
    World world_;
    std::vector<std::unique_ptr<Member>> members_;
    std::set<NodeId> liars_;
    std::size_t honest_ = 0;
    std::size_t liar_groups_ = 0;  // used so far
};

}  // namespace parley::sim
