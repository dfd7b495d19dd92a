// execute_block: what a block makes of the state, checked against what its header says; and the
// same without a check, for who makes a block. Pure computation: for a Job.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/ledger/invalid_block.hpp>
#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/chain/state/state_view.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/types/block.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

namespace parley::chain {

/// A state and its tries.
struct StateAt {
    const StateView& view;
    const StateNodes& nodes;
    const Hash256& root;
};

/// What became of the block.
struct Executed {
    StateCommit commit;
    std::vector<Receipt> receipts;
    std::uint64_t gas_used = 0;
    Bloom logs_bloom;
};

/// A block that was executed on its parent's state: nothing of it has to be worked out again.
struct ExecutedBlock {
    std::vector<Address> senders = {};  ///< of its transactions, in order
    std::shared_ptr<const Executed> executed = {};
};

/// The block is invalid, or the state cannot be read, of which the block is not guilty.
using BlockFailure = std::variant<InvalidBlock, trie::TrieError>;

/// The execution of one block, a transaction at a time.
class BlockExecution {
public:
    /// Of a block with this header, before its first transaction. All references outlive it; of the
    /// header only what is known before the execution is read.
    BlockExecution(const Execution& execution, const Engine& engine, const Header& header,
                   Fork fork, const StateView& view);

    /// An error leaves everything as it was.
    Result<void, ExecutionError> execute(const Transaction& tx, const Address& sender);
    /// The state could not be read, so that nothing else here means anything; finish() fails too.
    bool state_error() const { return edit_.error().has_value(); }
    /// Withdrawals, rewards, and the new state. Used up then. Errors: those of the state.
    Result<Executed, trie::TrieError> finish(const Block& block, const StateAt& state);

private:
    const Execution& execution_;
    const Engine& engine_;
    BlockContext context_;
    StateEdit edit_;
    Executed executed_;
};

/// Executes a block whose header and body were checked. `senders`: of its transactions, in order.
/// Errors: transaction, gas_used, receipts_root, logs_bloom, state_root; those of the state.
Result<Executed, BlockFailure> execute_block(const Execution& execution, const Engine& engine,
                                             const Block& block, Fork fork,
                                             std::span<const Address> senders,
                                             const StateAt& state);

}  // namespace parley::chain
