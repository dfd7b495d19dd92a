// Chaos: injects the faults of a set into a network, at random times and hosts, until heal(); after
// that there are none any more, and the network must recover.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/sim/world/faults.hpp>
#include <parley/sim/world/network.hpp>

#include <functional>
#include <string>
#include <vector>

namespace parley::sim {

class Chaos {
public:
    /// Hosts below `spared` are left alone. `note` is called with each fault in words. The network
    /// outlives this.
    Chaos(Network& network, FaultSet faults, std::size_t spared, Rng rng,
          std::function<void(const std::string&)> note);

    /// Injects the faults that last for the whole run: clocks that are off, NAT, segmentation.
    void begin();
    /// Begins with the others.
    void start();
    /// Every host runs, every path is open, every clock is right.
    void heal();

private:
    void plan(Fault fault, Duration mean, std::function<void()> act);
    HostId victim();
    bool may_go_down() const;
    void bring_back(HostId host, Duration after);
    void partition();
    void one_way();

    Network& network_;
    World& world_;
    FaultSet faults_;
    std::size_t spared_;
    Rng rng_;
    std::function<void(const std::string&)> note_;
    bool over_ = false;
    std::vector<Duration> steps_;  // of each host's unix clock, in all
};

}  // namespace parley::sim
