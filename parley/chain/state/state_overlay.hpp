// StateOverlay: a state a few blocks away from the head, without a change to the head: what a block
// of another branch is executed on.
// Threading: as State; the base outlives it and does not change meanwhile.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/state/state.hpp>
#include <parley/chain/state/state_buffer.hpp>
#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/state/state_view.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace parley::chain {

class StateOverlay final : public StateView, public StateNodes {
public:
    StateOverlay(const State& base, StateCommit commit) : base_(base), buffer_(base.salt()) {
        buffer_.add(std::move(commit));
    }

    std::uint64_t salt() const override { return base_.salt(); }
    Result<std::optional<Account>, StoreError> account(const Hash256& key) const override;
    Result<Uint256, StoreError> slot(const Hash256& account, const Hash256& slot) const override;
    Result<void, StoreError> for_each_slot(const Hash256& account,
                                           const SlotVisitor& visit) const override;
    Result<Bytes, trie::TrieError> node(const std::optional<Hash256>& owner,
                                        const trie::Nibbles& path, const Hash256& hash,
                                        Buffer& scratch) const override;

private:
    const State& base_;
    StateBuffer buffer_;
};

}  // namespace parley::chain
