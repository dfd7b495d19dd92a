// Networks with blocks: reorganisations and kills over many seeds, and what a block costs on its
// way.
#include <parley/sim/experiment/chain_scenarios.hpp>
#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/experiment/sweep.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using namespace parley;
using namespace parley::sim;

TEST_CASE("over reorganisations no transaction is lost, at many seeds") {
    auto options = default_options(*find_scenario("reorg"));
    options.nodes = 4;
    options.time = std::chrono::seconds{40};
    options.rate = 2;
    options.crypto = Crypto::stub;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr std::uint64_t seeds = 20;  // ten times slower each
#else
    constexpr std::uint64_t seeds = 300;
#endif
    for (options.seed = 1; options.seed <= seeds; ++options.seed) {
        const auto outcome = run_once(options);
        CHECK_MESSAGE(outcome.passed(), command_of(options), ": ",
                      (outcome.passed() ? "" : outcome.failures.front()));
    }
}

TEST_CASE("a block of 1,000 transfers crosses 50 nodes at a fraction of its bytes") {
    constexpr std::size_t nodes = 50;
    constexpr int transfers = 1'000;
    auto options = default_options(*find_scenario("reorg"));
    options.nodes = nodes;
    options.rate = 0;
    options.crypto = Crypto::stub;
    Experiment run{options};
    run.join();
    auto& network = run.network();
    const auto total = [&](auto member) {
        std::uint64_t out = 0;
        for (HostId host = 0; host < nodes; ++host) {
            out += network.node(host).chain().blocks()->sync().relayed().*member;
        }
        return out;
    };
    using Counters = chain::BlockRelay::Counters;
    run.drive(std::chrono::seconds{30});  // the tree takes shape
    const auto head = [&] { return network.node(0).chain().blocks()->ledger().head(); };
    const auto first = head().header.number;
    const auto bytes_before = total(&Counters::bytes);
    const auto received_before = total(&Counters::received);
    const auto completed_before = total(&Counters::completed);
    for (int i = 0; i < transfers; ++i) run.submit();
    run.drive(std::chrono::seconds{20});
    std::uint64_t whole = 0;
    std::size_t mined = 0;
    const auto& blocks = network.node(0).chain().blocks()->ledger().blocks();
    for (auto number = first + 1; number <= head().header.number; ++number) {
        const auto block = blocks.read(**blocks.main(number));
        whole += (*block)->block.encode().size() * (nodes - 1);
        mined += (*block)->block.body.transactions.size();
    }
    CHECK(mined == transfers);
    const auto bytes = total(&Counters::bytes) - bytes_before;
    const auto received = total(&Counters::received) - received_before;
    const auto completed = total(&Counters::completed) - completed_before;
    MESSAGE("bytes of whole blocks: " << whole << ", of the relay: " << bytes << "; received "
                                      << received << ", completed by the pool " << completed);
    CHECK(static_cast<double>(completed) >= 0.95 * static_cast<double>(received));
}

TEST_CASE("by work one chain comes of partitions of ten minutes, at several seeds") {
    auto options = default_options(*find_scenario("work"));
    options.crypto = Crypto::stub;
    options.nodes = 6;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr std::uint64_t seeds = 1;  // ten times slower each
#else
    constexpr std::uint64_t seeds = 10;
#endif
    for (options.seed = 1; options.seed <= seeds; ++options.seed) {
        const auto outcome = run_once(options);
        CHECK_MESSAGE(outcome.passed(), command_of(options), ": ",
                      (outcome.passed() ? "" : outcome.failures.front()));
    }
}
