// KnownNodes: nodes of tries by their hashes, whatever trie they are of: those that proofs of full
// nodes brought, so that what was proven once is not asked for again.
//
// Bounded: entries_max of some 600 bytes at most each. Threading: one thread at a time.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/trie/node_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace parley::chain::light {

class KnownNodes {
public:
    KnownNodes(std::size_t entries_max, std::uint64_t salt) : nodes_(entries_max, salt) {}

    void insert(const Hash256& hash, SharedBytes node) { nodes_.insert(hash, std::move(node)); }
    const SharedBytes* find(const Hash256& hash) { return nodes_.find(hash); }

private:
    LruMap<Hash256, SharedBytes> nodes_;
};

/// Reads the nodes of an answer, and known ones. What it read of the answer becomes known by
/// keep_used(): the rest proves nothing.
class AnswerNodes final : public trie::NodeReader {
public:
    AnswerNodes(KnownNodes& known, const std::vector<SharedBytes>& answer);

    Result<Bytes, trie::TrieError> node(const trie::Nibbles& path, const Hash256& hash,
                                        Buffer& scratch) const override;
    void keep_used();

private:
    struct Node {
        SharedBytes bytes;
        mutable bool is_used = false;
    };
    KnownNodes& known_;
    std::map<Hash256, Node> answer_;
};

}  // namespace parley::chain::light
