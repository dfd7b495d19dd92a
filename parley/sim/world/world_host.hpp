// WorldHost: the state of a host of a world, up or down. A plain record. Internal to sim.
#pragma once

#include <parley/sim/world/world.hpp>

#include <utility>
#include <vector>

namespace parley::sim {

struct World::WorldHost {
    WorldHost(HostId host, std::uint64_t seed, UnixTime start)
        : id(host), entropy(seed), clock(start), faults_rng(seed ^ 0x6469736bULL) {}

    Now at(Instant world) const { return clock.at(world); }

    HostId id;
    Endpoint listen;
    transport::LinkConfig link_config;
    MakeNode make;
    Disk disk;
    SeededEntropy entropy;
    HostClock clock;
    Rng faults_rng;
    std::unique_ptr<p2p::NodeCore> node;
    std::uint64_t life = 0;  // counts starts and ends
    bool powered = true;     // while it is down: whether its system refuses callers
    Instant paused_until{};
    Instant armed = never;  // world time
    std::optional<IpAddress> nat;
    std::uint64_t read_rate = 0;
    Duration clog{};
    Tamper* tamper = nullptr;
    OnDatagram on_datagram;
    Traffic traffic;

    // Few, and added in the order of their IDs: found by halving.
    std::vector<std::pair<transport::LinkId, End*>> links;
    std::vector<transport::LinkId> connecting;
    std::vector<End*> dirty;
    bool busy = false;  // the node heard something since its last turn
};

}  // namespace parley::sim
