#include "relay.hpp"
#include <parley/sim/experiment/experiment.hpp>
#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace parley::bench {
namespace {

using Counters = chain::BlockRelay::Counters;

constexpr std::size_t nodes = 50;
constexpr std::size_t transfers = 1'000;
constexpr std::size_t blocks = 10;
constexpr std::size_t first_blocks = 5;  // while the trees take shape
constexpr Duration step = std::chrono::milliseconds{20};
/// Between two blocks: of the first two seconds of it transfers come, so that all pools have them.
constexpr Duration interval = std::chrono::seconds{6};
constexpr std::size_t transfers_a_step = 10;
constexpr Duration crossing = std::chrono::milliseconds{1'500};

/// One host makes blocks.
sim::Scenario one_maker() {
    sim::Scenario out{.name = "relay", .about = "blocks of one maker", .program = "parley-bench"};
    out.prepare = [](sim::NetworkOptions& network) {
        const auto hosts = std::make_shared<sim::ChainHosts>(
            network.nodes, sim::Experiment::accounts, [](sim::HostId host) { return host == 0; });
        network.chain = [hosts](sim::HostId host) { return hosts->data_of(host); };
        network.configure = [before = network.configure](sim::HostId host, auto& config) {
            before(host, config);
            config.chain.block_interval = interval;
        };
    };
    return out;
}

const node::LedgerModule& blocks_of(sim::Experiment& run, sim::HostId host) {
    return *run.network().node(host).chain().blocks();
}

/// Of all nodes together.
Counters relayed(sim::Experiment& run) {
    Counters out;
    for (sim::HostId host = 0; host < nodes; ++host) {
        const auto& each = blocks_of(run, host).sync().relayed();
        out.received += each.received;
        out.completed += each.completed;
        out.bytes += each.bytes;
    }
    return out;
}

/// Drives it until the maker has one more block. What was relayed before that.
Counters await_block(sim::Experiment& run) {
    const auto number = [&] { return blocks_of(run, 0).ledger().head().header.number; };
    const auto first = number();
    auto before = relayed(run);
    while (number() == first) {
        before = relayed(run);
        run.drive(step);
    }
    return before;
}

struct Figures {
    std::uint64_t whole_bytes = 0;  ///< of the blocks, once for each that did not make them
    Counters relay;
};

/// Transfers are submitted anywhere after the head, and the next block has them all.
void cross(sim::Experiment& run, Figures& figures) {
    for (std::size_t i = 0; i < transfers; ++i) {
        run.submit();
        if (i % transfers_a_step == 0) run.drive(step);
    }
    const auto before = await_block(run);
    const auto& ledger = blocks_of(run, 0).ledger();
    const auto& block = ledger.blocks().recent(ledger.head().hash)->logged.block;
    if (block.body.transactions.size() != transfers) {
        fmt::print(stderr, "a block has {} transfers\n", block.body.transactions.size());
        std::exit(1);
    }
    run.drive(crossing);
    const auto after = relayed(run);
    figures.whole_bytes += block.encode().size() * (nodes - 1);
    figures.relay.received += after.received - before.received;
    figures.relay.completed += after.completed - before.completed;
    figures.relay.bytes += after.bytes - before.bytes;
}

}  // namespace

void run_relay_block() {
    run_processes(relay_block, {"relay-world", "1"});
}

int relay_world(const std::vector<std::string>& arguments) {
    const auto scenario = one_maker();
    auto options = sim::default_options(scenario);
    options.nodes = nodes;
    options.rate = 0;
    options.crypto = sim::Crypto::stub;
    options.seed = std::stoull(arguments.at(0));
    sim::Experiment run{options};
    run.join();
    (void)await_block(run);
    Figures figures;
    for (std::size_t i = 0; i < first_blocks; ++i) cross(run, figures);
    figures = {};
    for (std::size_t i = 0; i < blocks; ++i) cross(run, figures);
    const auto percent = [](std::uint64_t part, std::uint64_t whole) {
        return 100 * static_cast<double>(part) / static_cast<double>(whole);
    };
    fmt::print("{:.4g},\"rebuilt_percent\":{:.4g},\"blocks_received\":{}\n",
               percent(figures.relay.bytes, figures.whole_bytes),
               percent(figures.relay.completed, figures.relay.received), figures.relay.received);
    std::fflush(stdout);
    std::_Exit(0);
}

}  // namespace parley::bench
