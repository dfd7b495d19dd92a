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

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
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
    /// A fork as it was read, whose children are all hashes: what changes is their bytes alone.
    /// Most nodes of a large trie are such, and are neither decoded nor encoded.
    struct RawBranch {
        Buffer rlp;
        std::uint16_t changed = 0;  // a bit for each child that is in `children`
        std::array<Index, 16> children{};

        static std::optional<RawBranch> read(Bytes rlp);
        Reference child(std::uint8_t nibble) const;
        void set_changed(std::uint8_t nibble, Index index);
        /// Precondition: there is a child.
        void set_hash(std::uint8_t nibble, const Hash256& hash);
        Branch decoded() const;
    };
    /// Forks that are decoded are few, and large.
    using Held = std::variant<Leaf, Extension, RawBranch, std::unique_ptr<Branch>>;
    static constexpr Index no_index = std::numeric_limits<Index>::max();
    /// A changed node on its way to its hash, and where its parent waits for that.
    struct Unhashed {
        Index index;
        Nibbles path;
        Index parent;  // no_index: it is the root
        std::uint8_t nibble;
    };
    struct Opened {
        Index index;
        Nibbles path;
    };

    Reference hold(Held node);
    Reference add(Node node);
    Result<Node, TrieError> read(const Reference& reference, const Nibbles& path) const;
    Result<Index, TrieError> open(const Reference& reference, const Nibbles& path);
    Result<Held, TrieError> read_held(const Reference& reference, const Nibbles& path) const;
    Branch& decoded_branch(Index index);
    Result<void, TrieError> preload(std::span<Change> changes);
    Result<Reference, TrieError> change(const Reference& at, const Nibbles& path,
                                        std::span<Change> changes);
    Result<Reference, TrieError> change_leaf(Index index, const Nibbles& path,
                                             std::span<Change> changes);
    Result<Reference, TrieError> change_extension(Index index, const Nibbles& path,
                                                  std::span<Change> changes);
    Result<Reference, TrieError> change_raw(Index index, const Nibbles& path,
                                            std::span<Change> changes);
    Result<Reference, TrieError> change_branch(Index index, const Nibbles& path,
                                               std::span<Change> changes);
    Result<Reference, TrieError> collapse(Index index, const Nibbles& path);
    Result<Reference, TrieError> join(const Nibbles& run, const Reference& child,
                                      const Nibbles& path);
    Reference build(std::size_t depth, std::span<Change> changes);
    Reference build_present(std::size_t depth, std::span<Change> changes);
    std::vector<std::vector<Unhashed>> by_depth() const;
    Buffer take_rlp(Index index);
    void set_child(const Unhashed& of, const Reference& reference);
    void add_erased(Commit& out, const std::vector<bool>& written) const;
    Result<Reference, TrieError> cut_below(const Reference& at, const Nibbles& path,
                                           const Nibbles& first, const Nibbles& last);

    /// In blocks, so that places stay valid while it grows.
    class Nodes {
    public:
        std::size_t size() const { return size_; }
        void push_back(Held node) {
            if (size_ == blocks_.size() * block_nodes) blocks_.emplace_back().reserve(block_nodes);
            blocks_.back().push_back(std::move(node));
            ++size_;
        }
        Held& operator[](std::size_t i) { return blocks_[i / block_nodes][i % block_nodes]; }
        const Held& operator[](std::size_t i) const {
            return blocks_[i / block_nodes][i % block_nodes];
        }

    private:
        static constexpr std::size_t block_nodes = 256;
        std::vector<std::vector<Held>> blocks_;
        std::size_t size_ = 0;
    };

    const NodeReader& reader_;
    Reference root_;
    Nodes nodes_;
    std::vector<Opened> opened_;  // those that were read, not made
};

}  // namespace parley::chain::trie
