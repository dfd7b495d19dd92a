#include <parley/sim/dht/dht_score.hpp>

#include <parley/plot/plot_scale.hpp>

#include <algorithm>

namespace parley::sim {

using namespace plot;

using namespace discovery::discv5;

namespace {

constexpr Duration spacing = 50ms;
constexpr Duration patience = 60s;  // for one that fails again and again

bool right(const DhtWorld& world, const DhtWorld::Lookup& lookup) {
    return lookup.took &&
           std::ranges::equal(lookup.result.closest,
                              world.truly_closest(lookup.target, lookup.from), {}, &Contact::id);
}

/// Of a lookup that ended, counted from `since`.
void sample(DhtScore& score, const DhtWorld::Lookup& lookup, Instant since) {
    const Duration took = lookup.began + *lookup.took - since;
    score.hops.push_back(lookup.result.hops);
    score.requests.push_back(static_cast<double>(lookup.result.requests));
    score.seconds.push_back(std::chrono::duration<double>(took).count());
}

void add(DhtScore& score, const DhtWorld::Lookup& lookup, bool is_right) {
    ++score.lookups;
    score.right += is_right ? 1 : 0;
    if (lookup.took) sample(score, lookup, lookup.began);
}

/// Ends when all lookups did, or after `patience`.
void wait_for(DhtWorld& world, const std::vector<std::shared_ptr<const DhtWorld::Lookup>>& all) {
    for (Duration waited{}; waited < patience; waited += 1s) {
        if (std::ranges::all_of(all, [](const auto& one) { return one->took.has_value(); })) return;
        world.world().run_for(1s);
    }
}

}  // namespace

double DhtScore::share() const {
    return static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, lookups));
}
double median(const std::vector<double>& samples) {
    return samples.empty() ? 0 : quantile(ascending(samples), 0.5);
}
double largest(const std::vector<double>& samples) {
    return samples.empty() ? 0 : std::ranges::max(samples);
}

DhtScore score_closest(DhtWorld& world, std::size_t lookups) {
    std::vector<std::shared_ptr<const DhtWorld::Lookup>> all;
    for (std::size_t i = 0; i < lookups; ++i) {
        const auto target = random_id(world.world().scenario_rng());
        all.push_back(world.look_up(world.any_honest(), Goal::closest, target));
        world.world().run_for(spacing);
    }
    wait_for(world, all);
    DhtScore score;
    for (const auto& lookup : all) add(score, *lookup, right(world, *lookup));
    return score;
}

DhtScore score_resolve(DhtWorld& world, HostId target, std::size_t lookups) {
    std::vector<std::shared_ptr<const DhtWorld::Lookup>> all;
    while (all.size() < lookups) {
        const HostId from = world.any_honest();
        if (from == target || world.service(from).table().find(world.id(target))) continue;
        all.push_back(world.look_up(from, Goal::resolve, world.id(target)));
        world.world().run_for(spacing);
    }
    wait_for(world, all);
    DhtScore score;
    for (const auto& lookup : all) {
        const auto& found = lookup->result.found;
        add(score, *lookup,
            found && lookup->result.answers && found->endpoint == world.endpoint(target));
    }
    return score;
}

DhtScore score_newcomers(DhtWorld& world, std::size_t count, Duration limit) {
    const HostId first = world.size();
    std::vector<std::vector<std::shared_ptr<const DhtWorld::Lookup>>> all(count);
    std::vector<Instant> starts(count);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
    for (std::int64_t second = 0; second < seconds + static_cast<std::int64_t>(count); ++second) {
        if (static_cast<std::size_t>(second) < count) {
            starts[static_cast<std::size_t>(second)] = world.world().now().instant;
            world.add_honest(1, {});
        }
        world.world().run_for(1s);
        for (std::size_t i = 0; i < std::min(count, world.size() - first); ++i) {
            if (world.world().now().instant > starts[i] + limit) continue;
            const auto target = random_id(world.world().scenario_rng());
            all[i].push_back(world.look_up(first + i, Goal::closest, target));
        }
    }
    for (const auto& lookups : all) wait_for(world, lookups);
    DhtScore score;
    for (std::size_t i = 0; i < count; ++i) {
        ++score.lookups;
        for (const auto& lookup : all[i]) {
            if (!lookup->took || !right(world, *lookup)) continue;
            if (lookup->began + *lookup->took - starts[i] > limit) continue;
            ++score.right;
            sample(score, *lookup, starts[i]);
            break;
        }
    }
    return score;
}

}  // namespace parley::sim
