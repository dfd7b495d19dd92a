// Written before said: whenever validators are killed or lose their power, they sign nothing that
// contradicts what they signed before, and what may be final stays the only block of its height.
#include <parley/base/mutation.hpp>
#include <parley/chain/consensus/qbft/test_network.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t four = 4;

/// So many kills, mostly of one validator, at times of all at once; each at some step of what it
/// writes, signs and says, and back after a while.
void kill_often(Network& network, int kills, const std::function<bool()>& is_done = {}) {
    auto& rng = network.rng;
    network.start_all();
    for (int i = 0; i < kills && !(is_done && is_done()); ++i) {
        std::vector<std::size_t> victims{rng.below(four)};
        if (rng.chance(0.2)) victims = {0, 1, 2, 3};
        for (const auto one : victims) network.kill_after(one, rng.below(24));
        network.run_until(
            [&] {
                return std::ranges::none_of(victims, [&](auto one) { return network.is_up(one); });
            },
            seconds{8});
        const bool power_cut = rng.chance(0.5);
        for (const auto one : victims) network.kill(one, power_cut);
        network.run(milliseconds{rng.below(1'500)});
        for (const auto one : victims) network.start(one);
    }
    network.run(seconds{5});
}

/// At each height at most one block has a quorum's seals, and that is the one that is final.
std::string second_final_of(const Network& network) {
    for (const auto& [height, hash] : network.finals) {
        const auto sealed = network.signatures.sealed_by(3, height);
        if (sealed != std::set{hash}) return fmt::format("{} at height {}", sealed.size(), height);
    }
    return "none";
}

}  // namespace

TEST_CASE("1,000 kills at any step: no two signatures conflict, and no two blocks are final") {
    std::size_t signatures = 0;
    std::uint64_t blocks = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Network network{four, four, {}, seed};
        kill_often(network, 25);
        CHECK(network.signatures.conflicts == std::vector<std::string>{});
        CHECK(network.faults == std::vector<std::string>{});
        CHECK(second_final_of(network) == "none");
        signatures += network.signatures.size();
        blocks += network.head(0).header.number;
        for (std::size_t i = 0; i < four; ++i) CHECK(network.head(i).header.number > 20);
    }
    CHECK(signatures > 10'000);
    CHECK(blocks > 1'000);
}

TEST_CASE("on disks that lie about what they synced, conflicts are seen") {
    Network network{four, four, {}, 7};
    network.let_disks_lie();
    kill_often(network, 200, [&] { return !network.signatures.conflicts.empty(); });
    CHECK_FALSE(network.signatures.conflicts.empty());
}

#ifdef PARLEY_MUTATIONS
TEST_CASE("of validators that forget what they said, conflicts are seen") {
    Network network{four, four, {}, 7};
    active_mutation = Mutation::lock_lost;
    kill_often(network, 200, [&] { return !network.signatures.conflicts.empty(); });
    active_mutation = Mutation::none;
    CHECK_FALSE(network.signatures.conflicts.empty());
}
#endif

TEST_CASE("a lock survives when all validators restart: what a quorum prepared is final") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        Network network{four, four, {}, seed};
        // No commit arrives, in one round or several, so that nobody knows that it is final.
        network.passes = [](std::size_t, std::size_t, const Incoming& what) {
            return !std::holds_alternative<Signed<Commit>>(what.said);
        };
        network.start_all();
        const auto sealed = [&] { return network.signatures.sealed_by(3, 1); };
        REQUIRE(network.run_until([&] { return !sealed().empty(); }, seconds{10}));
        network.run(milliseconds{network.rng.below(12'000)});
        const auto locked = sealed();
        REQUIRE(locked.size() == 1);
        REQUIRE(network.finals.empty());
        const bool power_cut = network.rng.chance(0.5);
        for (std::size_t i = 0; i < four; ++i) network.kill(i, power_cut);
        network.passes = {};
        for (const std::size_t i : {2U, 0U, 3U, 1U}) {
            network.start(i);
            network.run(milliseconds{network.rng.below(3'000)});
        }
        REQUIRE(network.run_to_height(0, 1, seconds{60}));
        CHECK(std::set{network.finals.at(1)} == locked);
        CHECK(network.signatures.conflicts == std::vector<std::string>{});
        CHECK(network.faults == std::vector<std::string>{});
    }
}
