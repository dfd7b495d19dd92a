// The key-value store of kv.cpp in the simulator: 50 nodes fall into two halves, both write on, and
// once the halves meet again all stores must become the same. The same seed gives the same run.
#include "kv_module.hpp"
#include <parley/p2p/network.hpp>
#include <parley/sim/world/network.hpp>

#include <cstdlib>
#include <deque>
#include <iostream>

using namespace parley;

namespace {

constexpr std::size_t nodes = 50;

class KvWorld {
public:
    explicit KvWorld(std::uint64_t seed)
        : world_({.seed = seed, .path = sim::random_paths(seed, 5ms, 120ms)}),
          keys_(sim::Network::keys(seed, nodes)) {
        for (sim::HostId host = 0; host < nodes; ++host) {
            modules_.emplace_back(host);  // each host starts once: its number is its writer's
            p2p::Config config;
            config.p2p.listen = {sim::Network::endpoint(host)};
            config.p2p.advertise = {sim::Network::endpoint(host)};
            if (host > 0) config.p2p.boot = {{keys_[0].id(), sim::Network::endpoint(0)}};
            const auto make = [this, host, config](Now now, Store& disk, Rng rng) {
                auto key = *NodeKey::from_secret(keys_[host].secret());
                auto node = std::make_unique<p2p::Network>(config, std::move(key), disk, no_log(),
                                                           rng, now);
                if (!node->open(now, {&modules_[host]})) std::abort();
                return node;
            };
            world_.add_host(sim::Network::endpoint(host), config.link(), make);
            world_.start(host);
        }
    }

    /// Within 20 seconds random nodes, as many of one half as of the other, set 100 random keys.
    void write(const std::string& text) {
        auto& rng = world_.scenario_rng();
        for (std::size_t i = 0; i < 100; ++i) {
            const auto host = rng.below(nodes / 2) + i % 2 * nodes / 2;
            const auto key = "key " + std::to_string(rng.below(20));
            const auto value = text + " by " + std::to_string(host);
            world_.later(
                1ms * static_cast<std::int64_t>(rng.below(20'000)), [this, host, key, value] {
                    world_.call(host, [&](p2p::NodeCore&, Now) { modules_[host].set(key, value); });
                });
        }
        world_.run_for(20s);
    }
    void part() {
        world_.partition([](sim::HostId from, sim::HostId to) {
            return (from < nodes / 2) != (to < nodes / 2);
        });
    }
    void heal() { world_.partition({}); }

    void run_for(Duration time) { world_.run_for(time); }

    /// Runs until the stores of the hosts `first` to `last`, without it, are the same, and says so.
    /// False if they are not within 10 minutes.
    bool settle(const std::string& what, sim::HostId first, sim::HostId last) {
        const auto& store = modules_[first].store();
        const auto same = [&] {
            const auto digest = store.status().digest();
            return std::all_of(
                modules_.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                modules_.begin() + static_cast<std::ptrdiff_t>(last),
                [&](const auto& m) { return m.store().status().digest() == digest; });
        };
        bool settled = same();
        for (int i = 0; i < 600 && !settled; ++i) {
            world_.run_for(1s);
            settled = same();
        }
        std::cout << world_.seconds() << " s: " << (settled ? "" : "NOT ") << what << "; height "
                  << store.height() << ", key 7 = " << store.find("key 7").value_or("")
                  << std::endl;
        return settled;
    }

private:
    std::deque<kv::Module> modules_;  // outlive the nodes
    sim::World world_;
    std::vector<NodeKey> keys_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    KvWorld world{seed};
    world.run_for(60s);  // they find each other
    world.write("first");
    if (!world.settle("all agree", 0, nodes)) return 1;
    world.part();
    world.write("parted");
    world.run_for(60s);  // links between the halves end
    if (!world.settle("one half agrees", 0, nodes / 2)) return 1;
    if (!world.settle("the other half agrees", nodes / 2, nodes)) return 1;
    world.heal();
    return world.settle("healed, all agree", 0, nodes) ? 0 : 1;
}
