#include <parley/sim/dht_score.hpp>

#include <algorithm>

namespace parley::sim {

using namespace discovery::discv5;

namespace {

constexpr Duration spacing = 50ms;
constexpr Duration patience = 60s;  // for one that fails again and again

template <class T>
T quantile(std::vector<T> values, double part) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

Id random_id(Rng& rng) {
    Id id;
    for (auto& byte : id) byte = static_cast<std::byte>(rng.next());
    return id;
}

bool right(const DhtWorld& world, const DhtWorld::Lookup& lookup) {
    return lookup.took &&
           std::ranges::equal(lookup.result.closest,
                              world.truly_closest(lookup.target, lookup.from), {}, &Contact::id);
}

void add(DhtScore& score, const DhtWorld::Lookup& lookup, bool is_right) {
    ++score.lookups;
    score.right += is_right ? 1 : 0;
    if (!lookup.took) return;
    score.hops.push_back(lookup.result.hops);
    score.requests.push_back(lookup.result.requests);
    score.took.push_back(*lookup.took);
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
unsigned DhtScore::median_hops() const {
    return quantile(hops, 0.5);
}
std::size_t DhtScore::median_requests() const {
    return quantile(requests, 0.5);
}
Duration DhtScore::median_time() const {
    return quantile(took, 0.5);
}
Duration DhtScore::longest() const {
    return quantile(took, 1);
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
            const Duration took = lookup->began + *lookup->took - starts[i];
            if (took > limit) continue;
            ++score.right;
            score.took.push_back(took);
            score.hops.push_back(lookup->result.hops);
            score.requests.push_back(lookup->result.requests);
            break;
        }
    }
    return score;
}

}  // namespace parley::sim
