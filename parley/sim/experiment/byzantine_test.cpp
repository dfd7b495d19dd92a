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

TEST_CASE("with one of four validators against them the others agree, at many seeds") {
    auto options = validators(3, 1);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr std::uint64_t seeds = 10;  // ten times slower each
#else
    constexpr std::uint64_t seeds = 300;
#endif
    for (options.seed = 1; options.seed <= seeds; ++options.seed) check_run(options);
}

TEST_CASE("so do larger sets") {
    check_run(validators(5, 2));
    check_run(validators(7, 3));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    check_run(validators(21, 10));
#endif
}
