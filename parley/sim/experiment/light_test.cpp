// Light nodes most of whose full nodes lie.
#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/experiment/sweep.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::sim;

TEST_CASE("light nodes take no lie from most of their full nodes, and are not slower for it") {
    auto options = default_options(*find_scenario("light"));
    options.nodes = 9 + 40;
    options.crypto = Crypto::stub;
    options.time = 40s;
    const auto outcome = run_once(options);
    CHECK_MESSAGE(outcome.passed(), command_of(options), ": ",
                  (outcome.passed() ? "" : outcome.failures.front()));
}
