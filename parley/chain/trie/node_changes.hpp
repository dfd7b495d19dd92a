// NodeChanges: the nodes that a batch of changes writes, in one place of memory.
// Bounded by the batch. Threading: a value; copies share the memory, which never changes.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/trie/byte_arena.hpp>
#include <parley/chain/trie/nibbles.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace parley::chain::trie {

/// A node's new RLP under its path; empty: there is none any more.
struct NodeChange {
    Nibbles path;
    Bytes rlp;
};

/// No path twice.
class NodeChanges {
public:
    NodeChanges() = default;
    /// `memory` is where the RLP lies, if it is not the caller's.
    explicit NodeChanges(std::vector<NodeChange> nodes, ByteArena memory = {})
        : nodes_(std::move(nodes)), memory_(std::make_shared<ByteArena>(std::move(memory))) {}

    auto begin() const { return nodes_.begin(); }
    auto end() const { return nodes_.end(); }
    std::size_t size() const { return nodes_.size(); }

private:
    std::vector<NodeChange> nodes_;
    std::shared_ptr<const ByteArena> memory_;
};

}  // namespace parley::chain::trie
