// NodeTable: trie nodes by their row key, for a State that holds what changed. Look-ups can be
// prepared side by side: the nodes of a large state lie anywhere in memory, and waiting for one of
// them after the other costs more than hashing them.
//
// Bounds and threading: as RowTable.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/state/row_table.hpp>
#include <parley/chain/trie/nibbles.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

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

struct NodeRow {
    NodeRowKey key;
    bool of_slots = false;
    Buffer rlp;  ///< empty: removed
};

class NodeTable : public RowTable<NodeRow> {
public:
    using RowTable::RowTable;

    /// find() for each of at most each_max keys, side by side; what a node is made of is on its way
    /// to the processor then. Precondition: as many places in `out`.
    void find_each(std::span<const NodeRowKey> keys, std::span<const NodeRow*> out) const;
    static constexpr std::size_t each_max = 16;
};

}  // namespace parley::chain
