#include <parley/chain/trie/dirty_tree.hpp>

#include <parley/chain/trie/level_update.hpp>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace parley::chain::trie {

DirtyTree::DirtyTree(const NodeReader& nodes, const Hash256& root)
    : held_(nodes), root_(root == empty_root_hash ? Reference{} : Reference::hash(root)) {}

Result<void, TrieError> DirtyTree::update(Changes changes) {
    assert(std::ranges::is_sorted(changes, std::less_equal<>{}, &Change::key));
    if (changes.empty()) return {};
    std::vector<Change> left;
    if (root_.is_hash()) {
        auto others = update_values(held_, root_, changes);
        if (!others) return std::unexpected{others.error()};
        left = std::move(*others);
        changes = left;
    }
    if (changes.empty()) return {};
    const auto root = change(root_, {}, changes);
    if (!root) return std::unexpected{root.error()};
    root_ = *root;
    return {};
}

Commit DirtyTree::commit() {
    return commit_nodes(std::move(held_), root_);
}

Reference DirtyTree::add(Branch branch) {
    return held_.add(std::make_unique<Branch>(std::move(branch)));
}

Result<Reference, TrieError> DirtyTree::change(const Reference& at, const Nibbles& path,
                                               Changes changes) {
    if (at.empty()) return build(path.size(), changes);
    const auto index = held_.open(at, path);
    if (!index) return std::unexpected{index.error()};
    const auto& node = held_[*index];
    if (std::holds_alternative<RawBranch>(node)) return change_raw(*index, path, changes);
    if (std::holds_alternative<HeldLeaf>(node)) return change_leaf(*index, path, changes);
    if (std::holds_alternative<Extension>(node)) return change_extension(*index, path, changes);
    return change_branch(*index, path, changes);
}

Result<Reference, TrieError> DirtyTree::change_leaf(Index index, const Nibbles& path,
                                                    Changes changes) {
    const Leaf leaf = HeldNodes::decoded_leaf(std::get<HeldLeaf>(held_[index]));
    if (path.size() + leaf.suffix.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
    const Nibbles key = joined(path, leaf.suffix);
    if (changes.size() == 1 && changes[0].key == key) {
        if (changes[0].value.empty()) {
            held_.drop(index, path);
            return Reference{};
        }
        held_[index] = held_.leaf(leaf.suffix, changes[0].value);
        return Reference::changed(index);
    }
    held_.drop(index, path);
    std::vector<Change> all{changes.begin(), changes.end()};
    const auto place = std::ranges::lower_bound(all, key, {}, &Change::key);
    if (place == all.end() || place->key != key) all.insert(place, {key, leaf.value});
    return build(path.size(), all);
}

Result<Reference, TrieError> DirtyTree::change_extension(Index index, const Nibbles& path,
                                                         Changes changes) {
    const Extension old = std::get<Extension>(held_[index]);
    held_.drop(index, path);
    const std::size_t depth = path.size();
    if (depth + old.run.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
    // What the first and the last share with the run, all between them share.
    const std::size_t common = std::min(changes.front().key.common(depth, old.run),
                                        changes.back().key.common(depth, old.run));
    if (common == old.run.size()) {
        const auto child = change(old.child, joined(path, old.run), changes);
        if (!child || child->empty()) return child;
        return join(old.run, *child, path);
    }
    Branch fork;
    fork.children[old.run[common]] =
        common + 1 == old.run.size() ? old.child
                                     : held_.add(Extension{old.run.from(common + 1), old.child});
    const Index fork_index = add(std::move(fork)).index();
    const Nibbles run = old.run.first(common);
    const auto changed = change_branch(fork_index, joined(path, run), changes);
    if (!changed || changed->empty() || common == 0) return changed;
    return join(run, *changed, path);
}

/// As change_branch, as long as every child that was there stays.
Result<Reference, TrieError> DirtyTree::change_raw(Index index, const Nibbles& path,
                                                   Changes changes) {
    const std::size_t depth = path.size();
    if (changes.front().key.size() == depth) return change_branch(index, path, changes);
    if (depth == Nibbles::size_max) return fail(TrieErrc::too_deep);
    while (!changes.empty()) {
        const auto group = front_group(changes, depth);
        const std::uint8_t nibble = group.front().key[depth];
        const auto before = std::get<RawBranch>(held_[index]).child(nibble);
        const auto child = change(before, joined(path, nibble), group);
        if (!child) return child;
        changes = changes.subspan(group.size());
        if (before.empty()) {
            if (child->empty()) continue;
            std::get<RawBranch>(held_[index]).add_changed(nibble, child->index(), held_.memory());
            continue;
        }
        if (!child->is_changed()) {  // it is gone
            held_.decoded_branch(index).children[nibble] = *child;
            return changes.empty() ? collapse(index, path) : change_branch(index, path, changes);
        }
        std::get<RawBranch>(held_[index]).set_changed(nibble, child->index());
    }
    return Reference::changed(index);
}

Result<Reference, TrieError> DirtyTree::change_branch(Index index, const Nibbles& path,
                                                      Changes changes) {
    auto& branch = held_.decoded_branch(index);
    const std::size_t depth = path.size();
    if (changes.front().key.size() == depth) {
        branch.value = to_buffer(changes.front().value);
        changes = changes.subspan(1);
    }
    if (depth == Nibbles::size_max) return fail(TrieErrc::too_deep);
    while (!changes.empty()) {
        const auto group = front_group(changes, depth);
        const std::uint8_t nibble = group.front().key[depth];
        const auto child = change(branch.children[nibble], joined(path, nibble), group);
        if (!child) return child;
        branch.children[nibble] = *child;
        changes = changes.subspan(group.size());
    }
    return collapse(index, path);
}

/// A fork needs two ways out.
Result<Reference, TrieError> DirtyTree::collapse(Index index, const Nibbles& path) {
    auto& branch = held_.decoded_branch(index);
    const auto is_there = [](const Reference& child) { return !child.empty(); };
    const auto children = std::ranges::count_if(branch.children, is_there);
    if (children + (branch.value.empty() ? 0 : 1) >= 2) return Reference::changed(index);
    held_.drop(index, path);
    if (children == 0) {
        if (branch.value.empty()) return Reference{};
        return held_.add(held_.leaf({}, branch.value));
    }
    const auto only = std::ranges::find_if(branch.children, is_there);
    Nibbles run;
    run.push(static_cast<std::uint8_t>(only - branch.children.begin()));
    return join(run, *only, path);
}

/// The node at `path` that leads over `run` to `child`.
Result<Reference, TrieError> DirtyTree::join(const Nibbles& run, const Reference& child,
                                             const Nibbles& path) {
    const Nibbles child_path = joined(path, run);
    HeldNode read;
    if (!child.is_changed()) {
        auto node = held_.read(child, child_path);
        if (!node) return std::unexpected{node.error()};
        read = std::move(*node);
    }
    const auto& node = child.is_changed() ? held_[child.index()] : read;
    const auto* leaf = std::get_if<HeldLeaf>(&node);
    const auto* extension = std::get_if<Extension>(&node);
    if (!leaf && !extension) return held_.add(Extension{run, child});
    // It goes into its parent, so that its own place becomes free.
    if (child.is_changed()) {
        held_.drop(child.index(), child_path);
    } else if (child.is_hash()) {
        held_.vacate(child_path);
    }
    const auto decoded = leaf ? HeldNodes::decoded_leaf(*leaf) : Leaf{};
    const auto& inner = leaf ? decoded.suffix : extension->run;
    if (child_path.size() + inner.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
    if (leaf) return held_.add(held_.leaf(joined(run, inner), decoded.value));
    return held_.add(Extension{joined(run, inner), extension->child});
}

Reference DirtyTree::build(std::size_t depth, Changes changes) {
    const auto is_present = [](const Change& change) { return !change.value.empty(); };
    if (std::ranges::all_of(changes, is_present)) return build_present(depth, changes);
    std::vector<Change> present;
    std::ranges::copy_if(changes, std::back_inserter(present), is_present);
    return build_present(depth, present);
}

Reference DirtyTree::build_present(std::size_t depth, Changes changes) {
    if (changes.empty()) return {};
    const Change& first = changes.front();
    if (changes.size() == 1) return held_.add(held_.leaf(first.key.from(depth), first.value));
    const Nibbles rest = first.key.from(depth);
    const std::size_t common = changes.back().key.common(depth, rest);
    if (common > 0) {
        return held_.add(Extension{rest.first(common), build_present(depth + common, changes)});
    }
    Branch branch;
    if (rest.empty()) {
        branch.value = to_buffer(first.value);
        changes = changes.subspan(1);
    }
    while (!changes.empty()) {
        const auto group = front_group(changes, depth);
        branch.children[group.front().key[depth]] = build_present(depth + 1, group);
        changes = changes.subspan(group.size());
    }
    return add(std::move(branch));
}

Result<void, TrieError> DirtyTree::cut(const Nibbles& first, const Nibbles& last) {
    assert(first <= last);
    const auto root = cut_below(root_, {}, first, last);
    if (!root) return std::unexpected{root.error()};
    root_ = *root;
    return {};
}

Result<Reference, TrieError> DirtyTree::cut_below(const Reference& at, const Nibbles& path,
                                                  const Nibbles& first, const Nibbles& last) {
    const bool has_first = first.starts_with(path);
    const bool has_last = last.starts_with(path);
    if (at.empty()) return at;
    if (!has_first && !has_last) return first < path && path < last ? Reference{} : at;
    const auto index = held_.open(at, path);
    if (!index) return std::unexpected{index.error()};
    auto& node = held_[*index];
    const auto is_within = [&](const Nibbles& key) { return first <= key && key <= last; };
    if (const auto* held = std::get_if<HeldLeaf>(&node)) {
        const auto suffix = HeldNodes::decoded_leaf(*held).suffix;
        if (path.size() + suffix.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
        if (!is_within(joined(path, suffix))) return Reference::changed(*index);
        held_.drop(*index, path);
        return Reference{};
    }
    if (auto* extension = std::get_if<Extension>(&node)) {
        if (path.size() + extension->run.size() > Nibbles::size_max) {
            return fail(TrieErrc::too_deep);
        }
        const auto child = cut_below(extension->child, joined(path, extension->run), first, last);
        if (!child || child->empty()) return child;
        extension->child = *child;
        return Reference::changed(*index);
    }
    auto& branch = held_.decoded_branch(*index);
    if (is_within(path)) branch.value.clear();
    if (path.size() == Nibbles::size_max) return fail(TrieErrc::too_deep);
    for (std::uint8_t i = 0; i < 16; ++i) {
        const auto child = cut_below(branch.children[i], joined(path, i), first, last);
        if (!child) return child;
        branch.children[i] = *child;
    }
    return Reference::changed(*index);
}

}  // namespace parley::chain::trie
