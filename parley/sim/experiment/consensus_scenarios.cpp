#include <parley/sim/experiment/consensus_scenarios.hpp>

#include <parley/sim/experiment/chain_scenarios.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace parley::sim {
namespace {

constexpr HostId validators = 4;
constexpr int transactions = 100;
/// Of the time in which three validators or more can hear each other; one may be dead.
constexpr double rate_min = 0.5;

void prepare_votes(NetworkOptions& network) {
    const auto hosts =
        std::make_shared<ChainHosts>(network.nodes, Experiment::accounts, std::size_t{validators});
    network.chain = [hosts](HostId host) { return hosts->data_of(host); };
}

void plan_votes(Experiment& run) {
    plan_transactions(run, transactions, validators, run.options().nodes - validators);
    run.at(0.2, [&run] {
        run.mark("a validator dies");
        run.world().kill(3);
    });
    run.at(0.45, [&run] {
        run.mark("it comes back");
        run.world().start(3);
    });
    run.at(0.55, [&run] {
        run.mark("two halves, none of which has a quorum");
        run.world().partition([](HostId a, HostId b) { return a % 2 != b % 2; });
    });
    run.at(0.7, [&run] {
        run.mark("healed; all validators are killed at once");
        run.world().partition({});
        for (HostId host = 0; host < validators; ++host) run.world().kill(host);
    });
    run.at(0.75, [&run] {
        for (HostId host = 0; host < validators; ++host) run.world().start(host);
    });
}

void check_votes(Experiment& run) {
    check_chain(run);
    const auto& head = ledger_of(run, validators).head().header;
    const auto seconds = std::chrono::duration<double>(run.options().time).count();
    // All but the partition and the restart.
    const auto expected = rate_min * seconds * 0.8;
    if (static_cast<double>(head.number) < expected) {
        run.checkers().fail(
            validators, fmt::format("{} blocks, expected at least {:.0f}", head.number, expected));
    }
}

}  // namespace

Scenario votes_scenario() {
    return {
        .name = "votes",
        .about = "four validators: one dies, two halves, all restart at once; one chain goes on",
        .nodes = 10,
        .time = std::chrono::minutes{3},
        .rate = 0,
        .prepare = prepare_votes,
        .plan = plan_votes,
        .check = check_votes};
}

}  // namespace parley::sim
