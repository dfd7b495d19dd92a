// NodeReader: where the nodes of one trie are found, by their path from the root.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_changes.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <span>

namespace parley::chain::trie {

/// Where a node should be, and which.
struct WantedNode {
    Nibbles path;
    Hash256 hash{};
};
/// Takes the RLP of the wanted node of that number, as NodeReader::node gives it.
using NodeVisitor = std::function<void(std::size_t, Bytes)>;

class NodeReader {
public:
    virtual ~NodeReader() = default;
    /// The RLP of the node at `path`, valid until the next call or change of what is read from; it
    /// may lie in `scratch`. Who reads from a disk checks it against `hash`. Errors: missing_node,
    /// wrong_hash, store.
    virtual Result<Bytes, TrieError> node(const Nibbles& path, const Hash256& hash,
                                          Buffer& scratch) const = 0;
    /// Visits nodes in their order; a reader may wait for many side by side. Errors: as node(), and
    /// visits none after it.
    virtual Result<void, TrieError> each_node(std::span<const WantedNode> wanted,
                                              const NodeVisitor& visit) const {
        Buffer scratch;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto rlp = node(wanted[i].path, wanted[i].hash, scratch);
            if (!rlp) return std::unexpected{rlp.error()};
            visit(i, *rlp);
        }
        return {};
    }
};

/// The nodes of a trie in memory.
class MemoryNodes final : public NodeReader {
public:
    Result<Bytes, TrieError> node(const Nibbles& path, const Hash256&, Buffer&) const override {
        const auto found = nodes_.find(path);
        if (found == nodes_.end()) return fail(TrieErrc::missing_node, 0, path.size());
        return Bytes{found->second};
    }
    void apply(const NodeChanges& changes) {
        for (const auto& [path, rlp] : changes) {
            if (rlp.empty()) {
                nodes_.erase(path);
            } else {
                nodes_.insert_or_assign(path, to_buffer(rlp));
            }
        }
    }
    const std::map<Nibbles, Buffer>& all() const { return nodes_; }

private:
    std::map<Nibbles, Buffer> nodes_;
};

}  // namespace parley::chain::trie
