#include <parley/chain/trie/proof.hpp>

#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/chain/trie/walk.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace parley::chain::trie {
namespace {

/// The nodes of a proof of one key, in their order.
class ProofOfKey final : public NodeReader {
public:
    explicit ProofOfKey(std::span<const Buffer> nodes) : nodes_(nodes) {}

    Result<Bytes, TrieError> node(const Nibbles& path, const Hash256& hash,
                                  Buffer&) const override {
        if (used_ == nodes_.size()) return fail(TrieErrc::missing_node, 0, path.size());
        const Buffer& next = nodes_[used_++];
        if (crypto::keccak256(next) != hash) return fail(TrieErrc::wrong_hash, 0, path.size());
        return Bytes{next};
    }
    std::size_t used() const { return used_; }

private:
    std::span<const Buffer> nodes_;
    mutable std::size_t used_ = 0;
};

/// The nodes of a proof of two keys, by their hash.
class ProofOfRange final : public NodeReader {
public:
    explicit ProofOfRange(std::span<const Buffer> nodes) {
        for (const Buffer& node : nodes) nodes_.emplace(crypto::keccak256(node), Bytes{node});
    }
    Result<Bytes, TrieError> node(const Nibbles& path, const Hash256& hash,
                                  Buffer&) const override {
        const auto found = nodes_.find(hash);
        if (found == nodes_.end()) return fail(TrieErrc::missing_node, 0, path.size());
        return found->second;
    }

private:
    std::map<Hash256, Bytes> nodes_;
};

Result<void, TrieError> check_form(const Hash256& origin, std::span<const Entry> entries,
                                   std::span<const Buffer> proof) {
    constexpr std::size_t nodes_max = 2 * proof_nodes_max;
    if (proof.size() > nodes_max) {
        return fail(TrieErrc::too_many_nodes, nodes_max, proof.size());
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const bool ascending =
            i == 0 ? entries[0].key >= origin : entries[i].key > entries[i - 1].key;
        if (!ascending) return fail(TrieErrc::unordered_keys, 0, i);
        if (entries[i].value.empty()) return fail(TrieErrc::empty_value, 0, i);
    }
    return {};
}

Result<void, TrieError> set_and_compare(DirtyTree& tree, std::span<const Entry> entries,
                                        const Hash256& root) {
    std::vector<Change> changes;
    changes.reserve(entries.size());
    for (const auto& [key, value] : entries) changes.push_back({Nibbles::of_key(key), value});
    if (auto updated = tree.update(changes); !updated) return updated;
    if (tree.commit().root != root) return fail(TrieErrc::wrong_root);
    return {};
}

}  // namespace

Result<std::optional<Buffer>, TrieError> verify_proof(const Hash256& root, const Nibbles& key,
                                                      std::span<const Buffer> proof) {
    const ProofOfKey nodes{proof};
    auto value = find(nodes, root, key);
    if (value && nodes.used() < proof.size()) {
        return fail(TrieErrc::too_many_nodes, nodes.used(), proof.size());
    }
    return value;
}

Result<std::vector<Buffer>, TrieError> prove_range(const NodeReader& nodes, const Hash256& root,
                                                   const Hash256& first, const Hash256& last) {
    auto out = prove(nodes, root, Nibbles::of_key(first));
    if (!out) return out;
    auto right = prove(nodes, root, Nibbles::of_key(last));
    if (!right) return right;
    const auto ends = std::ranges::mismatch(*right, *out);
    out->insert(out->end(), std::make_move_iterator(ends.in1),
                std::make_move_iterator(right->end()));
    return out;
}

Result<bool, TrieError> verify_range(const Hash256& root, const Hash256& origin,
                                     std::span<const Entry> entries,
                                     std::span<const Buffer> proof) {
    if (auto checked = check_form(origin, entries, proof); !checked) {
        return std::unexpected{checked.error()};
    }
    const ProofOfRange nodes{proof};
    const Nibbles first = Nibbles::of_key(origin);
    if (proof.empty()) {
        DirtyTree whole{nodes, empty_root_hash};
        if (auto same = set_and_compare(whole, entries, root); !same) {
            return std::unexpected{same.error()};
        }
        return false;
    }
    if (entries.empty()) {
        const auto value = find(nodes, root, first);
        if (!value) return std::unexpected{value.error()};
        const auto more = has_above(nodes, root, first);
        if (!more) return more;
        if (*value || *more) return fail(TrieErrc::missing_entries);
        return false;
    }
    const Nibbles last = Nibbles::of_key(entries.back().key);
    DirtyTree tree{nodes, root};
    if (auto cut = tree.cut(first, last); !cut) return std::unexpected{cut.error()};
    if (auto same = set_and_compare(tree, entries, root); !same) {
        return std::unexpected{same.error()};
    }
    return has_above(nodes, root, last);
}

Result<void, TrieError> verify_between(const Hash256& root, const Hash256& first,
                                       const Hash256& last, std::span<const Entry> entries,
                                       std::span<const Buffer> proof) {
    if (auto checked = check_form(first, entries, proof); !checked) return checked;
    if (!entries.empty() && entries.back().key > last) {
        return fail(TrieErrc::unordered_keys, 0, entries.size() - 1);
    }
    const ProofOfRange nodes{proof};
    DirtyTree tree{nodes, root};
    if (auto cut = tree.cut(Nibbles::of_key(first), Nibbles::of_key(last)); !cut) return cut;
    return set_and_compare(tree, entries, root);
}

}  // namespace parley::chain::trie
