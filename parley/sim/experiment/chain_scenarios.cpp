#include <parley/sim/experiment/chain_scenarios.hpp>

#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace parley::sim {
namespace {

constexpr HostId makers = 2;
/// A block that is on its way while one looks.
constexpr std::uint64_t under_way = 2;

/// At that node.
std::size_t lost(Experiment& run, HostId host) {
    const auto& blocks = ledger_of(run, host).blocks();
    const auto& pool = run.network().node(host).pool();
    return static_cast<std::size_t>(std::ranges::count_if(run.submitted(), [&](const auto& hash) {
        const auto place = blocks.find_transaction(hash);
        return !(place && *place) && !pool.contains(hash);
    }));
}

}  // namespace

const chain::Ledger& ledger_of(Experiment& run, HostId host) {
    return run.network().node(host).chain().blocks()->ledger();
}

void prepare_chain(NetworkOptions& network) {
    const auto hosts = std::make_shared<ChainHosts>(network.nodes, Experiment::accounts,
                                                    [](HostId host) { return host < makers; });
    network.chain = [hosts](HostId host) { return hosts->data_of(host); };
}

void plan_transactions(Experiment& run, int transactions, HostId first, std::size_t hosts) {
    for (int i = 0; i < transactions; ++i) {
        const auto host = first + static_cast<HostId>(run.rng().below(hosts));
        run.at(0.9 * i / transactions, [&run, host] { run.submit_at(host); });
    }
}

void plan_reorganisation(Experiment& run) {
    run.at(0.2, [&run] {
        run.mark("two halves, each with a maker of blocks");
        run.world().partition([](HostId a, HostId b) { return a % 2 != b % 2; });
    });
    run.at(0.6, [&run] {
        run.mark("healed");
        run.world().partition({});
    });
}

void plan_kills(Experiment& run) {
    plan_reorganisation(run);
    plan_transactions(run, 150, 0, makers);
    for (HostId host = makers; host < run.options().nodes; ++host) {
        const double share = 0.9 * static_cast<double>(run.rng().below(1'000)) / 1'000;
        run.at(share, [&run, host] { run.world().kill(host); });
        run.at(share + 0.05, [&run, host] { run.world().start(host); });
    }
}

void check_chain(Experiment& run) {
    std::uint64_t lowest = ledger_of(run, 0).head().header.number;
    std::uint64_t highest = lowest;
    for (HostId host = 1; host < run.options().nodes; ++host) {
        const auto number = ledger_of(run, host).head().header.number;
        lowest = std::min(lowest, number);
        highest = std::max(highest, number);
    }
    if (lowest == 0) run.checkers().fail(0, "somebody has no blocks");
    if (lowest + under_way < highest) {
        run.checkers().fail(0, fmt::format("heads are between {} and {}", lowest, highest));
        return;
    }
    const auto same = lowest - std::min(lowest, under_way);
    const auto expected = ledger_of(run, 0).blocks().main(same);
    for (HostId host = 0; host < run.options().nodes; ++host) {
        if (ledger_of(run, host).blocks().main(same) != expected) {
            run.checkers().fail(host, fmt::format("another block {}", same));
        }
        if (const auto missing = lost(run, host); missing > 0) {
            run.checkers().fail(host, fmt::format("{} of {} transactions are neither in a block "
                                                  "nor in the pool",
                                                  missing, run.submitted().size()));
        }
    }
}

}  // namespace parley::sim
