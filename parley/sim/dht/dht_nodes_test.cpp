// Whole nodes that take part in the DHT.
#include <parley/sim/world/network.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
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

NetworkOptions over_ipv6(NetworkOptions options) {
    options.endpoint = [](HostId host) {
        return Endpoint::parse("[2001:db" + std::to_string(10 + host) + "::1]:30770");
    };
    options.configure = [before = options.configure, endpoint = options.endpoint](
                            HostId host, node::NodeConfig& config) {
        before(host, config);
        for (HostId boot = 0; boot < config.p2p.boot.size(); ++boot) {
            config.p2p.boot[boot].endpoint = *endpoint(boot);
        }
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

bool all_know_all(Network& network) {
    for (HostId host = 0; host < network.size(); ++host) {
        if (knows(network, host) < network.size() - 1) return false;
    }
    return true;
}

/// Among all but the boot nodes, which are gone.
bool is_back(Network& network, HostId host) {
    return network.node(host).links().peers().size() >= 3 &&
           knows(network, host) == network.size() - boot_nodes - 1;
}

bool resolves(Network& network, HostId from, HostId whom) {
    std::optional<bool> found;
    network.world().call(from, [&](p2p::NodeCore&, Now now) {
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
    const bool met = network.world().run_until([&] { return all_know_all(network); }, 60s);
    CHECK(met);
    CHECK(resolves(network, 3, 7));
    CHECK(service(network, 3).record().udp_endpoint() == network.endpoint_of(3));
}

TEST_CASE("the DHT works over IPv6 as well") {
    Network network{over_ipv6(knowing_the_first(6))};
    network.start_all();
    network.world().run_for(60s);
    for (HostId host = 0; host < network.size(); ++host) {
        CHECK(knows(network, host) == network.size() - 1);
    }
    CHECK(service(network, 3).record().udp_endpoint() == network.endpoint_of(3));
    CHECK(resolves(network, 3, 5));
}

TEST_CASE("a node learns its own address, of either family, from the answers to its PINGs") {
    constexpr HostId unknown = 5;
    for (const bool v4 : {true, false}) {
        auto options = knowing_the_first(10);
        if (!v4) options = over_ipv6(std::move(options));
        options.configure = [v4](HostId host, node::NodeConfig& config) {
            config.p2p.outbound_max = 0;  // no link says it
            if (host != unknown) return;
            config.p2p.advertise.clear();
            config.p2p.listen = {*Endpoint::parse(v4 ? "0.0.0.0:30770" : "[::]:30770")};
        };
        Network network{options};
        network.start_all();
        network.world().call(unknown, [&](p2p::NodeCore& core, Now now) {
            auto& node = dynamic_cast<node::Node&>(core);
            node.add_listener(now, node.config().p2p.listen.front(), std::nullopt);
            CHECK_FALSE(node.record().udp_endpoint());
            for (HostId host = 0; host < network.size(); ++host) {
                if (host != unknown) node.dht()->store(now, network.node(host).record());
            }
        });
        const auto sequence = network.node(unknown).record().sequence();
        CHECK(network.world().run_until(
            [&] {
                return network.node(unknown).record().udp_endpoint() ==
                       network.endpoint_of(unknown);
            },
            std::chrono::minutes{5}));
        CHECK(network.node(unknown).record().sequence() > sequence);
        CHECK(network.node(unknown).links().peers().empty());
        // And others hear of it.
        network.world().run_for(std::chrono::minutes{2});
        CHECK(resolves(network, 2, unknown));
    }
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
    const bool back = network.world().run_until([&] { return is_back(network, restarted); }, 60s);
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
    const bool back = network.world().run_until([&] { return is_back(network, alone); },
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
    network.world().call(0, [&](p2p::NodeCore&, Now now) {
        service(network, 0).heard(now, service(network, 1).record());
    });
    const bool met =
        network.world().run_until([&] { return all_know_all(network); }, std::chrono::minutes{30});
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

TEST_CASE("modules announce, look up, walk and talk by the DHT") {
    Network network{knowing_the_first(10)};
    network.start_all();
    network.world().run_for(60s);
    const auto dht = [&](HostId host) -> discovery::Dht& { return *network.node(host).dht(); };
    const auto at = [&](HostId host, auto call) {
        network.world().call(host, [&](p2p::NodeCore&, Now now) { call(dht(host), now); });
        network.world().run_for(10s);
    };
    const std::size_t others = network.size() - 1;

    std::vector<std::size_t> counts;
    const auto count = [&](Now, const std::vector<Enr>& nodes) { counts.push_back(nodes.size()); };
    at(3, [&](discovery::Dht& one, Now now) {
        CHECK(one.announce(now, count));
        CHECK(one.random_walk(now, count));
        CHECK(one.lookup(now, dht_id(network.id(5)), count));
    });
    CHECK(counts == std::vector{others, others, others});

    std::optional<Enr> found;
    const auto take = [&](Now, const std::optional<Enr>& record) { found = record; };
    at(3, [&](discovery::Dht& one, Now now) { CHECK(one.resolve(now, network.id(5), take)); });
    REQUIRE(found);
    CHECK(found->raw().size() == network.node(5).record().raw().size());
    CHECK(found->id() == network.id(5));
    at(3, [&](discovery::Dht& one, Now now) {
        CHECK(one.store(now, *found));
        CHECK(one.resolve(now, network.id(3), take));
        CHECK(found == network.node(3).record());
        CHECK(one.resolve(now, network.id(5), take));
    });

    dht(5).serve_talk("echo", [&](Now, const Hash256& from, const Endpoint& where, Bytes request) {
        CHECK(from == dht_id(network.id(3)));
        CHECK(where == network.endpoint_of(3));
        return to_buffer(request);
    });
    std::vector<std::optional<Buffer>> answers;
    const auto hear = [&](Now, const std::optional<Buffer>& answer) { answers.push_back(answer); };
    const Buffer large(discovery::Dht::talk_bytes_max);
    at(3, [&](discovery::Dht& one, Now now) {
        one.talk(now, *found, bytes_of("echo"), bytes_of("hello"), hear);
        one.talk(now, *found, bytes_of("other"), bytes_of("hello"), hear);
        one.talk(now, *found, bytes_of("echo"), large, hear);
    });
    // What is too large ends at once.
    REQUIRE(answers.size() == 3);
    CHECK(answers[0] == std::nullopt);
    CHECK(answers[1] == to_buffer(bytes_of("hello")));
    CHECK(answers[2] == Buffer{});
}
