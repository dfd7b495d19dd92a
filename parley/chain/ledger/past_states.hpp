// PastStates: the states after the last blocks, for proofs at a block that is no longer the head.
// One is made by taking back what the blocks since then changed, which takes as long as a few
// blocks' hashing, and kept until the head moves.
//
// Bounded: states_max at a time, of at most changes_max accounts each. Threading: at() in Jobs,
// inside Ledger::read_state, several at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/ledger/import_work.hpp>
#include <parley/chain/state/state_overlay.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace parley::chain {

class PastStates {
public:
    static constexpr std::size_t states_max = 3;
    static constexpr std::size_t changes_max = 200'000;

    /// Valid as long as the reading of the state goes on.
    struct At {
        std::shared_ptr<const StateOverlay> overlay;  ///< null: the head's own
        const StateNodes* nodes = nullptr;
        Hash256 root{};
    };
    /// The state after `block`; nothing if it lies too far back, changed too much, or cannot be
    /// read.
    std::optional<At> at(const ChainHeader& head, const ChainParts& chain, const Hash256& block);

private:
    std::mutex mutex_;
    Hash256 head_{};
    std::map<Hash256, std::shared_ptr<const StateOverlay>> states_;  // by block, over head_
};

}  // namespace parley::chain
