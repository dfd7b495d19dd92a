// The checkers bite: each of five deliberate mistakes in the production code is noticed.
#include <parley/base/mutation.hpp>

#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/experiment/sweep.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace parley;
using namespace parley::sim;

namespace {

#ifdef PARLEY_MUTATIONS

class Mistake {
public:
    explicit Mistake(Mutation mutation) { active_mutation = mutation; }
    ~Mistake() { active_mutation = Mutation::none; }
    Mistake(const Mistake&) = delete;
    Mistake& operator=(const Mistake&) = delete;
};

/// Fails with the mistake, in words that name what is wrong, and passes without it.
void noticed(Mutation mutation, const ExperimentOptions& options, std::string_view by) {
    {
        const Mistake mistake{mutation};
        const auto outcome = run_once(options);
        REQUIRE_FALSE(outcome.passed());
        CHECK_MESSAGE(outcome.failures.front().find(by) != std::string::npos,
                      outcome.failures.front());
    }
    const auto outcome = run_once(options);
    CHECK_MESSAGE(outcome.passed(), (outcome.passed() ? "" : outcome.failures.front()));
}

ExperimentOptions small(std::string_view scenario) {
    auto options = default_options(*find_scenario(scenario));
    options.nodes = 10;
    options.time = std::chrono::minutes{1};
    return options;
}

TEST_CASE("a token that is not returned") {
    auto options = small("swarm");
    options.faults.set(Fault::resets);
    noticed(Mutation::token_not_returned, options, "tokens are out for");
}

TEST_CASE("the dial rule inverted") {
    auto options = small("both_dial");
    noticed(Mutation::dial_rule_inverted, options, "both dialed");
}

TEST_CASE("a timer dropped") {
    auto options = small("swarm");
    options.faults.set(Fault::half_open);
    noticed(Mutation::timer_dropped, options, "still held");
}

TEST_CASE("a credit not granted") {
    noticed(Mutation::credit_not_granted, small("slow_module"), "the module heard");
}

TEST_CASE("a known-set not bounded") {
    auto options = small("swarm");
    options.rate = 5;
    options.seen_items_max = 100;
    noticed(Mutation::known_set_unbounded, options, "seen items");
}

#endif

}  // namespace
