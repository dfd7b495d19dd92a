// Leaves as RLP, read and written without a Leaf between. Threading: pure.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/trie/byte_arena.hpp>
#include <parley/chain/trie/nibbles.hpp>

#include <optional>

namespace parley::chain::trie {

/// The value of the leaf whose path ends in `suffix`; nothing if `rlp` is another node or none.
std::optional<Bytes> leaf_value(Bytes rlp, const Nibbles& suffix);
/// Precondition: `value` is not empty.
Bytes write_leaf(const Nibbles& suffix, Bytes value, ByteArena& memory);

}  // namespace parley::chain::trie
