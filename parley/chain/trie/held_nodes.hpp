// HeldNodes: the nodes that a DirtyTree has read or made, by index, and the memory of their bytes.
// Bounded by the changes. Threading: one thread; the reader outlives it.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/byte_arena.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_reader.hpp>
#include <parley/chain/trie/raw_branch.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace parley::chain::trie {

/// A leaf, as it will be written.
struct HeldLeaf {
    Bytes rlp;
};
/// Forks that are decoded are few, and large.
using HeldNode = std::variant<HeldLeaf, Extension, RawBranch, std::unique_ptr<Branch>>;

class HeldNodes {
public:
    using Index = RawBranch::Index;
    /// A node that was read, and its place, which must become free if the node is not written.
    struct Opened {
        Index index;
        Nibbles path;
    };

    explicit HeldNodes(const NodeReader& reader) : reader_(reader) {}

    const NodeReader& reader() const { return reader_; }
    ByteArena& memory() { return memory_; }
    std::size_t size() const { return size_; }
    /// Valid until the node itself is replaced.
    HeldNode& operator[](Index i) { return blocks_[i / block_nodes][i % block_nodes]; }
    const HeldNode& operator[](Index i) const { return blocks_[i / block_nodes][i % block_nodes]; }
    std::span<const Opened> opened() const { return opened_; }

    Index hold(HeldNode node);
    /// As above, of a node that was at `path`.
    Index hold_opened(HeldNode node, const Nibbles& path);
    Reference add(HeldNode node) { return Reference::changed(hold(std::move(node))); }
    HeldLeaf leaf(const Nibbles& suffix, Bytes value);

    /// Reads what is not held yet. Errors: those of the reader and of decode_node.
    Result<Index, TrieError> open(const Reference& reference, const Nibbles& path);
    /// Reads without holding it. Precondition: not is_changed(). Errors: as open().
    Result<HeldNode, TrieError> read(const Reference& reference, const Nibbles& path);
    /// Of a node that is a branch in either form.
    Branch& decoded_branch(Index index);
    /// Precondition: of a HeldLeaf that was read or made here.
    static Leaf decoded_leaf(const HeldLeaf& leaf);

private:
    static constexpr std::size_t block_nodes = 256;

    const NodeReader& reader_;
    ByteArena memory_;
    std::vector<std::vector<HeldNode>> blocks_;  // places stay while it grows
    std::size_t size_ = 0;
    std::vector<Opened> opened_;
};

}  // namespace parley::chain::trie
