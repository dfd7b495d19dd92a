// Reading a trie: along one path a value, its proof, its neighbours; and key after key. What a key
// costs: at most 64 nodes. Threading: any, as far as the reader allows.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_reader.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace parley::chain::trie {

/// The value of `key`; nothing if it is absent. Errors: those of the reader and of decode_node.
Result<std::optional<Buffer>, TrieError> find(const NodeReader& nodes, const Hash256& root,
                                              const Nibbles& key);

/// The nodes from the root to the value of `key`, or to where its absence shows; those that lie
/// inside their parent are not repeated. Empty for a trie without keys. Errors as find().
Result<std::vector<Buffer>, TrieError> prove(const NodeReader& nodes, const Hash256& root,
                                             const Nibbles& key);

/// The smallest key above `key`; nothing if there is none. Errors as find().
Result<std::optional<Nibbles>, TrieError> next_key(const NodeReader& nodes, const Hash256& root,
                                                   const Nibbles& key);
/// The largest key below `key`; nothing if there is none. Errors as find().
Result<std::optional<Nibbles>, TrieError> previous_key(const NodeReader& nodes, const Hash256& root,
                                                       const Nibbles& key);

/// Sees a key and its value; false ends the visit.
using KeyVisitor = std::function<bool(const Nibbles& key, const Buffer& value)>;
/// Calls `visit` for the keys from `first` on, ascending, until it returns false. Reads at most 64
/// nodes more than it visits keys. Errors as find().
Result<void, TrieError> visit_from(const NodeReader& nodes, const Hash256& root,
                                   const Nibbles& first, const KeyVisitor& visit);

/// True if some key is above `key`. Reads nodes on the path of `key` alone. Errors as find().
Result<bool, TrieError> has_above(const NodeReader& nodes, const Hash256& root, const Nibbles& key);

}  // namespace parley::chain::trie
