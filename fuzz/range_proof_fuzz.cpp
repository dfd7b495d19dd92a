// Ranges of a trie with their proofs. The first byte says who made the trie:
// odd, a peer, whose nodes follow origin and entries;
// even, we, of the entries that follow. A range of it with its proof is then changed, as the rest
// of the input says, and what is still taken must be true.
#include "trie_nodes.hpp"
#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/chain/trie/proof.hpp>
#include <parley/chain/trie/walk.hpp>

#include <iterator>
#include <optional>

using namespace parley;
using namespace parley::chain::trie;
using fuzz::require;

namespace {

using Values = std::map<Hash256, Buffer>;

struct Range {
    Hash256 origin{};
    std::vector<Entry> entries;
    std::vector<Buffer> proof;
};

Hash256 root_of(std::span<const Entry> entries) {
    std::vector<Change> changes;
    for (const auto& [key, value] : entries) changes.push_back({Nibbles::of_key(key), value});
    const MemoryNodes nothing;
    DirtyTree tree{nothing, chain::empty_root_hash};
    require(tree.update(changes).has_value());
    return tree.commit().root;
}

void check_peers_trie(fuzz::Input& input) {
    Range range;
    range.origin = input.key();
    for (std::size_t i = input.below(8); i > 0; --i) {
        range.entries.push_back({input.key(), input.value()});
    }
    if (input.byte() % 8 != 0) std::ranges::sort(range.entries, {}, &Entry::key);
    range.proof = fuzz::linked_nodes(input);
    const auto root =
        range.proof.empty() ? chain::empty_root_hash : crypto::keccak256(range.proof[0]);
    const auto more = verify_range(root, range.origin, range.entries, range.proof);
    if (!more) return;
    if (range.proof.empty()) return require(root_of(range.entries) == root);
    const fuzz::NodesByHash nodes{range.proof};
    const auto find_key = [&](const Hash256& key) {
        auto found = find(nodes, root, Nibbles::of_key(key));
        require(found.has_value());
        return std::move(*found);
    };
    if (range.entries.empty()) return require(find_key(range.origin) == std::nullopt);
    const auto& last = range.entries.back();
    require(find_key(last.key) == last.value);
    const auto& first = range.entries.front();
    require(find_key(range.origin) ==
            (first.key == range.origin ? std::optional{first.value} : std::nullopt));
    require(has_above(nodes, root, Nibbles::of_key(last.key)) == *more);
}

/// A trie, and what is true of it.
struct Truth {
    Values values;
    MemoryNodes nodes;
    Hash256 root = chain::empty_root_hash;

    explicit Truth(fuzz::Input& input) {
        for (std::size_t i = input.below(40); i > 0; --i) {
            auto value = input.value();
            if (value.empty()) value.push_back(std::byte{1});
            values.insert_or_assign(input.key(), std::move(value));
        }
        std::vector<Change> changes;
        for (const auto& [key, value] : values) changes.push_back({Nibbles::of_key(key), value});
        DirtyTree tree{nodes, root};
        require(tree.update(changes).has_value());
        const auto commit = tree.commit();
        nodes.apply(commit.nodes);
        root = commit.root;
    }
    Range range(const Hash256& origin, std::size_t entries_max) const {
        Range out{origin, {}, {}};
        for (auto i = values.lower_bound(origin);
             i != values.end() && out.entries.size() < entries_max; ++i) {
            out.entries.push_back({i->first, i->second});
        }
        const auto& last = out.entries.empty() ? origin : out.entries.back().key;
        out.proof = prove_range(nodes, root, origin, last).value();
        return out;
    }
    bool has_above(const Hash256& key) const { return values.upper_bound(key) != values.end(); }
    /// What verify_range() has to say of it, should it be taken.
    bool is_true(const Range& range, bool more) const {
        if (range.entries.empty()) return !more && values.lower_bound(range.origin) == values.end();
        const auto whole = this->range(range.origin, range.entries.size());
        return whole.entries == range.entries && more == has_above(range.entries.back().key);
    }
};

void change(fuzz::Input& input, Range& range) {
    auto& [origin, entries, proof] = range;
    const auto what = input.byte() % 8;
    const auto entry = entries.begin() + static_cast<std::ptrdiff_t>(input.below(entries.size()));
    const auto node = proof.begin() + static_cast<std::ptrdiff_t>(input.below(proof.size()));
    if (what == 0) {
        origin = input.key();
    } else if (what == 1) {
        entries.insert(entry, {input.key(), input.value()});
    } else if (what == 2 && !entries.empty()) {
        entries.erase(entry);
    } else if (what == 3 && !entries.empty()) {
        entry->value = input.value();
    } else if (what == 4 && !entries.empty()) {
        entry->key = input.key();
    } else if (what == 5 && !proof.empty()) {
        proof.erase(node);
    } else if (what == 6 && !proof.empty()) {
        (*node)[input.below(node->size())] ^= std::byte{1};
    } else if (what == 7) {
        proof.clear();
    }
}

void check_own_trie(fuzz::Input& input) {
    const Truth truth{input};
    auto range = truth.range(input.key(), input.below(41));
    const bool follows = !range.entries.empty() && truth.has_above(range.entries.back().key);
    const bool is_cut =
        range.entries.empty() && truth.values.lower_bound(range.origin) != truth.values.end();
    const auto honest = verify_range(truth.root, range.origin, range.entries, range.proof);
    require(is_cut ? !honest : honest == follows);
    for (int i = 0; i < 4 && !input.at_end(); ++i) {
        change(input, range);
        const auto more = verify_range(truth.root, range.origin, range.entries, range.proof);
        require(!more || truth.is_true(range, *more));
        if (range.entries.empty()) continue;
        const auto& last = range.entries.back().key;
        if (verify_between(truth.root, range.origin, last, range.entries, range.proof)) {
            require(truth.is_true(range, truth.has_above(last)));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input{data, size};
    if (input.byte() % 2 == 1) {
        check_peers_trie(input);
    } else {
        check_own_trie(input);
    }
    return 0;
}
