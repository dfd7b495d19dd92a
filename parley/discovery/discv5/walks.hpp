// Walks: the lookups that a node makes without being asked, so that its table stays full and others
// know it (devp2p, discv5-theory.md, "Lookup"; Kademlia calls it bucket refresh). The first one is
// for ourselves, so that our neighbours and we get to know each other; the next ones are for random
// targets, so that no bucket is forgotten. Each begins with the boot nodes.
// Bounded: one walk at a time; boot nodes are as many as were added.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/discv5/contact.hpp>
#include <parley/discovery/discv5/lookups.hpp>
#include <parley/discovery/discv5/table.hpp>

#include <vector>

namespace parley::discovery::discv5 {

/// The pauses between walks.
struct WalksConfig {
    /// From one walk to the next, jittered: the least while no node answers, and then intervals
    /// that double.
    Duration walk_interval_min = 5s;
    Duration walk_interval_max = std::chrono::minutes{30};
};

class Walks {
public:
    /// The parts that it refers to outlive it.
    Walks(const WalksConfig& config, const Id& self, Lookups& lookups, Table& table, Rng rng);
    Walks(const Walks&) = delete;
    Walks& operator=(const Walks&) = delete;
    ~Walks() = default;

    /// A way into the network: heard of now, and again at each walk. Ourselves are ignored.
    void add_boot(Now now, const Contact& contact);
    /// Our record names another endpoint: the next walk is due at once, and for ourselves.
    void on_moved();
    /// Walks if it is time.
    void on_timer(Now now);
    Instant next_wakeup() const { return at_; }

private:
    void walk(Now now);

    WalksConfig config_;
    Id self_;
    Lookups& lookups_;
    Table& table_;
    Rng rng_;
    std::vector<Contact> boot_;
    Instant at_ = Instant::min();
    Duration interval_;
    bool walking_ = false;
    bool moved_ = false;      // since the last walk began
    bool connected_ = false;  // a node answered in the last walk
};

}  // namespace parley::discovery::discv5
