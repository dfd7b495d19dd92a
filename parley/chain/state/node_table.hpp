// NodeTable: trie nodes by their row key, for a State that holds what changed. A hash table whose
// look-ups can be prepared side by side: the nodes of a large state lie anywhere in memory, and
// waiting for one of them after the other costs more than hashing them.
//
// Keys are hashed under a secret: nobody can prepare collisions. Bounded by its owner.
// Threading: find() and find_each() on several threads at a time, as long as nothing else is
// called.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/huge_page_allocator.hpp>
#include <parley/chain/trie/nibbles.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain {

/// The key of a node in a store: the owner if there is one, the number of nibbles, and they two a
/// byte.
class NodeRowKey {
public:
    NodeRowKey() = default;  ///< of no node
    NodeRowKey(const std::optional<Hash256>& owner, const trie::Nibbles& path);
    operator Bytes() const {  // NOLINT(google-explicit-constructor): a view of it
        return Bytes{bytes_}.first(size_);
    }
    friend bool operator==(const NodeRowKey& a, const NodeRowKey& b) { return equal(a, b); }

private:
    ByteArray<32 + 1 + 32> bytes_{};
    std::uint8_t size_ = 0;
};

class NodeTable {
public:
    struct Node {
        NodeRowKey key;
        bool of_slots = false;
        Buffer rlp;  ///< empty: removed
    };

    explicit NodeTable(std::uint64_t salt) : hash_{salt} {}

    /// Null if it is not there. Valid until the next insert().
    const Node* find(const NodeRowKey& key) const;
    /// One that is there, or a new one with this key; and whether it is new.
    std::pair<Node&, bool> insert(const NodeRowKey& key);
    /// find() for each of at most each_max keys, side by side; what a node is made of is on its way
    /// to the processor then. Precondition: as many places in `out`.
    void find_each(std::span<const NodeRowKey> keys, std::span<const Node*> out) const;
    static constexpr std::size_t each_max = 16;

    std::size_t size() const { return size_; }
    /// In the order of their insertion.
    template <class Visit>
    void for_each(const Visit& visit) const {
        for (std::size_t i = 0; i < size_; ++i) visit(at(i));
    }

private:
    static constexpr std::size_t chunk_nodes = 512;
    using Chunk = std::array<Node, chunk_nodes>;
    /// Where a node is: `place` from 1; 0: nowhere.
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t place = 0;
    };

    using Slots = std::vector<Slot, HugePageAllocator<Slot>>;

    std::uint32_t hash_of(const NodeRowKey& key) const {
        return static_cast<std::uint32_t>(hash_(key));
    }
    Node& at(std::size_t i) { return (*chunks_[i / chunk_nodes])[i % chunk_nodes]; }
    const Node& at(std::size_t i) const { return (*chunks_[i / chunk_nodes])[i % chunk_nodes]; }
    /// The slot of the key, or the empty one where it would be. Precondition: there are slots.
    std::size_t slot_of(const NodeRowKey& key, std::uint32_t hash) const;
    void grow();

    SaltedHash hash_;
    Slots slots_;  // a power of two, at most half of them taken
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::size_t size_ = 0;
};

}  // namespace parley::chain
