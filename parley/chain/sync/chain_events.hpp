// What happens to the chain, as events on the hub. EventBacklog is for whoever cannot keep up.
// Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/identity/node_id.hpp>

#include <cstdint>
#include <vector>

namespace parley::chain {

/// The main chain has another head; it was reorganised if blocks were reverted.
struct HeadMoved {
    ChainHeader head;
    std::vector<Hash256> reverted;  ///< blocks, the old head first
    std::vector<Hash256> applied;   ///< blocks, in order
};
/// This node made a block, and it is the head: told before its HeadMoved.
struct BlockMade {
    std::uint64_t number = 0;
    Hash256 hash{};
};
/// The head is final, and all before it: told after its HeadMoved. Only of an engine whose blocks
/// are final at once.
struct BlockFinal {
    std::uint64_t number = 0;
    Hash256 hash{};
};
/// A peer said where its chain ends.
struct HeightLearned {
    NodeId peer{};
    std::uint64_t number = 0;
    Hash256 head{};
};

}  // namespace parley::chain
