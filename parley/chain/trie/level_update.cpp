#include <parley/chain/trie/level_update.hpp>

#include <parley/chain/trie/leaf_rlp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace parley::chain::trie {
namespace {

class LevelUpdate {
public:
    LevelUpdate(HeldNodes& held, Reference& root) : held_(held), root_(root) {}

    Result<std::vector<Change>, TrieError> run(std::span<const Change> changes) {
        below_.wanted.push_back({{}, root_.hash()});
        below_.children.push_back({no_index, 0, changes});
        while (!below_.wanted.empty()) {
            std::swap(level_, below_);
            if (const auto ok = update_level(); !ok) return std::unexpected{ok.error()};
            level_.wanted.clear();
            level_.children.clear();
        }
        std::ranges::sort(left_, {}, &Change::key);
        return std::move(left_);
    }

private:
    using Index = HeldNodes::Index;
    static constexpr Index no_index = std::numeric_limits<Index>::max();
    /// A node that is wanted, by what its parent knows.
    struct Child {
        Index parent;  // no_index: it is the root
        std::uint8_t nibble;
        std::span<const Change> changes;
    };
    /// Nodes of one level of the trie.
    struct Level {
        std::vector<WantedNode> wanted;
        std::vector<Child> children;  // in the order of `wanted`
    };

    void leave(std::span<const Change> changes) {
        left_.insert(left_.end(), changes.begin(), changes.end());
    }

    /// The children of a fork that change are wanted next.
    void enter(Index index, std::size_t depth, std::span<const Change> changes) {
        const auto& raw = std::get<RawBranch>(held_[index]);
        if (changes.front().key.size() == depth) {
            leave(changes.first(1));
            changes = changes.subspan(1);
        }
        while (!changes.empty()) {
            const auto group = front_group(changes, depth);
            changes = changes.subspan(group.size());
            const std::uint8_t nibble = group.front().key[depth];
            const auto child = raw.child(nibble);
            if (!child.is_hash()) {
                leave(group);
                continue;
            }
            below_.wanted.push_back({group.front().key.first(depth + 1), child.hash()});
            below_.children.push_back({index, nibble, group});
        }
    }

    Result<void, TrieError> update_level() {
        return held_.reader().each_node(level_.wanted, [&](std::size_t i, Bytes rlp) {
            update_child(level_.wanted[i].path, level_.children[i], rlp);
        });
    }

    void update_child(const Nibbles& path, const Child& child, Bytes rlp) {
        const auto changes = child.changes;
        if (auto raw = RawBranch::read(rlp, held_.memory())) {
            const Index index = held_.hold_read(*raw);
            set_child(child, index);
            return enter(index, path.size(), changes);
        }
        const auto& [key, value] = changes.front();
        const auto rest = key.from(path.size());
        if (changes.size() == 1 && !value.empty() && leaf_value(rlp, rest)) {
            return set_child(child, held_.hold_read(held_.leaf(rest, value)));
        }
        const auto node = decode_node(rlp);
        const auto* extension = node ? std::get_if<Extension>(&*node) : nullptr;
        if (!extension || !extension->child.is_hash() || !rest.starts_with(extension->run) ||
            !changes.back().key.from(path.size()).starts_with(extension->run)) {
            return leave(changes);
        }
        const Index index = held_.hold_read(*extension);
        set_child(child, index);
        below_.wanted.push_back({joined(path, extension->run), extension->child.hash()});
        below_.children.push_back({index, 0, changes});
    }

    void set_child(const Child& child, Index index) {
        if (child.parent == no_index) {
            root_ = Reference::changed(index);
        } else if (auto* extension = std::get_if<Extension>(&held_[child.parent])) {
            extension->child = Reference::changed(index);
        } else {
            std::get<RawBranch>(held_[child.parent]).set_changed(child.nibble, index);
        }
    }

    HeldNodes& held_;
    Reference& root_;
    Level level_;
    Level below_;
    std::vector<Change> left_;
};

}  // namespace

Result<std::vector<Change>, TrieError> update_values(HeldNodes& held, Reference& root,
                                                     std::span<const Change> changes) {
    return LevelUpdate{held, root}.run(changes);
}

}  // namespace parley::chain::trie
