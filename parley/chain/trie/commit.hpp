// A DirtyTree's last step: all changed nodes are hashed, level by level from the deepest, so that
// many hashes are computed side by side. Threading: pure.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/trie/held_nodes.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_changes.hpp>

namespace parley::chain::trie {

/// What a batch of changes made of a trie.
struct Commit {
    Hash256 root{};
    NodeChanges nodes;
};

/// Of the trie whose root is `root`. What is held is used up.
Commit commit_nodes(HeldNodes held, const Reference& root);

}  // namespace parley::chain::trie
