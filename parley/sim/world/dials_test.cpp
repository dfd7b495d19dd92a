// Two that dial each other, and storms of dials: exactly one link between two nodes, no limit
// exceeded, every token home at the end.
#include <parley/sim/experiment/watcher.hpp>
#include <parley/sim/world/network.hpp>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <vector>

using namespace parley;
using namespace parley::sim;
using transport::SlotClass;

namespace {

bool within_limits(const transport::Slots& slots) {
    for (const auto kind : transport::all_slot_kinds) {
        if (slots.in_use(kind) > slots.limit(kind)) return false;
    }
    return slots.consistent();
}

void dial(Network& network, HostId from, HostId to) {
    network.world().call(from, [&](p2p::NodeCore& node, Now now) {
        (void)node.links().dial(now, network.target(to), SlotClass::ordinary);
    });
}

/// A network in which nobody dials by itself, watched by a module at each node.
struct Watched {
    explicit Watched(NetworkOptions options) {
        for (std::size_t i = 0; i < options.nodes; ++i) {
            watchers.push_back(std::make_unique<Watcher>());
        }
        auto configure = options.configure;
        options.configure = [configure](HostId host, node::NodeConfig& config) {
            if (configure) configure(host, config);
        };
        options.modules = [this](HostId host) {
            return std::vector<transport::PeerHandler*>{watchers[host].get()};
        };
        network = std::make_unique<Network>(std::move(options));
    }
    std::vector<std::unique_ptr<Watcher>> watchers;
    std::unique_ptr<Network> network;
};

}  // namespace

TEST_CASE("both dial at once: one link stays, and modules see one peer once, for 1,000 seeds") {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        Watched watched{{.seed = seed, .nodes = 2, .latency_min = 1ms, .latency_max = 200ms}};
        auto& network = *watched.network;
        network.start_all();
        Rng rng{seed};
        // The second dial starts somewhere within the first one's handshake.
        const bool swapped = rng.chance(0.5);
        const auto delay = Duration{static_cast<std::int64_t>(
            rng.below(static_cast<std::uint64_t>(Duration{500ms}.count())))};
        dial(network, swapped ? 1 : 0, swapped ? 0 : 1);
        network.world().run_for(delay);
        dial(network, swapped ? 0 : 1, swapped ? 1 : 0);
        network.world().run_for(10s);
        CAPTURE(seed);
        for (HostId host = 0; host < 2; ++host) {
            CAPTURE(host);
            const auto other = network.id(1 - host);
            REQUIRE(network.links_between(host, 1 - host) == 1);
            REQUIRE(watched.watchers[host]->seen(other) == 1);
            REQUIRE(watched.watchers[host]->here(other) == 1);
            REQUIRE(network.node(host).links().slots().in_use_total() == 1);
        }
        // Both ends are ends of the same link.
        REQUIRE(network.node(0).links().peers()[0].direction !=
                network.node(1).links().peers()[0].direction);
    }
}

TEST_CASE("a storm of dials and accepts: no limit is ever exceeded, every token comes home") {
    constexpr std::size_t nodes = 12;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        NetworkOptions options{.seed = seed, .nodes = nodes};
        options.configure = [](HostId, node::NodeConfig& config) {
            config.p2p.inbound_max = 3;
            config.p2p.outbound_max = 3;
            config.p2p.handshakes_max = 2;
        };
        Watched watched{std::move(options)};
        auto& network = *watched.network;
        network.start_all();
        bool kept = true;
        network.world().after_each_event([&](HostId) {
            for (HostId host = 0; host < nodes; ++host) {
                if (!network.world().up(host)) continue;
                kept = kept && within_limits(network.node(host).links().slots());
            }
        });
        Rng rng{seed};
        for (int step = 0; step < 400; ++step) {
            const auto from = rng.below(nodes);
            const auto to = rng.below(nodes);
            if (!network.world().up(from)) {
                network.world().start(from);
            } else if (rng.chance(0.02)) {
                network.world().kill(from);
                watched.watchers[from] = std::make_unique<Watcher>();
            } else if (rng.chance(0.15)) {
                network.world().call(from, [&](p2p::NodeCore& node, Now now) {
                    node.links().disconnect(now, network.id(to), transport::CloseReason::requested);
                });
            } else {
                dial(network, from, to);
            }
            network.world().run_for(Duration{static_cast<std::int64_t>(rng.below(60'000'000))});
            REQUIRE(kept);
            REQUIRE(network.healthy());
        }
        for (HostId host = 0; host < nodes; ++host) {
            if (!network.world().up(host)) network.world().start(host);
            network.world().call(host,
                                 [](p2p::NodeCore& node, Now now) { node.begin_shutdown(now); });
        }
        network.world().run_for(30s);
        for (HostId host = 0; host < nodes; ++host) {
            CAPTURE(host);
            const auto& slots = network.node(host).links().slots();
            for (const auto kind : transport::all_slot_kinds) CHECK(slots.in_use(kind) == 0);
            CHECK(watched.watchers[host]->open() == 0);
            CHECK(watched.watchers[host]->most_at_once() <= 1);
            CHECK(network.node(host).is_shut_down());
        }
    }
}

TEST_CASE("a node that dials itself gets no link, and keeps no token") {
    Watched watched{{.seed = 1, .nodes = 1}};
    auto& network = *watched.network;
    network.start_all();
    network.world().call(0, [&](p2p::NodeCore& node, Now now) {
        CHECK(node.links().dial(now, network.target(0), SlotClass::ordinary).error() ==
              transport::DialError::self);
    });
    CHECK(network.node(0).links().slots().in_use_total() == 0);
}

TEST_CASE("a returning peer replaces its dead link, and does not cost a live one") {
    Watched watched{{.seed = 4, .nodes = 2}};
    auto& network = *watched.network;
    network.start_all();
    dial(network, 0, 1);
    network.world().run_for(2s);
    REQUIRE(network.links_between(1, 0) == 1);
    // Killed and back before its reset could be acted on: the other side may still hold the link.
    network.world().kill(0);
    watched.watchers[0] = std::make_unique<Watcher>();
    network.world().start(0);
    dial(network, 0, 1);
    network.world().run_for(10s);
    CHECK(network.links_between(0, 1) == 1);
    CHECK(network.links_between(1, 0) == 1);
    CHECK(watched.watchers[1]->most_at_once() == 1);
}
