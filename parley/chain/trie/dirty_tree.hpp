// DirtyTree: a batch of changes to a trie. What the changes touch is read and held decoded; then
// all that changed is hashed at once, level by level from the deepest, so that many hashes are
// computed side by side.
//
//     DirtyTree tree{nodes, root};
//     if (auto updated = tree.update(changes); !updated) return;
//     const Commit commit = tree.commit();
//
// Bounded by the changes: at most 64 nodes are read for a key. Threading: one thread; the reader
// must outlive the tree.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain::trie {

/// A key with its new value; an empty one erases.
struct Change {
    Nibbles key;
    Buffer value;
};

/// What a batch of changes made of a trie.
struct Commit {
    Hash256 root{};
    std::vector<NodeChange> nodes;  ///< no path twice
};

class DirtyTree {
public:
    /// `root` of the trie in `nodes`; empty_root_hash for one without keys, where nothing is read.
    DirtyTree(const NodeReader& nodes, const Hash256& root);

    /// Sets and erases keys; takes the values. Precondition: ascending by key, none twice.
    /// Errors: those of the reader and of decode_node; the tree must then not be used further.
    Result<void, TrieError> update(std::span<Change> changes);
    /// Erases what lies from `first` to `last`, both included, without a look at what is left: a
    /// fork may remain with less than two ways out until update() fills it again. Only what `nodes`
    /// has along both paths is read. For range proofs. Errors as update().
    Result<void, TrieError> cut(const Nibbles& first, const Nibbles& last);

    /// Hashes all that changed. The tree is used up.
    Commit commit();

private:
    using Index = std::uint32_t;
    /// A changed node on its way to its hash, and the reference to it that waits for that.
    struct Unhashed {
        Index index;
        Nibbles path;
        Reference* reference;
    };
    struct Opened {
        Index index;
        Nibbles path;
    };

    Reference add(Node node);
    Result<Node, TrieError> read(const Reference& reference, const Nibbles& path) const;
    Result<Index, TrieError> open(const Reference& reference, const Nibbles& path);
    Result<Reference, TrieError> change(const Reference& at, const Nibbles& path,
                                        std::span<Change> changes);
    Result<Reference, TrieError> change_leaf(Index index, const Nibbles& path,
                                             std::span<Change> changes);
    Result<Reference, TrieError> change_extension(Index index, const Nibbles& path,
                                                  std::span<Change> changes);
    Result<Reference, TrieError> change_branch(Index index, const Nibbles& path,
                                               std::span<Change> changes);
    Result<Reference, TrieError> collapse(Index index, const Nibbles& path);
    Result<Reference, TrieError> join(const Nibbles& run, const Reference& child,
                                      const Nibbles& path);
    Reference build(std::size_t depth, std::span<Change> changes);
    Reference build_present(std::size_t depth, std::span<Change> changes);
    std::vector<std::vector<Unhashed>> by_depth();
    void add_erased(Commit& out, const std::vector<bool>& written) const;
    Result<Reference, TrieError> cut_below(const Reference& at, const Nibbles& path,
                                           const Nibbles& first, const Nibbles& last);

    const NodeReader& reader_;
    Reference root_;
    std::deque<Node> nodes_;      // whose references stay valid while it grows
    std::vector<Opened> opened_;  // those that were read, not made
};

}  // namespace parley::chain::trie
