#include <parley/chain/trie/dirty_tree.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/crypto/keccak_batch.hpp>

#include <algorithm>
#include <cassert>
#include <variant>

namespace parley::chain::trie {
namespace {

Nibbles joined(Nibbles path, const Nibbles& more) {
    path.append(more);
    return path;
}

Nibbles joined(Nibbles path, std::uint8_t nibble) {
    path.push(nibble);
    return path;
}

/// The changes at the front that go on with the same nibble. Precondition: none ends at `depth`.
std::span<Change> front_group(std::span<Change> changes, std::size_t depth) {
    const std::uint8_t nibble = changes.front().key[depth];
    const auto end = std::ranges::find_if(
        changes, [&](const Change& change) { return change.key[depth] != nibble; });
    return changes.first(static_cast<std::size_t>(end - changes.begin()));
}

void set_hashes(std::span<const NodeChange> nodes, std::span<Reference* const> references) {
    std::vector<Bytes> inputs;
    inputs.reserve(nodes.size());
    for (const auto& node : nodes) inputs.emplace_back(node.rlp);
    std::vector<Hash256> hashes(nodes.size());
    crypto::keccak256_each(inputs, hashes);
    for (std::size_t i = 0; i < hashes.size(); ++i) *references[i] = Reference::hash(hashes[i]);
}

}  // namespace

DirtyTree::DirtyTree(const NodeReader& nodes, const Hash256& root)
    : reader_(nodes), root_(root == empty_root_hash ? Reference{} : Reference::hash(root)) {}

Result<void, TrieError> DirtyTree::update(std::span<Change> changes) {
    assert(std::ranges::is_sorted(changes, std::less_equal<>{}, &Change::key));
    if (changes.empty()) return {};
    const auto root = change(root_, {}, changes);
    if (!root) return std::unexpected{root.error()};
    root_ = *root;
    return {};
}

Reference DirtyTree::add(Node node) {
    nodes_.push_back(std::move(node));
    return Reference::changed(static_cast<Index>(nodes_.size() - 1));
}

Result<Node, TrieError> DirtyTree::read(const Reference& reference, const Nibbles& path) const {
    if (!reference.is_hash()) return decode_node(reference.bytes());
    Buffer scratch;
    const auto rlp = reader_.node(path, reference.hash(), scratch);
    if (!rlp) return std::unexpected{rlp.error()};
    return decode_node(*rlp);
}

Result<DirtyTree::Index, TrieError> DirtyTree::open(const Reference& reference,
                                                    const Nibbles& path) {
    if (reference.is_changed()) return reference.index();
    auto node = read(reference, path);
    if (!node) return std::unexpected{node.error()};
    const Index index = add(std::move(*node)).index();
    if (reference.is_hash()) opened_.push_back({index, path});
    return index;
}

Result<Reference, TrieError> DirtyTree::change(const Reference& at, const Nibbles& path,
                                               std::span<Change> changes) {
    if (at.empty()) return build(path.size(), changes);
    const auto index = open(at, path);
    if (!index) return std::unexpected{index.error()};
    return std::visit(overloaded{
                          [&](const Leaf&) { return change_leaf(*index, path, changes); },
                          [&](const Extension&) { return change_extension(*index, path, changes); },
                          [&](const Branch&) { return change_branch(*index, path, changes); },
                      },
                      nodes_[*index]);
}

Result<Reference, TrieError> DirtyTree::change_leaf(Index index, const Nibbles& path,
                                                    std::span<Change> changes) {
    auto& leaf = std::get<Leaf>(nodes_[index]);
    if (path.size() + leaf.suffix.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
    const Nibbles key = joined(path, leaf.suffix);
    if (changes.size() == 1 && changes[0].key == key) {
        if (changes[0].value.empty()) return Reference{};
        leaf.value = std::move(changes[0].value);
        return Reference::changed(index);
    }
    std::vector<Change> all{std::make_move_iterator(changes.begin()),
                            std::make_move_iterator(changes.end())};
    const auto place = std::ranges::lower_bound(all, key, {}, &Change::key);
    if (place == all.end() || place->key != key) all.insert(place, {key, std::move(leaf.value)});
    return build(path.size(), all);
}

Result<Reference, TrieError> DirtyTree::change_extension(Index index, const Nibbles& path,
                                                         std::span<Change> changes) {
    const Extension old = std::get<Extension>(nodes_[index]);
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
    fork.children[old.run[common]] = common + 1 == old.run.size()
                                         ? old.child
                                         : add(Extension{old.run.from(common + 1), old.child});
    const Index fork_index = add(std::move(fork)).index();
    const Nibbles run = old.run.first(common);
    const auto changed = change_branch(fork_index, joined(path, run), changes);
    if (!changed || changed->empty() || common == 0) return changed;
    return join(run, *changed, path);
}

Result<Reference, TrieError> DirtyTree::change_branch(Index index, const Nibbles& path,
                                                      std::span<Change> changes) {
    auto& branch = std::get<Branch>(nodes_[index]);
    const std::size_t depth = path.size();
    if (changes.front().key.size() == depth) {
        branch.value = std::move(changes.front().value);
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
    auto& branch = std::get<Branch>(nodes_[index]);
    const auto is_there = [](const Reference& child) { return !child.empty(); };
    const auto children = std::ranges::count_if(branch.children, is_there);
    if (children + (branch.value.empty() ? 0 : 1) >= 2) return Reference::changed(index);
    if (children == 0) {
        if (branch.value.empty()) return Reference{};
        return add(Leaf{{}, std::move(branch.value)});
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
    auto node = child.is_changed() ? nodes_[child.index()] : read(child, child_path);
    if (!node) return std::unexpected{node.error()};
    if (std::holds_alternative<Branch>(*node)) return add(Extension{run, child});
    if (child.is_hash()) {
        // It goes into its parent, so that its own place becomes free.
        opened_.push_back({add(Leaf{}).index(), child_path});
    }
    auto& inner = std::holds_alternative<Leaf>(*node) ? std::get<Leaf>(*node).suffix
                                                      : std::get<Extension>(*node).run;
    if (child_path.size() + inner.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
    inner = joined(run, inner);
    return add(std::move(*node));
}

Reference DirtyTree::build(std::size_t depth, std::span<Change> changes) {
    const auto erased =
        std::ranges::remove_if(changes, [](const Change& change) { return change.value.empty(); });
    return build_present(depth, changes.first(changes.size() - erased.size()));
}

Reference DirtyTree::build_present(std::size_t depth, std::span<Change> changes) {
    if (changes.empty()) return {};
    Change& first = changes.front();
    if (changes.size() == 1) return add(Leaf{first.key.from(depth), std::move(first.value)});
    const Nibbles rest = first.key.from(depth);
    const std::size_t common = changes.back().key.common(depth, rest);
    if (common > 0) {
        return add(Extension{rest.first(common), build_present(depth + common, changes)});
    }
    Branch branch;
    if (rest.empty()) {
        branch.value = std::move(first.value);
        changes = changes.subspan(1);
    }
    while (!changes.empty()) {
        const auto group = front_group(changes, depth);
        branch.children[group.front().key[depth]] = build_present(depth + 1, group);
        changes = changes.subspan(group.size());
    }
    return add(std::move(branch));
}

/// All changed nodes by the length of their path.
std::vector<std::vector<DirtyTree::Unhashed>> DirtyTree::by_depth() {
    std::vector<std::vector<Unhashed>> levels(Nibbles::size_max + 1);
    if (root_.is_changed()) levels[0].push_back({root_.index(), {}, &root_});
    for (std::size_t depth = 0; depth < levels.size(); ++depth) {
        // Children lie deeper, never on the level that is read.
        for (const auto& [index, path, reference] : levels[depth]) {
            const auto add_child = [&](Reference& child, const Nibbles& child_path) {
                if (child.is_changed()) {
                    levels[child_path.size()].push_back({child.index(), child_path, &child});
                }
            };
            if (auto* extension = std::get_if<Extension>(&nodes_[index])) {
                add_child(extension->child, joined(path, extension->run));
            } else if (auto* branch = std::get_if<Branch>(&nodes_[index])) {
                for (std::uint8_t i = 0; i < 16; ++i) {
                    add_child(branch->children[i], joined(path, i));
                }
            }
        }
    }
    return levels;
}

Commit DirtyTree::commit() {
    Commit out;
    auto levels = by_depth();
    std::vector<bool> written(nodes_.size());
    std::vector<Reference*> hashed;  // of the last nodes of `out`
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        hashed.clear();
        for (auto& [index, path, reference] : *level) {
            auto rlp = encode_node(nodes_[index]);
            if (rlp.size() < 32 && !path.empty()) {
                *reference = Reference::embedded(rlp);
                continue;
            }
            hashed.push_back(reference);
            written[index] = true;
            out.nodes.push_back({path, std::move(rlp)});
        }
        set_hashes(std::span{out.nodes}.last(hashed.size()), hashed);
    }
    add_erased(out, written);
    out.root = root_.empty() ? empty_root_hash : root_.hash();
    return out;
}

/// Places that had a node and have none any more.
void DirtyTree::add_erased(Commit& out, const std::vector<bool>& written) const {
    std::vector<Nibbles> left;
    for (const auto& [index, path] : opened_) {
        if (!written[index]) left.push_back(path);
    }
    if (left.empty()) return;
    std::ranges::sort(left);
    std::vector<bool> taken(left.size());  // by another node
    for (const auto& node : out.nodes) {
        const auto found = std::ranges::lower_bound(left, node.path);
        if (found != left.end() && *found == node.path) {
            taken[static_cast<std::size_t>(found - left.begin())] = true;
        }
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (!taken[i]) out.nodes.push_back({left[i], {}});
    }
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
    const auto index = open(at, path);
    if (!index) return std::unexpected{index.error()};
    Node& node = nodes_[*index];
    const auto is_within = [&](const Nibbles& key) { return first <= key && key <= last; };
    if (const auto* leaf = std::get_if<Leaf>(&node)) {
        if (path.size() + leaf->suffix.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
        return is_within(joined(path, leaf->suffix)) ? Reference{} : Reference::changed(*index);
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
    auto& branch = std::get<Branch>(node);
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
