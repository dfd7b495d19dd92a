// For tests: a chain that starts with funded accounts, and blocks to put on it.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/consensus/unsealed/unsealed.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/ledger/test_ledger.hpp>
#include <parley/chain/producer/make_block.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace parley::chain::testing {

/// Proof of stake from the beginning, without withdrawals.
inline ForkSchedule merged_schedule() {
    ForkSchedule out;
    out.london_block = 0;
    out.terminal_total_difficulty = Uint256{};
    return out;
}

inline Address address_of(std::uint64_t seed) {
    auto tx = sign(transfer(0), secret_of(seed));
    return *recover_sender(tx);
}

/// Accounts of secret_of(0) to secret_of(accounts - 1) have 10 ether each.
inline GenesisBlock genesis_of(std::uint64_t accounts, std::uint64_t timestamp = 1'000) {
    MemoryStore nothing;
    const State empty{nothing, empty_root_hash, 1};
    StateEdit edit{empty};
    for (std::uint64_t i = 0; i < accounts; ++i) {
        Account account;
        account.balance = to_uint256(10'000'000'000'000'000'000U);
        edit.set_account(address_of(i), account);
    }
    auto commit = commit_state(empty, empty_root_hash, edit.take());
    REQUIRE(commit);
    Header header;
    header.state_root = commit->root;
    header.gas_limit = 30'000'000;
    header.timestamp = timestamp;
    header.base_fee = to_uint256(1'000'000'000);
    return {std::move(header), std::move(*commit)};
}

/// A ledger and where it lives; it can be closed and opened again.
struct TestChain {
    std::shared_ptr<Execution> execution = std::make_shared<Transfers>(1);
    std::shared_ptr<Engine> engine = std::make_shared<Unsealed>(merged_schedule());
    std::unique_ptr<Store> own_store = std::make_unique<MemoryStore>();
    std::unique_ptr<AppendLog> own_log = std::make_unique<MemoryLog>();
    Store& store = *own_store;
    AppendLog& log_file = *own_log;
    std::unique_ptr<JobQueue> jobs = std::make_unique<JobQueue>(64);
    LedgerConfig config;
    std::uint64_t accounts = 8;
    std::unique_ptr<Ledger> ledger;

    TestChain() = default;
    TestChain(Store& its_store, AppendLog& its_log) : store(its_store), log_file(its_log) {}

    Result<void, LedgerError> open() {
        ledger.reset();
        jobs = std::make_unique<JobQueue>(64);
        auto opened = Ledger::open({.execution = execution,
                                    .engine = engine,
                                    .store = store,
                                    .log_file = log_file,
                                    .jobs = *jobs},
                                   genesis_of(accounts), config);
        if (!opened) return std::unexpected{std::move(opened.error())};
        ledger = std::move(*opened);
        return {};
    }
    /// On the head.
    MadeBlock make(std::vector<Transaction> txs, std::uint64_t seconds = 2,
                   std::uint8_t beneficiary = 0xbe) const {
        std::vector<Candidate> candidates;
        for (auto& tx : txs) {
            const auto sender = recover_sender(tx);
            REQUIRE(sender);
            candidates.push_back({std::move(tx), *sender});
        }
        BlockPlan plan;
        plan.timestamp = ledger->head().header.timestamp + seconds;
        plan.beneficiary.value[0] = std::byte{beneficiary};
        const auto& state = ledger->state();
        auto made = make_block(*execution, *engine, ledger->head(), plan, candidates,
                               {state, state, state.root()});
        REQUIRE(made);
        return std::move(*made);
    }
    Result<Imported, ImportError> import(const Block& block) {
        return import_now(*ledger, *jobs, block);
    }
    /// Makes a block and imports it.
    Block grow(std::vector<Transaction> txs = {}, std::uint64_t seconds = 2) {
        auto block = make(std::move(txs), seconds).block;
        REQUIRE(import(block));
        return block;
    }
    Account account(std::uint64_t seed) const { return *ledger->account(address_of(seed)); }
};

/// Why the consensus refuses it.
inline std::string refusal_by_engine(TestChain& chain, const Block& block) {
    const auto imported = chain.import(block);
    REQUIRE_FALSE(imported);
    CHECK(std::get<InvalidBlock>(imported.error()).rule == BlockRule::engine);
    return message(imported.error());
}

/// From one of the accounts to another: `wei`, by a tip of 1 gwei.
inline Transaction payment(std::uint64_t from, std::uint64_t nonce, std::uint64_t to,
                           std::uint64_t wei) {
    auto tx = transfer(nonce);
    tx.max_priority_fee = to_uint256(1'000'000'000);
    tx.max_fee = to_uint256(100'000'000'000);
    tx.to = address_of(to);
    tx.value = to_uint256(wei);
    return sign(tx, secret_of(from));
}

}  // namespace parley::chain::testing
