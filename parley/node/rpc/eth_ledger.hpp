// EthLedger: the chain that the methods eth_* read. All of it outlives them.
// Threading: the node's thread; execution and engine also in Jobs.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/types/fork.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace parley::node {

/// How far a node is that fetches blocks it missed, or the state; numbers of blocks.
struct SyncProgress {
    std::uint64_t starting = 0;
    std::uint64_t current = 0;
    std::uint64_t highest = 0;
    /// That are here of the state, while it is being fetched.
    std::optional<std::uint64_t> accounts = {};
};

struct EthLedger {
    chain::Ledger& ledger;
    std::shared_ptr<const chain::Execution> execution;
    std::shared_ptr<const chain::Engine> engine;
    JobQueue& jobs;
    chain::ForkSchedule forks;         ///< for eth_config
    std::uint64_t genesis_time_s = 0;  ///< for eth_config; Unix seconds
    /// The number of the last block that is final, also for "safe"; nothing if none is, or the
    /// consensus knows no such blocks.
    std::function<std::optional<std::uint64_t>()> finalized = {};
    /// Nothing: it has what its peers have.
    std::function<std::optional<SyncProgress>()> syncing = {};
};

}  // namespace parley::node
