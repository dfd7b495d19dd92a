// Validators some of whom break the rules, over many seeds: no two blocks are final at one height,
// and after healing blocks go on.
#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/experiment/sweep.hpp>

#include <doctest/doctest.h>

#include <cstdint>

using namespace parley;
using namespace parley::sim;

namespace {

ExperimentOptions validators(std::size_t honest, std::size_t byzantine) {
    auto options = default_options(*find_scenario("byzantine"));
    options.nodes = honest;
    options.attackers = byzantine;
    options.crypto = Crypto::stub;
    return options;
}

void check_run(const ExperimentOptions& options) {
    const auto outcome = run_once(options);
    CHECK_MESSAGE(outcome.passed(), command_of(options), ": ",
                  (outcome.passed() ? "" : outcome.failures.front()));
}

}  // namespace

TEST_CASE("validators agree though a third of them is against them, at many seeds") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr std::uint64_t seeds = 10;  // ten times slower each
#else
    constexpr std::uint64_t seeds = 300;
#endif
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        auto options = validators(3, 1);
        if (seed % 10 == 3) options = validators(5, 2);
        if (seed % 50 == 7) options = validators(7, 3);
        options.seed = seed;
        check_run(options);
    }
}
