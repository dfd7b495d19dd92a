#include <parley/chain/trie/commit.hpp>

#include <parley/crypto/keccak_batch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace parley::chain::trie {
namespace {

constexpr std::size_t hash_bytes = 32;  // a node that is shorter lies inside its parent

class Committing {
public:
    Committing(HeldNodes held, const Reference& root) : held_(std::move(held)), root_(root) {
        links_.reserve(held_.size());
        nodes_.reserve(held_.size());
    }

    Commit run() {
        gather();
        for (std::size_t end = nodes_.size(); !level_starts_.empty(); level_starts_.pop_back()) {
            hash_level(level_starts_.back(), end);
            end = level_starts_.back();
        }
        std::erase_if(nodes_, [](const NodeChange& node) { return node.rlp.empty(); });
        add_erased();
        return {root_.empty() ? empty_root_hash : root_.hash(),
                NodeChanges{std::move(nodes_), std::move(held_.memory())}};
    }

private:
    using Index = HeldNodes::Index;
    static constexpr Index no_index = std::numeric_limits<Index>::max();
    /// A changed node and where its parent waits for its hash.
    struct Link {
        Index index;
        Index parent;  // no_index: it is the root
        std::uint8_t nibble;
    };

    void gather_node(const Link& link, Nibbles path) {
        links_.push_back(link);
        nodes_.push_back({path, {}});
    }

    /// All that changed, each level of the tree after the one above.
    void gather() {
        if (root_.is_changed()) gather_node({root_.index(), no_index, 0}, {});
        for (std::size_t i = 0; i < links_.size(); ++i) {
            if (level_starts_.empty() || i == level_end_) {
                level_starts_.push_back(i);
                level_end_ = links_.size();
            }
            gather_children(links_[i].index, nodes_[i].path);
        }
    }

    void gather_children(Index index, const Nibbles& path) {
        const auto& node = held_[index];
        if (const auto* raw = std::get_if<RawBranch>(&node)) {
            raw->for_each_changed([&](std::uint8_t nibble, Index child) {
                gather_node({child, index, nibble}, joined(path, nibble));
            });
        } else if (const auto* extension = std::get_if<Extension>(&node)) {
            if (!extension->child.is_changed()) return;
            gather_node({extension->child.index(), index, 0}, joined(path, extension->run));
        } else if (const auto* branch = std::get_if<std::unique_ptr<Branch>>(&node)) {
            for (std::uint8_t i = 0; i < 16; ++i) {
                const auto& child = (*branch)->children[i];
                if (child.is_changed()) gather_node({child.index(), index, i}, joined(path, i));
            }
        }
    }

    void hash_level(std::size_t begin, std::size_t end) {
        inputs_.clear();
        hashed_.clear();
        for (std::size_t i = begin; i < end; ++i) {
            const auto rlp = encode(links_[i].index);
            if (rlp.size() < hash_bytes && links_[i].parent != no_index) {
                held_.drop(links_[i].index, nodes_[i].path);
                set_child(links_[i], Reference::embedded(rlp));
                continue;
            }
            nodes_[i].rlp = rlp;
            inputs_.push_back(rlp);
            hashed_.push_back(i);
        }
        hashes_.resize(inputs_.size());
        crypto::keccak256_each(inputs_, hashes_);
        for (std::size_t i = 0; i < hashed_.size(); ++i) {
            set_child(links_[hashed_[i]], Reference::hash(hashes_[i]));
        }
    }

    /// Its references are all settled.
    Bytes encode(Index index) {
        auto& node = held_[index];
        if (const auto* raw = std::get_if<RawBranch>(&node)) return raw->rlp();
        if (const auto* leaf = std::get_if<HeldLeaf>(&node)) return leaf->rlp;
        if (const auto* extension = std::get_if<Extension>(&node)) {
            return held_.memory().copy(encode_node(*extension));
        }
        auto& branch = *std::get<std::unique_ptr<Branch>>(node);
        return held_.memory().copy(encode_node(std::move(branch)));
    }

    /// Tells the parent where its child is.
    void set_child(const Link& of, const Reference& reference) {
        if (of.parent == no_index) {
            root_ = reference;
            return;
        }
        auto& parent = held_[of.parent];
        if (auto* extension = std::get_if<Extension>(&parent)) {
            extension->child = reference;
            return;
        }
        auto* raw = std::get_if<RawBranch>(&parent);
        if (raw && reference.is_hash()) return raw->set_hash(of.nibble, reference.hash());
        held_.decoded_branch(of.parent).children[of.nibble] = reference;
    }

    /// Places that had a node and have none any more.
    void add_erased() {
        std::vector<Nibbles> left{held_.vacated().begin(), held_.vacated().end()};
        if (left.empty()) return;
        std::ranges::sort(left);
        const auto twice = std::ranges::unique(left);
        left.erase(twice.begin(), twice.end());
        std::vector<bool> taken(left.size());  // by another node
        for (const auto& node : nodes_) {
            const auto found = std::ranges::lower_bound(left, node.path);
            if (found != left.end() && *found == node.path) {
                taken[static_cast<std::size_t>(found - left.begin())] = true;
            }
        }
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (!taken[i]) nodes_.push_back({left[i], {}});
        }
    }

    HeldNodes held_;
    Reference root_;
    std::vector<Link> links_;
    std::vector<NodeChange> nodes_;  // of links_, in its order
    std::vector<std::size_t> level_starts_;
    std::size_t level_end_ = 0;
    std::vector<Bytes> inputs_;
    std::vector<Hash256> hashes_;
    std::vector<std::size_t> hashed_;  // numbers in nodes_ of what is in hashes_
};

}  // namespace

Commit commit_nodes(HeldNodes held, const Reference& root) {
    return Committing{std::move(held), root}.run();
}

}  // namespace parley::chain::trie
