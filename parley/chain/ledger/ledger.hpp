// Ledger: the chain of blocks. Takes blocks in any order that has parents first, checks them,
// executes them, and follows the branch that the Engine prefers.
//
// A block of another branch is executed beside the head's state (StateOverlay), so that a
// reorganisation is known to be valid before anything moves. The changes of the last blocks are
// kept, so that they can be taken back.
//
// Bounded: a branch may leave the main chain at most depth_max blocks below the head.
// Threading: one thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/ledger/block_store.hpp>
#include <parley/chain/ledger/execute_block.hpp>
#include <parley/chain/ledger/invalid_block.hpp>
#include <parley/chain/state/state.hpp>
#include <parley/chain/types/block.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley::chain {

/// A branch is not taken, though nothing is wrong with its block.
enum class BranchErrc : std::uint8_t {
    unknown_parent,  ///< the parent has not been seen, or was invalid
    too_deep,        ///< leaves the main chain too far below the head; expected: blocks at most
};
using BranchError = Error<BranchErrc>;
std::string message(const BranchError& error);

using ImportError = std::variant<InvalidBlock, BranchError, trie::TrieError>;
std::string message(const ImportError& error);

/// What a block did to the main chain.
struct Imported {
    bool was_known = false;
    std::vector<Hash256> reverted = {};  ///< the head first
    std::vector<Hash256> applied = {};   ///< in order; empty if the block is on another branch
};

class Ledger {
public:
    static constexpr std::uint64_t depth_max = 128;

    /// Begins with a genesis, whose state is `genesis_state`. All of these outlive it. `salt` is
    /// random.
    Ledger(const Execution& execution, const Engine& engine, Store& store, const Header& genesis,
           StateCommit genesis_state, std::uint64_t salt);

    const ChainHeader& head() const { return blocks_.find(head_)->header; }
    const State& state() const { return state_; }
    const BlockStore& blocks() const { return blocks_; }

    /// Checks and executes a block and follows it if it is better.
    Result<Imported, ImportError> import(const Block& block);

private:
    /// The way from the head to another block.
    struct Route {
        std::vector<const StoredBlock*> back;     // the head first
        std::vector<const StoredBlock*> forward;  // in order
    };

    Result<Route, BranchError> route_to(const StoredBlock& target) const;
    Result<Executed, BlockFailure> execute(const Block& block, Fork fork,
                                           std::span<const Address> senders,
                                           const StateAt& state) const;
    Result<std::vector<Address>, InvalidBlock> check(const Block& block, const ChainHeader& parent,
                                                     Fork fork) const;
    Imported follow(const Route& route, std::optional<StateCommit> way, StateCommit commit,
                    const Hash256& hash);

    const Execution& execution_;
    const Engine& engine_;
    std::uint64_t salt_;
    State state_;
    BlockStore blocks_;
    Hash256 head_{};
};

}  // namespace parley::chain
