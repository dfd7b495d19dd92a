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

/// A list in blocks, so that places stay valid while it grows.
template <class T>
class Blocks {
public:
    std::size_t size() const { return size_; }
    void push_back(T value) {
        if (size_ == blocks_.size() * block_size) blocks_.emplace_back().reserve(block_size);
        blocks_.back().push_back(std::move(value));
        ++size_;
    }
    T& operator[](std::size_t i) { return blocks_[i / block_size][i % block_size]; }
    const T& operator[](std::size_t i) const { return blocks_[i / block_size][i % block_size]; }

private:
    static constexpr std::size_t block_size = 256;
    std::vector<std::vector<T>> blocks_;
    std::size_t size_ = 0;
};

class HeldNodes {
public:
    using Index = RawBranch::Index;
    explicit HeldNodes(const NodeReader& reader) : reader_(reader) {}

    const NodeReader& reader() const { return reader_; }
    ByteArena& memory() { return memory_; }
    std::size_t size() const { return nodes_.size(); }
    /// Valid until the node itself is replaced.
    HeldNode& operator[](Index i) { return nodes_[i].node; }
    const HeldNode& operator[](Index i) const { return nodes_[i].node; }

    Index hold(HeldNode node);
    /// As hold(), of a node that has a place in the trie as it was.
    Index hold_read(HeldNode node);
    /// The node will not be written: its place at `path` becomes free, unless another takes it.
    void drop(Index index, const Nibbles& path) {
        if (nodes_[index].was_read) vacate(path);
    }
    void vacate(const Nibbles& path) { vacated_.push_back(path); }
    std::span<const Nibbles> vacated() const { return vacated_; }
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
    struct Entry {
        HeldNode node;
        bool was_read;
    };

    const NodeReader& reader_;
    ByteArena memory_;
    Blocks<Entry> nodes_;
    std::vector<Nibbles> vacated_;
};

}  // namespace parley::chain::trie
