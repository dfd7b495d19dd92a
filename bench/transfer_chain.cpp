#include "transfer_chain.hpp"
#include "workers.hpp"
#include <parley/chain/consensus/unsealed/unsealed.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/producer/make_block.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace parley::bench {
namespace {

using namespace parley::chain;
using chain::testing::secret_of;

constexpr std::size_t blocks_count = 20;
constexpr std::size_t senders_count = 1'000;
constexpr std::size_t accounts_count = 100'000;  // that are there beside them

Address numbered_address(std::uint64_t number) {
    return Address{array_of<20>(Bytes{to_uint256(number * 1'000'003)}.last(20))};
}

Transaction payment(std::uint64_t from, std::uint64_t nonce, std::uint64_t to) {
    Transaction tx;
    tx.type = TxType::dynamic_fee;
    tx.chain_id = 1;
    tx.nonce = nonce;
    tx.gas_limit = 21'000;
    tx.max_fee = to_uint256(100'000'000'000);
    tx.max_priority_fee = to_uint256(1'000'000'000);
    tx.to = numbered_address(to);
    tx.value = to_uint256(1);
    return chain::testing::sign(tx, secret_of(from));
}

ForkSchedule merged() {
    ForkSchedule out;
    out.london_block = 0;
    out.terminal_total_difficulty = Uint256{};
    return out;
}

Genesis make_genesis(const std::vector<Address>& senders) {
    Genesis out;
    out.chain_id = 1;
    out.forks = merged();
    out.gas_limit = 30'000'000;
    for (const auto& sender : senders) {
        out.alloc[sender].balance = to_uint256(10'000'000'000'000'000'000U);
    }
    for (std::size_t i = 1; i <= accounts_count; ++i) {
        out.alloc[numbered_address(i)].balance = to_uint256(i);
    }
    return out;
}

TransferChain make_chain() {
    std::vector<Address> accounts;
    accounts.reserve(senders_count);
    for (std::size_t i = 0; i < senders_count; ++i) {
        accounts.push_back(*recover_sender(payment(i, 0, 1)));
    }
    auto genesis = make_genesis(accounts);
    auto genesis_block = make_genesis_block(genesis);
    TransferChain out{std::move(genesis), std::move(genesis_block), {}, {}};
    MemoryStore store;
    MemoryLog log;
    JobQueue jobs{64};
    const Transfers execution{1};
    const Unsealed engine{merged()};
    const auto ledger = open_transfer_ledger(store, log, jobs, out.genesis_block);
    Workers here{0};
    std::uint64_t to = 0;
    for (std::size_t b = 0; b < blocks_count; ++b) {
        std::vector<Candidate> candidates;
        for (std::size_t i = 0; i < transfers_a_block; ++i) {
            to = to * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
            candidates.push_back({payment(i, b, 1 + to % (2 * accounts_count)), accounts[i]});
        }
        BlockPlan plan;
        plan.timestamp = ledger->head().header.timestamp + 2;
        const auto& state = ledger->state();
        auto made = make_block(execution, engine, ledger->head(), plan, candidates,
                               {state, state, state.root()});
        if (!made || made->senders.size() != transfers_a_block) {
            throw std::runtime_error{"no block"};
        }
        out.blocks.push_back(made->block);
        out.senders.push_back(made->senders);
        bool done = false;
        ledger->import(
            {}, std::move(made->block), [&](Now, auto) { done = true; },
            std::move(*made).executed_block());
        here.run(jobs, [&] { return done; });
    }
    return out;
}

}  // namespace

const TransferChain& transfer_chain() {
    static const TransferChain chain = make_chain();
    return chain;
}

std::unique_ptr<chain::Ledger> open_transfer_ledger(Store& store, AppendLog& log, JobQueue& jobs,
                                                    const chain::GenesisBlock& genesis) {
    auto opened = Ledger::open({.execution = std::make_shared<Transfers>(1),
                                .engine = std::make_shared<Unsealed>(merged()),
                                .store = store,
                                .log_file = log,
                                .jobs = jobs},
                               genesis);
    if (!opened) throw std::runtime_error{message(opened.error())};
    return std::move(*opened);
}

}  // namespace parley::bench
