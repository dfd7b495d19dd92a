#include <parley/sim/experiment/work_scenarios.hpp>

#include <parley/sim/experiment/chain_scenarios.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace parley::sim {
namespace {

constexpr HostId miners = 5;
/// Of each: so few that real nonces of these difficulties are found in no time.
constexpr double hashes_per_second = 20;
constexpr int transactions = 150;
constexpr HostId fast_miner = 4;
constexpr std::chrono::seconds fast_by{20};
/// Of the whole time: ten of twenty minutes.
constexpr double parted_from = 0.2, parted_until = 0.7;
/// Two of five miners found these for nothing in ten minutes: 16 on the average.
constexpr std::uint64_t lost_blocks_min = 4;

void prepare_work(NetworkOptions& network) {
    const auto hosts = std::make_shared<ChainHosts>(
        network.nodes, Experiment::accounts,
        WorkHosts{.rate = [](HostId host) { return host < miners ? hashes_per_second : 0; },
                  .seed = network.seed});
    network.chain = [hosts](HostId host) { return hosts->data_of(host); };
    network.configure = [before = network.configure](HostId host, node::NodeConfig& config) {
        if (before) before(host, config);
        if (host < miners) config.chain.miner = ChainHosts::miner_of(host);
    };
}

void plan_work(Experiment& run) {
    plan_transactions(run, transactions, 0, run.options().nodes);
    run.at(0, [&run] {
        run.mark("a miner's clock is ahead by more than others allow");
        run.world().clock(fast_miner).step(fast_by);
    });
    run.at(parted_from, [&run] {
        run.mark("two halves, one with three miners and one with two");
        run.world().partition([](HostId a, HostId b) { return a % 2 != b % 2; });
    });
    run.at(parted_until, [&run] {
        run.mark("healed");
        run.world().partition({});
    });
}

void check_work(Experiment& run) {
    check_chain(run);
    std::uint64_t found = 0;
    for (HostId host = 0; host < miners; ++host) {
        const auto& counters = run.network().node(host).chain().blocks()->miner()->counters();
        found += counters.found;
        if (counters.wrong + counters.failed > 0) {
            run.checkers().fail(
                host, fmt::format("{} wrong nonces, {} failures", counters.wrong, counters.failed));
        }
    }
    const auto& head = ledger_of(run, miners).head().header;
    run.add_row("blocks found", std::to_string(found));
    run.add_row("blocks in the chain", std::to_string(head.number));
    if (found < head.number + lost_blocks_min) {
        run.checkers().fail(0, fmt::format("{} blocks found, {} of them in the chain: nothing was "
                                           "taken back",
                                           found, head.number));
    }
}

}  // namespace

Scenario work_scenario() {
    return {
        .name = "work",
        .about =
            "five miners, one clock fast, parted for ten minutes: one chain, no transaction lost",
        .nodes = 10,
        .time = std::chrono::minutes{20},
        .rate = 0,
        .prepare = prepare_work,
        .plan = plan_work,
        .check = check_work};
}

}  // namespace parley::sim
