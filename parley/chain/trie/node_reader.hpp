// NodeReader: where the nodes of one trie are found, by their path from the root.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/trie/nibbles.hpp>
#include <parley/chain/trie/node.hpp>

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace parley::chain::trie {

/// A node's new RLP under its path; empty: there is none any more.
struct NodeChange {
    Nibbles path;
    Buffer rlp;
    friend bool operator==(const NodeChange&, const NodeChange&) = default;
};

class NodeReader {
public:
    virtual ~NodeReader() = default;
    /// The RLP of the node at `path`, valid until the next call or change of what is read from; it
    /// may lie in `scratch`. Who reads from a disk checks it against `hash`. Errors: missing_node,
    /// wrong_hash, store.
    virtual Result<Bytes, TrieError> node(const Nibbles& path, const Hash256& hash,
                                          Buffer& scratch) const = 0;
    /// node() will be called for these paths: what it will read may be brought closer.
    virtual void prefetch(std::span<const Nibbles>) const {}
    /// So many at a time are of use.
    static constexpr std::size_t prefetch_max = 32;
};

/// The nodes of a trie in memory.
class MemoryNodes final : public NodeReader {
public:
    Result<Bytes, TrieError> node(const Nibbles& path, const Hash256&, Buffer&) const override {
        const auto found = nodes_.find(path);
        if (found == nodes_.end()) return fail(TrieErrc::missing_node, 0, path.size());
        return Bytes{found->second};
    }
    void apply(std::vector<NodeChange> changes) {
        for (auto& [path, rlp] : changes) {
            if (rlp.empty()) {
                nodes_.erase(path);
            } else {
                nodes_.insert_or_assign(path, std::move(rlp));
            }
        }
    }
    const std::map<Nibbles, Buffer>& all() const { return nodes_; }

private:
    std::map<Nibbles, Buffer> nodes_;
};

}  // namespace parley::chain::trie
