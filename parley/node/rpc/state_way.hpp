// StateWay: the way from the state of the head, the only one that is held, to that after another
// block. The last blocks keep what each changed, so that what was before is found there.
// Bounded: branch_depth_max blocks. Threading: the node's thread.
#pragma once

#include <parley/base/uint256.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/state/state_changes.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace parley::node {

class StateWay {
public:
    /// Changed accounts and slots that changes() gives at most, of all blocks together.
    static constexpr std::size_t changes_max = 20'000;

    /// To the state after `block`; valid until the ledger's next turn. Errors: refused, in geth's
    /// words, where that state is gone.
    static Result<StateWay, rpc::Error> to(const chain::Ledger& ledger,
                                           const chain::ChainHeader& block);

    bool is_head() const { return route_.back.empty() && route_.forward.empty(); }
    /// Of the address whose keccak256 is `key`, after that block; nothing if there is none.
    Result<std::optional<chain::Account>, StoreError> account(const Hash256& key) const;
    Result<Uint256, StoreError> slot(const Hash256& account, const Hash256& slot) const;
    /// A copy, to be made one after the other; nothing if there is more than changes_max.
    std::optional<std::vector<chain::StateChanges>> changes() const;

private:
    StateWay(const chain::State& state, chain::Route route)
        : state_(&state), route_(std::move(route)) {}

    const chain::State* state_;
    chain::Route route_;
};

}  // namespace parley::node
