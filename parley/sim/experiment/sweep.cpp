#include <parley/sim/experiment/sweep.hpp>

#include <parley/sim/experiment/run_log.hpp>
#include <parley/sim/experiment/scenarios.hpp>

#include <fmt/format.h>

namespace parley::sim {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t twice_one_in = 20;

}  // namespace

ExperimentOptions swarm_options(std::uint64_t seed) {
    auto options = default_options(*find_scenario("swarm"));
    Rng rng = Rng{seed}.split("swarm");
    options.seed = seed;
    options.nodes = 6 + static_cast<std::size_t>(rng.below(25));
    options.time = seconds{60 + 6 * static_cast<std::int64_t>(rng.below(40))};  // whole tenths
    options.rate = static_cast<double>(1 + rng.below(40)) / 10;
    // Some seeds have many faults and some have few, or interplay would hide what one does.
    const double share = rng.unit();
    for (const auto fault : all_faults) options.faults.set(fault, rng.chance(share));
    if (rng.chance(0.4)) {
        options.attack = all_attacks[static_cast<std::size_t>(rng.below(all_attacks.size()))];
        options.attackers = 1 + static_cast<std::size_t>(rng.below(options.nodes / 4 + 1));
    }
    return options;
}

std::string command_of(const ExperimentOptions& options) {
    const auto time = std::chrono::duration<double, std::ratio<60>>(options.time).count();
    auto out = fmt::format("{} --scenario {} --nodes {} --seed {} --minutes {:g} --rate {:g}",
                           options.scenario->program, options.scenario->name, options.nodes,
                           options.seed, time, options.rate);
    if (!options.faults.empty()) out += " --faults " + options.faults.to_string();
    if (options.attack && options.attackers > 0) {
        out += fmt::format(" --attack {} --attackers {}", name(*options.attack), options.attackers);
    } else if (options.scenario->attack) {
        out += " --attackers 0";
    }
    if (options.state_accounts != options.scenario->state_accounts) {
        out += fmt::format(" --accounts {}", options.state_accounts);
    }
    if (options.crypto == Crypto::stub) out += " --crypto stub";
    return out;
}

Outcome run_once(const ExperimentOptions& options) {
    Experiment experiment{options};
    experiment.run();
    return {experiment.failures(), experiment.trace_hash()};
}

Outcome run_and_compare(const ExperimentOptions& options) {
    auto first = run_once(options);
    if (options.seed % twice_one_in != 0) return first;
    const auto second = run_once(options);
    if (first.trace_hash != second.trace_hash) {
        first.failures.push_back(fmt::format("not reproducible: trace {:016x}, then {:016x}",
                                             first.trace_hash, second.trace_hash));
    }
    return first;
}

ExperimentOptions shrink(ExperimentOptions options) {
    const auto still_fails = [](const ExperimentOptions& fewer) {
        return !run_once(fewer).passed();
    };
    if (options.attack) {
        auto fewer = options;
        fewer.attackers = 0;
        fewer.attack.reset();
        if (still_fails(fewer)) options = fewer;
    }
    for (const auto fault : all_faults) {
        if (!options.faults.has(fault)) continue;
        auto fewer = options;
        fewer.faults.set(fault, false);
        if (still_fails(fewer)) options = fewer;
    }
    return options;
}

std::vector<std::string> log_around_failure(ExperimentOptions options) {
    RunLog log;
    options.run_log = &log;
    (void)run_once(options);
    return {log.lines().begin(), log.lines().end()};
}

}  // namespace parley::sim
