#include <parley/discovery/discv5/test_network.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::test;

namespace {

struct Sum {
    std::size_t lookups = 0;
    std::size_t good = 0;
    std::vector<unsigned> hops;
    std::vector<std::size_t> requests;
    std::vector<Duration> took;

    void add(const Outcome& outcome, bool success) {
        ++lookups;
        good += success ? 1 : 0;
        hops.push_back(outcome.hops);
        requests.push_back(outcome.requests);
        took.push_back(outcome.took);
    }
    void add(const Sum& other) {
        lookups += other.lookups;
        good += other.good;
        hops.insert(hops.end(), other.hops.begin(), other.hops.end());
        requests.insert(requests.end(), other.requests.begin(), other.requests.end());
        took.insert(took.end(), other.took.begin(), other.took.end());
    }
    double share() const { return static_cast<double>(good) / static_cast<double>(lookups); }
    static auto quantile(auto values, double part) {
        std::ranges::sort(values);
        return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
    }
    unsigned median_hops() const { return quantile(hops, 0.5); }
    void print(std::string_view what) const {
        const auto ms = [](Duration d) {
            return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
        };
        MESSAGE(
            fmt::format("{}: {} of {} ({:.1f} %), hops {} (most {}), requests {} (99 %: {}), "
                        "{} ms (99 %: {})",
                        what, good, lookups, 100 * share(), median_hops(), quantile(hops, 1),
                        quantile(requests, 0.5), quantile(requests, 0.99), ms(quantile(took, 0.5)),
                        ms(quantile(took, 0.99))));
    }
};

bool exact(const Outcome& outcome, const std::vector<Id>& truth) {
    return std::ranges::equal(outcome.closest, truth, {},
                              [](const Contact& c) -> const Id& { return c.id; });
}

Network::Node& anybody(Network& network) {
    auto& nodes = network.nodes();
    for (;;) {
        auto& node = nodes[static_cast<std::size_t>(network.rng().below(nodes.size()))];
        if (!node.dead && !node.liar) return node;
    }
}

Sum find_closest(Network& network, std::size_t lookups, double loss) {
    Sum sum;
    for (std::size_t i = 0; i < lookups; ++i) {
        auto& from = anybody(network);
        const Id target = random_id(network.rng());
        const auto outcome = network.play(Goal::closest, from, target, loss);
        sum.add(outcome, exact(outcome, network.truly_closest(target, from.contact.id)));
    }
    return sum;
}

Sum resolve(Network& network, std::size_t lookups, double loss, const Id* only = nullptr) {
    Sum sum;
    for (std::size_t i = 0; i < lookups; ++i) {
        auto& from = anybody(network);
        const Id target = only ? *only : anybody(network).contact.id;
        if (target == from.contact.id || from.table->find(target)) continue;
        const auto outcome = network.play(Goal::resolve, from, target, loss);
        sum.add(outcome, outcome.found);
    }
    return sum;
}

}  // namespace

TEST_CASE("lookups in a network of 10,000 find the 16 closest, and any node by its ID") {
    Network network{1};
    network.add_honest(10'000);
    network.fill_tables();
    const auto healthy = find_closest(network, 1000, 0);
    healthy.print("healthy, closest");
    CHECK(healthy.share() >= 0.99);
    CHECK(healthy.median_hops() <= 3);
    const auto by_id = resolve(network, 1000, 0);
    by_id.print("healthy, resolve");
    CHECK(by_id.share() >= 0.99);
    CHECK(by_id.median_hops() <= 3);

    network.kill(0.2);
    const auto sick = find_closest(network, 1000, 0.05);
    sick.print("20 % dead, 5 % loss, closest");
    CHECK(sick.share() >= 0.95);
    CHECK(sick.median_hops() <= 3);
    const auto sick_by_id = resolve(network, 1000, 0.05);
    sick_by_id.print("20 % dead, 5 % loss, resolve");
    CHECK(sick_by_id.share() >= 0.95);
    CHECK(sick_by_id.median_hops() <= 3);
}

TEST_CASE("a fifth of all nodes, around one ID, hides it from hardly anybody") {
    for (const bool limits : {true, false}) {
        Sum sum;
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            Network network{seed, limits};
            network.add_honest(1'000);
            network.fill_tables();
            const Id target = anybody(network).contact.id;
            // Who joins now sees them first, so to speak; half of the honest nodes do.
            network.add_liars(500, 32, target);
            network.add_honest(1'000);
            network.fill_tables();
            network.set_silent_liars(seed % 4 == 0);
            sum.add(resolve(network, 100, 0.05, &target));
        }
        sum.print(limits ? "Sybils, with limits" : "Sybils, without limits");
        if (limits) {
            CHECK(sum.share() >= 0.9);
        } else {
            CHECK(sum.share() < 0.9);  // or this shows nothing
        }
    }
}

TEST_CASE("small networks are found whole") {
    for (const std::size_t nodes : {2U, 5U, 20U, 200U}) {
        Network network{nodes};
        network.add_honest(nodes);
        network.fill_tables();
        CAPTURE(nodes);
        CHECK(find_closest(network, 100, 0).good == 100);
    }
}

TEST_CASE("nodes that know one other node fill their tables by lookups") {
    Network network{3};
    network.add_honest(300);
    network.join();
    const auto closest = find_closest(network, 300, 0);
    closest.print("joined, closest");
    CHECK(closest.share() >= 0.99);
    CHECK(resolve(network, 300, 0).share() >= 0.99);
}
