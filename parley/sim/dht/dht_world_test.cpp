#include <parley/sim/dht/dht_score.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::sim;

TEST_CASE("a network of services finds the 16 closest, with a fifth dead and packets lost too") {
    DhtWorld world{{.seed = 1}};
    world.add_honest(300, 30s);
    world.world().run_for(std::chrono::minutes{2});

    const auto healthy = score_closest(world, 200);
    CHECK(healthy.share() >= 0.99);
    CHECK(median(healthy.hops) <= 3);

    const auto newcomers = score_newcomers(world, 10, 30s);
    CHECK(newcomers.share() == 1);

    for (HostId host = 0; host < world.size(); ++host) {
        if (world.world().scenario_rng().chance(0.2)) world.kill(host);
    }
    world.world().set_datagram_faults({.loss = 50'000});
    const auto sick = score_closest(world, 200);
    CHECK(sick.share() >= 0.95);
    CHECK(median(sick.hops) <= 3);
}

TEST_CASE("a fifth of all services, around one ID, do not hide it") {
    DhtWorld world{{.seed = 1}};
    world.add_honest(80, 10s);
    world.world().run_for(std::chrono::minutes{1});
    const auto target = world.any_honest();
    world.add_liars(40, 8, target, 10s);
    world.world().run_for(std::chrono::minutes{1});
    world.add_honest(80, 10s);
    world.world().run_for(std::chrono::minutes{2});
    CHECK(score_resolve(world, target, 100).share() >= 0.9);
}

TEST_CASE("the same seed gives the same run") {
    std::uint64_t hashes[2];
    for (auto& hash : hashes) {
        DhtWorld world{{.seed = 7}};
        world.add_honest(30, 5s);
        world.world().set_datagram_faults({.loss = 50'000, .duplicate = 50'000, .reorder = 50'000});
        world.world().run_for(std::chrono::minutes{1});
        hash = world.world().trace_hash();
    }
    CHECK(hashes[0] == hashes[1]);
}
