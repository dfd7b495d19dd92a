#include <parley/sim/world/grown_chain.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/producer/make_block.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace parley::sim {
namespace {

/// As many as a body may have withdrawals; fewer where the chain would be short.
constexpr std::uint64_t accounts_per_block_max = 1'000;
constexpr std::uint64_t blocks_min = 400;

void do_jobs(JobQueue& jobs) {
    for (auto taken = jobs.take(); !taken.empty(); taken = jobs.take()) {
        for (auto& job : taken) {
            job.run();
            jobs.finish(job, {});
        }
    }
}

chain::BlockPlan plan_after(const chain::Header& head, std::uint64_t first_account,
                            std::uint64_t accounts) {
    chain::BlockPlan out;
    out.timestamp = head.timestamp + 1;
    for (std::uint64_t i = first_account; i < first_account + accounts; ++i) {
        out.withdrawals.push_back(
            {.index = i, .validator_index = 0, .address = grown_account(i), .amount = 1'000 + i});
    }
    return out;
}

[[noreturn]] void give_up(const std::string& why) {
    throw std::runtime_error{"the chain cannot be grown: " + why};
}

}  // namespace

chain::Address grown_account(std::uint64_t number) {
    chain::Address out;
    store_be(out.value, number + 1);
    out.value.back() = std::byte{0xaa};
    return out;
}

GrownChain grow_chain(const chain::Genesis& genesis, const chain::GenesisBlock& first,
                      const std::shared_ptr<const chain::Engine>& engine,
                      const ByteArray<32>& signer, std::uint64_t accounts) {
    GrownChain out;
    const auto execution = std::make_shared<const chain::Transfers>(genesis.chain_id);
    JobQueue jobs{1'000};
    auto opened = chain::Ledger::open({.execution = execution,
                                       .engine = engine,
                                       .store = *out.store,
                                       .log_file = *out.log,
                                       .jobs = jobs},
                                      first);
    if (!opened) give_up(message(opened.error()));
    auto& ledger = **opened;
    const auto accounts_per_block =
        std::clamp<std::uint64_t>(accounts / blocks_min, 1, accounts_per_block_max);
    for (std::uint64_t done = 0; done < accounts; done += accounts_per_block) {
        const auto plan =
            plan_after(ledger.head().header, done, std::min(accounts_per_block, accounts - done));
        const auto& state = ledger.state();
        auto made = chain::make_block(*execution, *engine, ledger.head(), plan, {},
                                      {state, state, state.root()});
        if (!made) give_up(message(made.error()));
        chain::solo_seal(made->block.header, signer);
        const auto number = made->block.header.number;
        ledger.import({}, std::move(made->block), [](Now, const auto&) {});
        do_jobs(jobs);
        if (ledger.head().header.number != number) give_up("a block is refused");
    }
    ledger.save({});
    do_jobs(jobs);
    if (!ledger.is_saved()) give_up("it is not saved");
    out.blocks = ledger.head().header.number;
    return out;
}

}  // namespace parley::sim
