// DirtyTree: a batch of changes to a trie. What the changes touch is read and held; then all that
// changed is hashed at once, level by level from the deepest, so that many hashes are computed side
// by side.
//
//     DirtyTree tree{nodes, root};
//     if (auto updated = tree.update(changes); !updated) return;
//     const Commit commit = tree.commit();
//
// Changes of values alone, the most usual, are made by update_values() (level_update.hpp); those
// that change the shape of the trie follow one after the other, from the root.
//
// Bounded by the changes: at most 64 nodes are read for a key. Threading: one thread; the reader
// must outlive the tree.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/change.hpp>
#include <parley/chain/trie/commit.hpp>
#include <parley/chain/trie/held_nodes.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_reader.hpp>

#include <cstddef>
#include <span>

namespace parley::chain::trie {

class DirtyTree {
public:
    /// `root` of the trie in `nodes`; empty_root_hash for one without keys, where nothing is read.
    DirtyTree(const NodeReader& nodes, const Hash256& root);

    /// Sets and erases keys. Precondition: ascending by key, none twice.
    /// Errors: those of the reader and of decode_node; the tree must then not be used further.
    Result<void, TrieError> update(std::span<const Change> changes);
    /// Erases what lies from `first` to `last`, both included, without a look at what is left: a
    /// fork may remain with less than two ways out until update() fills it again. Only what `nodes`
    /// has along both paths is read. For range proofs. Errors as update().
    Result<void, TrieError> cut(const Nibbles& first, const Nibbles& last);

    /// Hashes all that changed. The tree is used up.
    Commit commit();

private:
    using Index = HeldNodes::Index;
    using Changes = std::span<const Change>;

    Result<Reference, TrieError> change(const Reference& at, const Nibbles& path, Changes changes);
    Result<Reference, TrieError> change_leaf(Index index, const Nibbles& path, Changes changes);
    Result<Reference, TrieError> change_extension(Index index, const Nibbles& path,
                                                  Changes changes);
    Result<Reference, TrieError> change_raw(Index index, const Nibbles& path, Changes changes);
    Result<Reference, TrieError> change_branch(Index index, const Nibbles& path, Changes changes);
    Result<Reference, TrieError> collapse(Index index, const Nibbles& path);
    Result<Reference, TrieError> join(const Nibbles& run, const Reference& child,
                                      const Nibbles& path);
    Reference build(std::size_t depth, Changes changes);
    Reference build_present(std::size_t depth, Changes changes);
    Result<Reference, TrieError> cut_below(const Reference& at, const Nibbles& path,
                                           const Nibbles& first, const Nibbles& last);
    Reference add(Branch branch);

    HeldNodes held_;
    Reference root_;
};

}  // namespace parley::chain::trie
