#include <parley/chain/trie/ordered_root.hpp>

#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace parley::chain::trie {

Hash256 ordered_root(std::span<const Buffer> values) {
    std::vector<Change> changes;
    changes.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        assert(!values[i].empty());
        const auto key = rlp::Writer{}.number(std::uint64_t{i}).take();
        changes.push_back({Nibbles::of_key(key), values[i]});
    }
    std::ranges::sort(changes, {}, &Change::key);
    const MemoryNodes nothing;
    DirtyTree tree{nothing, empty_root_hash};
    // Nothing is read, so nothing can fail.
    [[maybe_unused]] const auto updated = tree.update(changes);
    assert(updated);
    return tree.commit().root;
}

}  // namespace parley::chain::trie
