#include <parley/sim/attacks/eclipse.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::sim;

namespace {

/// Small enough for a test: a tenth of the scoreboard's.
EclipseOptions small(bool resist) {
    EclipseOptions options;
    options.addresses = 800;
    options.groups = 200;
    options.ids_per_address = 2;
    options.honest = 400;
    options.honest_groups = 200;
    options.lived = std::chrono::hours{24};
    options.attack = std::chrono::hours{12};
    options.resist = resist;
    return options;
}

}  // namespace

TEST_CASE("eclipse: a victim that restarts under attack keeps honest links") {
    const auto score = score_eclipse(small(true), 8, 1);
    CHECK(score.runs == 8);
    CHECK(score.all_owned == 0);
    CHECK(score.owned_share > 0);  // there was an attack
    CHECK(score.owned_share < 0.4);
    CHECK(score.untried_share > 0.3);
}

TEST_CASE("eclipse: a map of autonomous systems keeps attackers out of the tables") {
    auto options = small(true);
    options.honest = 1000;
    options.honest_groups = 400;
    options.lived = std::chrono::hours{6};
    const auto without = score_eclipse(options, 8, 1);
    options.by_as = true;
    const auto with = score_eclipse(options, 8, 1);
    CHECK(with.all_owned == 0);
    CHECK(with.tried_share < 0.8 * without.tried_share);
    CHECK(with.owned_share < without.owned_share);
}

TEST_CASE("eclipse: who takes the slots of others first owns more, unless they know the owners") {
    auto options = small(true);
    options.by_as = true;
    const auto before = score_eclipse(options, 8, 1);
    options.fill_slots = true;
    const auto filled = score_eclipse(options, 8, 1);
    CHECK(filled.owned_share > 2 * before.owned_share);
    options.all_by_as = true;
    const auto known = score_eclipse(options, 8, 1);
    CHECK(known.owned_share < filled.owned_share / 2);
}

TEST_CASE("eclipse: two hosts own two links at most, whatever number of identities they have") {
    auto options = small(true);
    options.addresses = 2;
    options.groups = 2;
    options.ids_per_address = 1000;
    const EclipsePopulation population{options};
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        const auto result = run_eclipse(options, population, seed);
        CHECK(result.outbound == options.outbound);
        CHECK(result.owned <= 2);
        CHECK(result.untried_owned * 16 <= 65'536 * 2);
    }
}

TEST_CASE("eclipse: the same seed gives the same result") {
    const auto options = small(true);
    const EclipsePopulation population{options};
    const auto one = run_eclipse(options, population, 3);
    const auto two = run_eclipse(options, population, 3);
    CHECK(one.owned == two.owned);
    CHECK(one.tried == two.tried);
    CHECK(one.untried_owned == two.untried_owned);
}
