#include <parley/chain/trie/level_update.hpp>

#include <parley/chain/trie/leaf_rlp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace parley::chain::trie {
namespace {

class LevelUpdate {
public:
    explicit LevelUpdate(HeldNodes& held) : held_(held) {
        wanted_.reserve(NodeReader::each_max);
        children_.reserve(NodeReader::each_max);
    }

    Result<std::vector<Change>, TrieError> run(Reference& root, std::span<const Change> changes) {
        const auto index = held_.open(root, {});
        if (!index) return std::unexpected{index.error()};
        root = Reference::changed(*index);
        if (std::holds_alternative<RawBranch>(held_[*index])) {
            level_.push_back({*index, changes});
        } else {
            leave(changes);
        }
        for (std::size_t depth = 0; !level_.empty(); ++depth) {
            if (const auto ok = update_level(depth); !ok) return std::unexpected{ok.error()};
            level_ = std::exchange(below_, {});
        }
        std::ranges::sort(left_, {}, &Change::key);
        return std::move(left_);
    }

private:
    using Index = HeldNodes::Index;
    struct Fork {
        Index index;
        std::span<const Change> changes;
    };
    /// A child that is wanted.
    struct Child {
        Index fork;
        std::uint8_t nibble;
        std::span<const Change> changes;
    };

    RawBranch& fork(Index index) { return std::get<RawBranch>(held_[index]); }
    void leave(std::span<const Change> changes) {
        left_.insert(left_.end(), changes.begin(), changes.end());
    }

    Result<void, TrieError> update_level(std::size_t depth) {
        for (auto [index, changes] : level_) {
            if (changes.front().key.size() == depth) {
                leave(changes.first(1));
                changes = changes.subspan(1);
            }
            while (!changes.empty()) {
                const auto group = front_group(changes, depth);
                changes = changes.subspan(group.size());
                const std::uint8_t nibble = group.front().key[depth];
                const auto child = fork(index).child(nibble);
                if (!child.is_hash()) {
                    leave(group);
                    continue;
                }
                wanted_.push_back({group.front().key.first(depth + 1), child.hash()});
                children_.push_back({index, nibble, group});
                if (wanted_.size() < NodeReader::each_max) continue;
                if (const auto ok = read_wanted(); !ok) return ok;
            }
        }
        return read_wanted();
    }

    Result<void, TrieError> read_wanted() {
        const auto ok = held_.reader().each_node(wanted_, [&](std::size_t i, Bytes rlp) {
            update_child(wanted_[i].path, children_[i], rlp);
        });
        wanted_.clear();
        children_.clear();
        return ok;
    }

    void update_child(const Nibbles& path, const Child& child, Bytes rlp) {
        if (auto raw = RawBranch::read(rlp, held_.memory())) {
            const Index index = held_.hold_opened(*raw, path);
            fork(child.fork).set_changed(child.nibble, index);
            below_.push_back({index, child.changes});
            return;
        }
        const auto& [key, value] = child.changes.front();
        if (child.changes.size() > 1 || value.empty()) return leave(child.changes);
        const auto suffix = key.from(path.size());
        if (!leaf_value(rlp, suffix)) return leave(child.changes);
        const Index index = held_.hold_opened(held_.leaf(suffix, value), path);
        fork(child.fork).set_changed(child.nibble, index);
    }

    HeldNodes& held_;
    std::vector<Fork> level_;
    std::vector<Fork> below_;
    std::vector<WantedNode> wanted_;
    std::vector<Child> children_;  // of wanted_, in its order
    std::vector<Change> left_;
};

}  // namespace

Result<std::vector<Change>, TrieError> update_values(HeldNodes& held, Reference& root,
                                                     std::span<const Change> changes) {
    return LevelUpdate{held}.run(root, changes);
}

}  // namespace parley::chain::trie
