#include <parley/chain/trie/ordered_root.hpp>

#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/chain/trie/walk.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace parley::chain::trie {

namespace {

Commit commit_ordered(std::span<const Buffer> values) {
    std::vector<Change> changes;
    changes.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        assert(!values[i].empty());
        changes.push_back({index_key(i), values[i]});
    }
    std::ranges::sort(changes, {}, &Change::key);
    const MemoryNodes nothing;
    DirtyTree tree{nothing, empty_root_hash};
    // Nothing is read, so nothing can fail.
    [[maybe_unused]] const auto updated = tree.update(changes);
    assert(updated);
    return tree.commit();
}

}  // namespace

Nibbles index_key(std::uint64_t index) {
    return Nibbles::of_key(rlp::Writer{}.number(index).take());
}

Hash256 ordered_root(std::span<const Buffer> values) {
    return commit_ordered(values).root;
}

std::vector<Buffer> prove_ordered(std::span<const Buffer> values,
                                  const std::vector<std::uint64_t>& indexes) {
    const auto commit = commit_ordered(values);
    MemoryNodes nodes;
    nodes.apply(commit.nodes);
    std::vector<Buffer> out;
    for (const auto index : indexes) {
        auto proof = prove(nodes, commit.root, index_key(index));
        if (!proof) return {};
        std::ranges::move(*proof, std::back_inserter(out));
    }
    return out;
}

}  // namespace parley::chain::trie
