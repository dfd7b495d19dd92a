// The trie of a list: of a block's transactions, receipts or withdrawals; its root, and proofs.
// Threading: pure functions. Spec: Yellow Paper, 4.3.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/trie/nibbles.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace parley::chain::trie {

/// The root of the trie whose keys are the RLP of the indexes from 0 on. Precondition: no value is
/// empty.
Hash256 ordered_root(std::span<const Buffer> values);
/// The key of an item: the RLP of its index.
Nibbles index_key(std::uint64_t index);
/// The nodes from that root to the values of these indexes, one after the other, or to where their
/// absence shows; as prove().
std::vector<Buffer> prove_ordered(std::span<const Buffer> values,
                                  const std::vector<std::uint64_t>& indexes);

}  // namespace parley::chain::trie
