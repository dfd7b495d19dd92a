// Changes that leave the shape of a trie, level by level: the nodes of one level are read side by
// side, and neither decoded nor encoded. That is most of what a block does to a large trie.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/trie/change.hpp>
#include <parley/chain/trie/held_nodes.hpp>
#include <parley/chain/trie/node.hpp>

#include <span>
#include <vector>

namespace parley::chain::trie {

/// Sets the keys that have a value already, where only forks of hashes and runs lead to them from
/// `root`, which becomes what is held. Returns the other changes, ascending. Precondition: it is a
/// hash. Errors: those of the reader.
Result<std::vector<Change>, TrieError> update_values(HeldNodes& held, Reference& root,
                                                     std::span<const Change> changes);

}  // namespace parley::chain::trie
