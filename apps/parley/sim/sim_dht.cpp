#include "sim/sim_dht.hpp"
#include "text.hpp"
#include <parley/sim/dht/dht_score.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace parley::app {

namespace {

using sim::DhtScore;
using sim::DhtWorld;

constexpr std::size_t lookups = 1000;
constexpr std::size_t newcomers = 50;
constexpr Duration newcomer_limit = 30s;
constexpr std::size_t liar_groups = 32;
constexpr std::size_t liar_nodes_max = 3000;  // keys near an ID are searched for: it takes long
constexpr Duration start_within = 60s;
constexpr Duration settle = std::chrono::minutes{3};

/// Each row at once: a row takes up to minutes.
void print_row(const std::vector<std::string>& row) {
    fmt::print("{:>7} {:<38} {:>8} {:>8} {:>5} {:>9} {:>8} {:>8}\n", row[0], row[1], row[2], row[3],
               row[4], row[5], row[6], row[7]);
    std::fflush(stdout);
}

void print_score(std::size_t nodes, const std::string& what, const DhtScore& score) {
    const auto seconds = [](double value) { return fmt::format("{:.2f} s", value); };
    print_row({count_text(static_cast<std::int64_t>(nodes)), what, std::to_string(score.lookups),
               fmt::format("{:.1f} %", 100 * score.share()),
               fmt::format("{:.0f}", sim::median(score.hops)),
               fmt::format("{:.0f}", sim::median(score.requests)),
               seconds(sim::median(score.seconds)), seconds(sim::largest(score.seconds))});
}

void score_honest(std::uint64_t seed, std::size_t nodes) {
    DhtWorld world{{.seed = seed}};
    world.add_honest(nodes, start_within);
    world.world().run_for(settle);
    print_score(nodes, "the 16 closest", sim::score_closest(world, lookups));
    print_score(nodes, "the 16 closest, new node, first time",
                sim::score_newcomers(world, newcomers, newcomer_limit));
    auto& chance = world.world().scenario_rng();
    for (sim::HostId host = 0; host < world.size(); ++host) {
        if (chance.chance(0.2)) world.kill(host);
    }
    world.world().set_datagram_faults({.loss = 50'000});
    print_score(nodes, "the same, 20 % dead, 5 % loss", sim::score_closest(world, lookups));
}

/// Liars are a fifth of all. Half of the honest nodes come after them, and know them first.
void score_liars(std::uint64_t seed, std::size_t nodes, bool address_limits) {
    DhtWorld world{{.seed = seed, .address_limits = address_limits}};
    const std::size_t liars = nodes / 5;
    const std::size_t honest = nodes - liars;
    world.add_honest(honest / 2, start_within / 2);
    world.world().run_for(settle);
    const sim::HostId target = world.any_honest();
    world.add_liars(liars, liar_groups, target, start_within / 2);
    world.world().run_for(start_within);
    world.add_honest(honest - honest / 2, start_within / 2);
    world.world().run_for(settle);
    print_score(nodes,
                address_limits ? "one ID, 20 % liars around it" : "the same without address limits",
                sim::score_resolve(world, target, lookups));
}

}  // namespace

Outcome run_dht(std::uint64_t seed, std::optional<std::size_t> nodes) {
    print_row({"NODES", "LOOKED UP", "LOOKUPS", "RIGHT", "HOPS", "REQUESTS", "TIME", "LONGEST"});
    const auto sizes =
        nodes ? std::vector<std::size_t>{*nodes} : std::vector<std::size_t>{1000, 10'000};
    for (const std::size_t size : sizes) {
        score_honest(seed, size);
        if (size > liar_nodes_max) continue;
        for (const bool limits : {true, false}) score_liars(seed, size, limits);
    }
    return {};
}

}  // namespace parley::app
