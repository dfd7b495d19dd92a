// Whole nodes that take part in the DHT.
#include <parley/sim/network.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

using namespace parley;
using namespace parley::sim;
using discovery::discv5::Goal;
using discovery::discv5::Service;

namespace {

constexpr std::size_t boot_nodes = 2;

NetworkOptions knowing_the_first(std::size_t nodes) {
    NetworkOptions options;
    options.nodes = nodes;
    options.dht = true;
    const Network names{{.nodes = nodes}};
    std::vector<Target> boot;
    for (HostId host = 0; host < boot_nodes; ++host) boot.push_back(names.target(host));
    options.configure = [boot](HostId host, node::NodeConfig& config) {
        if (host >= boot_nodes) config.p2p.boot = boot;
    };
    return options;
}

Service& service(Network& network, HostId host) {
    return network.node(host).dht()->service();
}

/// The nodes in the host's table that answered it.
std::size_t knows(Network& network, HostId host) {
    return service(network, host).table().checked();
}

bool resolves(Network& network, HostId from, HostId whom) {
    std::optional<bool> found;
    network.world().call(from, [&](node::NodeCore&, Now now) {
        service(network, from)
            .lookup(now, Goal::resolve, dht_id(network.id(whom)),
                    [&](Now, const Service::LookupResult& result) { found = result.answers; });
    });
    network.world().run_until([&] { return found.has_value(); }, 30s);
    return found.value_or(false);
}

}  // namespace

TEST_CASE("nodes that know two others find all by the DHT, on the ports of their TCP listeners") {
    Network network{knowing_the_first(12)};
    network.start_all();
    const bool met = network.world().run_until(
        [&] {
            for (HostId host = 0; host < network.size(); ++host) {
                if (knows(network, host) < network.size() - 1) return false;
            }
            return true;
        },
        60s);
    CHECK(met);
    CHECK(resolves(network, 3, 7));
    CHECK(service(network, 3).record().udp_endpoint() == network.endpoint_of(3));
}

TEST_CASE("a node whose boot nodes are all gone comes back from its book, and so does its table") {
    Network network{knowing_the_first(12)};
    network.start_all();
    network.world().run_for(std::chrono::minutes{2});
    for (HostId host = 0; host < boot_nodes; ++host) network.world().kill(host);
    constexpr HostId restarted = 7;
    network.world().kill(restarted);
    network.world().run_for(std::chrono::minutes{2});
    network.world().start(restarted);
    const bool back = network.world().run_until(
        [&] {
            return network.node(restarted).links().peers().size() >= 3 &&
                   knows(network, restarted) == network.size() - boot_nodes - 1;
        },
        60s);
    CHECK(back);
    CHECK(resolves(network, restarted, 4));
    CHECK(resolves(network, 4, restarted));
}

TEST_CASE("nodes cut off for an hour find each other again, their boot nodes gone") {
    Network network{knowing_the_first(8)};
    network.start_all();
    network.world().run_for(std::chrono::minutes{2});
    for (HostId host = 0; host < boot_nodes; ++host) network.world().kill(host);
    constexpr HostId alone = 5;
    network.world().partition([](HostId a, HostId b) { return a == alone || b == alone; });
    network.world().run_for(std::chrono::hours{1});
    network.world().partition({});
    // The tables look again after minutes, the pool of links sooner.
    const bool back = network.world().run_until(
        [&] {
            return network.node(alone).links().peers().size() >= 3 &&
                   knows(network, alone) == network.size() - boot_nodes - 1;
        },
        std::chrono::minutes{30});
    CHECK(back);
    CHECK(resolves(network, alone, 3));
}

TEST_CASE("two networks share one DHT, and each dials its own nodes only") {
    auto options = knowing_the_first(12);
    const auto configure = options.configure;
    const Network names{{.nodes = options.nodes}};
    options.configure = [&names, configure](HostId host, node::NodeConfig& config) {
        configure(host, config);
        config.network.id = 1 + host % 2;
        config.p2p.boot.clear();
        if (host >= boot_nodes) config.p2p.boot = {names.target(host % 2)};
    };
    Network network{options};
    network.start_all();
    network.world().run_for(10s);
    // The two first ones hear of each other, and so does everybody in time.
    network.world().call(0, [&](node::NodeCore&, Now now) {
        service(network, 0).heard(now, service(network, 1).record());
    });
    const bool met = network.world().run_until(
        [&] {
            for (HostId host = 0; host < network.size(); ++host) {
                if (knows(network, host) < network.size() - 1) return false;
            }
            return true;
        },
        std::chrono::minutes{30});
    CHECK(met);
    for (HostId host = 0; host < network.size(); ++host) {
        const auto& book = network.node(host).book();
        for (HostId other = 0; other < network.size(); ++other) {
            if (other == host) continue;
            const bool same = host % 2 == other % 2;
            CHECK((book.find(network.id(other)) != nullptr) == same);
            CHECK(network.links_between(host, other) <= (same ? 1 : 0));
        }
    }
}
