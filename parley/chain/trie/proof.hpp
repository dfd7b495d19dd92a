// Merkle proofs: that a key has a value or is absent, and that entries are all there are in a range
// of keys. Bounded: a proof has at most 65 nodes a key. Threading: pure functions.
// Spec: Yellow Paper, appendix D; EIP-1186 (the form of a proof); snap/1 of devp2p (ranges: a proof
// of the origin on the left and of the last key on the right).
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_reader.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace parley::chain::trie {

/// Of a key: one for each nibble, and the value's.
inline constexpr std::size_t proof_nodes_max = Nibbles::size_max + 1;

/// The value that `proof` shows `key` to have under `root`; nothing if it shows that the key is
/// absent. Each node must be the one that the node before it names. Errors: those of decode_node;
/// missing_node, wrong_hash (actual: nibbles before it), too_many_nodes.
Result<std::optional<Buffer>, TrieError> verify_proof(const Hash256& root, const Nibbles& key,
                                                      std::span<const Buffer> proof);

/// A key and its value.
struct Entry {
    Hash256 key{};
    Buffer value;
    friend bool operator==(const Entry&, const Entry&) = default;
};

/// Proves `first` and `last`; a node of both stands there once. Errors: those of the reader and of
/// decode_node.
Result<std::vector<Buffer>, TrieError> prove_range(const NodeReader& nodes, const Hash256& root,
                                                   const Hash256& first, const Hash256& last);

/// Checks that `entries` are all keys from `origin` to the last of them, or, if empty, that no key
/// follows `origin`. Without a proof they must be the whole trie. True if keys follow after the
/// last. Errors: those of decode_node; missing_node, too_many_nodes, unordered_keys, empty_value,
/// missing_entries, wrong_root.
Result<bool, TrieError> verify_range(const Hash256& root, const Hash256& origin,
                                     std::span<const Entry> entries, std::span<const Buffer> proof);

/// Checks that `entries` are all keys from `first` to `last`, both included, whether they are there
/// or not; `proof` is that of both. Precondition: `first` is not above `last`. Errors: as
/// verify_range.
Result<void, TrieError> verify_between(const Hash256& root, const Hash256& first,
                                       const Hash256& last, std::span<const Entry> entries,
                                       std::span<const Buffer> proof);

}  // namespace parley::chain::trie
