// make_block: a new block on a state, of the transactions that can be executed on it.
// Pure computation: for a Job. The seal is the Engine's, put on afterwards.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/ledger/execute_block.hpp>
#include <parley/chain/types/block.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain {

/// What the maker of a block chooses.
struct BlockPlan {
    std::uint64_t timestamp = 0;  ///< Unix seconds, above the parent's
    Address beneficiary;          ///< gets the fees
    /// The block's gas limit goes towards it, as far as the rules allow.
    std::uint64_t gas_limit_aim = 30'000'000;
    Buffer extra_data = {};
    Hash256 prev_randao = {};
    std::vector<Withdrawal> withdrawals = {};  ///< since Shanghai
    /// Of the block as RLP, roughly; the rest waits for the next one.
    std::size_t bytes_max = std::size_t{2} << 20;
};

/// A transaction that may go into the block.
struct Candidate {
    Transaction tx;
    Address sender;
};

struct MadeBlock {
    Block block;
    Fork fork{};
    Executed executed;
    std::vector<Address> senders;
    /// Candidates, by their place, that cannot be executed here, and why.
    std::vector<std::pair<std::size_t, ExecutionError>> refused;

    /// For who imports it.
    ExecutedBlock executed_block() && {
        return {std::move(senders), std::make_shared<const Executed>(std::move(executed))};
    }
};

/// Takes candidates in their order as long as there is room; those of a sender must have ascending
/// nonces. Errors: those of the state.
Result<MadeBlock, trie::TrieError> make_block(const Execution& execution, const Engine& engine,
                                              const ChainHeader& parent, const BlockPlan& plan,
                                              std::span<const Candidate> candidates,
                                              const StateAt& state);

}  // namespace parley::chain
