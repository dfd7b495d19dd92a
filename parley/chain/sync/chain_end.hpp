// What two ways of following a chain share: whether a peer's chain is to be followed, and by which
// of its hashes a chain is told to a peer. Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/sync/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::chain {

/// Whether the chain of which a peer says so is to be followed instead of the one that ends with
/// `tip`.
inline bool is_better(const Engine& engine, const sync_topic::ChainStatus& status,
                      const ChainHeader& tip) {
    ChainHeader theirs;
    theirs.header.number = status.number;
    theirs.hash = status.head;
    theirs.total_difficulty = status.total_difficulty;
    return engine.is_better(theirs, tip);
}

/// The hashes of the last of `blocks` blocks and of ever larger steps back from it, at most
/// `hashes_max`; `hash_back(n)` is the one n before the last, or nothing.
template <class HashBack>
std::vector<Hash256> locator_of(std::uint64_t blocks, std::size_t hashes_max, HashBack hash_back) {
    std::vector<Hash256> out;
    for (std::uint64_t back = 0; back < blocks && out.size() < hashes_max;
         back = back < 8 ? back + 1 : back * 2) {
        if (const std::optional<Hash256> hash = hash_back(back)) out.push_back(*hash);
    }
    return out;
}

}  // namespace parley::chain
