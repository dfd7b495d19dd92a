// Scenarios: the kinds of run, by name: sizes, settings, steps and checks.
#pragma once

#include <parley/sim/experiment/experiment.hpp>

#include <functional>
#include <string_view>
#include <vector>

namespace parley::sim {

/// A kind of run.
struct Scenario {
    std::string_view name;
    std::string_view about;
    /// What is run to replay it; of a scenario of one's own, the program that knows it.
    std::string_view program = "parley sim";
    // The defaults of `parley sim`:
    std::size_t nodes = 50;
    Duration time = std::chrono::minutes{2};
    double rate = 1;
    std::optional<AttackKind> attack = {};
    std::size_t attackers = 0;
    /// The time in which all hosts start, one after the other.
    Duration start_within = std::chrono::seconds{10};
    /// Transactions flow for this long, unmeasured, before the time begins: the tree takes shape.
    Duration warm_up = {};
    /// How long the network has to come right again, after healing.
    Duration settle = std::chrono::minutes{2};
    std::uint64_t state_accounts = 0;  ///< of a chain that is grown before, if it is
    /// Changes settings before the network is made.
    std::function<void(NetworkOptions&)> prepare = {};
    /// Plans its steps, after the network joined.
    std::function<void(Experiment&)> plan = {};
    /// Checks of its own, after healing.
    std::function<void(Experiment&)> check = {};
};

/// All of them, in the order in which they are listed.
const std::vector<Scenario>& scenarios();
/// Null if there is none of that name.
const Scenario* find_scenario(std::string_view name);
/// With the scenario's own sizes.
ExperimentOptions default_options(const Scenario& scenario);

}  // namespace parley::sim
