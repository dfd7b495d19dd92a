// Sweep: runs of many seeds. Each draws its own faults, rates and attackers; some run twice and
// must give the same trace. A seed that fails is shrunk by switching faults off. Threading: one
// thread, the simulator's.
#pragma once

#include <parley/sim/experiment/experiment.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace parley::sim {

/// A run of the scenario "swarm" as this seed draws it.
ExperimentOptions swarm_options(std::uint64_t seed);
/// The command that replays a run: "parley sim --scenario ... --seed ...", or of the program that
/// the scenario names.
std::string command_of(const ExperimentOptions& options);

/// The outcome of a run.
struct Outcome {
    std::vector<std::string> failures;
    std::uint64_t trace_hash = 0;
    bool passed() const { return failures.empty(); }
};
/// A whole run in a world of its own.
Outcome run_once(const ExperimentOptions& options);
/// Runs it again if the seed is one of the 5 % that are run twice; a different trace is a failure.
Outcome run_and_compare(const ExperimentOptions& options);
/// The same failure with as few faults as can be found by switching them off one by one, and
/// without attackers if it does not need them.
ExperimentOptions shrink(ExperimentOptions options);
/// The last lines that the nodes logged before the first failure; runs it again.
std::vector<std::string> log_around_failure(ExperimentOptions options);

}  // namespace parley::sim
