// State: accounts, storage and their tries at one block, the head of the chain. Saved in a Store in
// large steps; what changed since the last step is held in memory.
//
// To move to the next block: make a draft (StateEdit), commit_state() its changes over this,
// compare the root, accept(). To take a block back: the same with the changes reversed.
//
// Accounts lie flat under the hash of their address, trie nodes under their path, so that there is
// one version of each on disk and nothing to collect.
//
// Threading: reads may run on several threads at a time, as long as nothing else is called.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/state/state_buffer.hpp>
#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/state/state_view.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace parley::chain {

class State final : public StateView, public StateNodes {
public:
    /// The state `root` that `store` holds; empty_root_hash for a new one. `store` outlives it.
    /// `salt` is random.
    State(Store& store, const Hash256& root, std::uint64_t salt);

    const Hash256& root() const { return root_; }
    /// The store holds this state. Precondition: nothing was accepted.
    void reopen(const Hash256& root) { root_ = root; }
    std::uint64_t salt() const override { return salt_; }
    Result<std::optional<Account>, StoreError> account(const Hash256& key) const override;
    Result<Uint256, StoreError> slot(const Hash256& account, const Hash256& slot) const override;
    Result<void, StoreError> for_each_slot(const Hash256& account,
                                           const SlotVisitor& visit) const override;
    Result<Bytes, trie::TrieError> node(const std::optional<Hash256>& owner,
                                        const trie::Nibbles& path, const Hash256& hash,
                                        Buffer& scratch) const override;
    Result<void, trie::TrieError> each_node(const std::optional<Hash256>& owner,
                                            std::span<const trie::WantedNode> wanted,
                                            const trie::NodeVisitor& visit) const override;
    /// Nothing if no account ever had it.
    Result<std::optional<Buffer>, StoreError> code(const Hash256& hash) const;

    /// Precondition: committed over this state.
    void accept(StateCommit commit);

    /// Of memory: what is not saved yet, or being saved.
    std::size_t unsaved_bytes() const { return changed_.size_bytes() + saving_.size_bytes(); }
    /// What must be written to bring the store to the present root; what is accepted from now on is
    /// for the next time. Precondition: not is_saving().
    StoreBatch begin_save();
    /// It is written.
    void end_save();
    bool is_saving() const { return is_saving_; }

private:
    Store& store_;
    Hash256 root_;
    std::uint64_t salt_;
    StateBuffer changed_;
    StateBuffer saving_;  // older than changed_
    bool is_saving_ = false;
};

}  // namespace parley::chain
