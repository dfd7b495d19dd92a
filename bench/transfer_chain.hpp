// A chain of blocks with 1,000 transfers each, made once, and ledgers to import it: what the
// benchmarks of the ledger share.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/jobs.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/types/block.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace parley::bench {

inline constexpr std::size_t transfers_a_block = 1'000;

struct TransferChain {
    chain::Genesis genesis;  ///< 100,000 accounts beside the senders
    chain::GenesisBlock genesis_block;
    std::vector<chain::Block> blocks;
    std::vector<std::vector<chain::Address>> senders;  ///< of each block

    std::size_t transfers() const { return blocks.size() * transfers_a_block; }
};
/// The one that all share.
const TransferChain& transfer_chain();

/// A ledger with that genesis. Throws if it cannot be opened. `store`, `log` and `jobs` outlive it.
std::unique_ptr<chain::Ledger> open_transfer_ledger(Store& store, AppendLog& log, JobQueue& jobs,
                                                    const chain::GenesisBlock& genesis);

}  // namespace parley::bench
