#include <parley/sim/world/network.hpp>

#include <parley/chain/types/test_transactions.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <memory>

using namespace parley;
using namespace parley::sim;

namespace {

NetworkOptions knowing_the_first(std::size_t nodes, std::uint64_t seed) {
    NetworkOptions options;
    options.seed = seed;
    options.nodes = nodes;
    const Network names{{.seed = seed, .nodes = nodes}};
    const auto first = names.target(0);
    options.configure = [first](HostId host, node::NodeConfig& config) {
        if (host != 0) config.p2p.boot = {first};
    };
    return options;
}

SharedBytes raw_transaction(std::uint64_t account, std::uint64_t nonce) {
    auto tx = chain::testing::transfer(nonce);
    tx.chain_id = node::ChainConfig{}.id;
    return chain::testing::sign(tx, chain::testing::secret_of(account)).raw;
}

std::size_t fewest_links(Network& network) {
    std::size_t fewest = 1000;
    for (HostId host = 0; host < network.size(); ++host) {
        if (!network.world().up(host)) continue;
        fewest = std::min(fewest, network.node(host).links().peers().size());
    }
    return fewest;
}

}  // namespace

TEST_CASE("nodes that know only the first find one another by peer exchange") {
    Network network{knowing_the_first(8, 1)};
    network.start_all();
    const bool met = network.world().run_until(
        [&] {
            for (HostId host = 0; host < network.size(); ++host) {
                if (network.node(host).book().size() < network.size() - 1) return false;
            }
            return fewest_links(network) >= 3;
        },
        30s);
    for (HostId host = 0; host < network.size(); ++host) {
        MESSAGE("node " << host << " knows " << network.node(host).book().size() << ", links "
                        << network.node(host).links().peers().size());
    }
    CHECK(met);
    CHECK(network.healthy());
}

TEST_CASE("transactions submitted anywhere reach every node") {
    Network network{knowing_the_first(8, 2)};
    network.start_all();
    REQUIRE(network.world().run_until([&] { return fewest_links(network) >= 3; }, 60s));
    constexpr std::uint64_t count = 100;
    std::size_t accepted = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        network.world().call(i % network.size(), [&](p2p::NodeCore&, Now now) {
            network.node(i % network.size())
                .relay()
                .submit(now, raw_transaction(i % 7, i / 7),
                        [&](auto result) { accepted += result ? 1 : 0; });
        });
        network.world().run_for(50ms);
    }
    CHECK(network.world().run_until(
        [&] {
            for (HostId host = 0; host < network.size(); ++host) {
                if (network.node(host).pool().size() != count) return false;
            }
            return true;
        },
        30s));
    CHECK(accepted == count);
}

TEST_CASE("a node with a limit of bandwidth reads no faster, and its links live") {
    auto options = knowing_the_first(3, 2);
    options.configure = [configure = options.configure](HostId host, node::NodeConfig& config) {
        configure(host, config);
        if (host == 2) config.p2p.download_max = 4;  // KiB a second
    };
    Network network{std::move(options)};
    network.start_all();
    REQUIRE(network.world().run_until([&] { return fewest_links(network) == 2; }, 60s));
    for (std::uint64_t i = 0; i < 3000; ++i) {
        network.world().call(0, [&](p2p::NodeCore&, Now now) {
            network.node(0).relay().submit(now, raw_transaction(i % 100, i / 100), [](auto) {});
        });
    }
    const auto received = [&](HostId host) { return network.world().traffic(host).received; };
    const auto begin = received(2);
    for (std::uint64_t s = 1; s <= 40; ++s) {
        network.world().run_for(1s);
        CAPTURE(s);
        // The burst of a quarter of a second, and one turn of each link.
        REQUIRE(received(2) - begin <= s * 4096 + 4096);
    }
    CHECK(received(2) - begin > 30 * 4096);
    CHECK(network.node(1).pool().size() == 3000);
    CHECK(fewest_links(network) == 2);
}

TEST_CASE("a node comes back from its own address book after the first node died") {
    Network network{knowing_the_first(6, 3)};
    network.start_all();
    REQUIRE(network.world().run_until(
        [&] { return network.node(5).book().size() >= 5 && fewest_links(network) >= 3; }, 60s));
    network.world().run_for(5s);
    network.world().kill(0);
    network.world().kill(5);
    network.world().run_for(10s);
    network.world().start(5);
    CHECK(network.node(5).book().size() >= 4);
    CHECK(network.world().run_until([&] { return network.node(5).links().peers().size() >= 2; },
                                    60s));
    CHECK(network.healthy());
}

TEST_CASE("a day offline costs a node no address, in memory or on disk") {
    Network network{knowing_the_first(8, 5)};
    network.start_all();
    auto& world = network.world();
    REQUIRE(world.run_until([&] { return network.node(0).book().size() == 7; }, 60s));
    world.partition([](HostId from, HostId to) { return from == 0 || to == 0; });
    world.run_for(std::chrono::hours{24});
    CHECK(network.node(0).links().peers().empty());
    CHECK(network.node(0).book().size() == 7);
    // Nor is any of them worse off for it, beyond the minute until it knew.
    for (std::size_t i = 0; i < 7; ++i) CHECK(network.node(0).book().nth(i).failures <= 2);
    world.kill(0);
    world.start(0);
    CHECK(network.node(0).book().size() == 7);
    world.partition({});
    CHECK(world.run_until([&] { return network.node(0).links().peers().size() >= 3; }, 3min));
}

TEST_CASE("the same seed gives the same history, another seed another one") {
    const auto history = [](std::uint64_t seed) {
        Network network{knowing_the_first(5, seed)};
        network.start_all();
        network.world().run_for(20s);
        return std::pair{network.world().trace_hash(), network.world().events_run()};
    };
    CHECK(history(7) == history(7));
    CHECK(history(7) != history(8));
}

TEST_CASE("a light node links with full nodes that serve it, and not with others") {
    constexpr HostId idle = 0;
    constexpr HostId serving = 1;
    constexpr HostId light = 2;
    NetworkOptions options;
    options.nodes = 3;
    const Network names{{.nodes = 3}};
    options.configure = [targets = std::vector{names.target(idle), names.target(serving)}](
                            HostId host, node::NodeConfig& config) {
        if (host == light) config.network.roles = transport::role::light;
        if (host == serving) config.network.services = transport::service::light_nodes;
        if (host != idle) config.p2p.static_peers = {targets[idle]};
        if (host == light) config.p2p.static_peers = targets;
    };
    Network network{std::move(options)};
    network.start_all();
    network.world().run_for(30s);
    CHECK(network.links_between(light, serving) == 1);
    CHECK(network.links_between(light, idle) == 0);
    CHECK(network.links_between(serving, idle) == 1);

    // What a node says changes while it runs: it begins to serve, and the light node is let in.
    network.node(idle).set_services(network.world().now_of(idle), transport::service::light_nodes);
    network.world().run_for(5min);
    CHECK(network.links_between(light, idle) == 1);
    CHECK(network.links_between(light, serving) == 1);
}

TEST_CASE("links to nodes that do not follow a fork end when it activates") {
    constexpr HostId old_rules = 2;
    auto options = knowing_the_first(3, 3);
    options.configure = [configure = options.configure](HostId host, node::NodeConfig& config) {
        configure(host, config);
        if (host != old_rules) config.network.forks = {100};
    };
    Network network{std::move(options)};
    network.start_all();
    network.world().run_for(30s);
    for (HostId host = 1; host < 3; ++host) CHECK(network.links_between(0, host) == 1);
    for (HostId host = 0; host < 3; ++host) {
        network.node(host).set_head(network.world().now_of(host), 100);
    }
    network.world().run_for(5min);
    CHECK(network.links_between(0, 1) == 1);
    CHECK(network.links_between(0, old_rules) == 0);
    CHECK(network.links_between(1, old_rules) == 0);
}
