#include <parley/chain/trie/dirty_tree.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/crypto/keccak_batch.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>

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

std::vector<Hash256> hashes_of(std::span<const NodeChange> nodes) {
    std::vector<Bytes> inputs;
    inputs.reserve(nodes.size());
    for (const auto& node : nodes) inputs.emplace_back(node.rlp);
    std::vector<Hash256> hashes(nodes.size());
    crypto::keccak256_each(inputs, hashes);
    return hashes;
}

// Of a branch without a value whose children are hashes, as RLP.
constexpr std::byte short_list_prefix{0xc0};
constexpr std::byte long_list_prefix{0xf7};
constexpr std::byte empty_item{0x80};
constexpr std::byte hash_item{0xa0};
constexpr std::size_t hash_item_bytes = 33;
constexpr std::size_t children_max = 16;
constexpr std::size_t raw_ways_min = 2;

/// Where the items of a list begin that is all of `rlp`; nothing if it is none.
std::optional<std::size_t> list_header_bytes(Bytes rlp) {
    constexpr std::size_t short_max = 55;
    if (rlp.empty() || rlp[0] < short_list_prefix) return std::nullopt;
    if (rlp[0] <= long_list_prefix) {
        const auto size = std::to_integer<std::size_t>(rlp[0] ^ short_list_prefix);
        return size + 1 == rlp.size() ? std::optional<std::size_t>{1} : std::nullopt;
    }
    const auto width =
        std::to_integer<std::size_t>(rlp[0]) - std::to_integer<std::size_t>(long_list_prefix);
    if (width > 2 || rlp.size() < 1 + width || rlp[1] == std::byte{0}) return std::nullopt;
    std::size_t size = 0;
    for (const auto byte : rlp.subspan(1, width)) {
        size = size << 8 | std::to_integer<std::size_t>(byte);
    }
    if (size <= short_max || 1 + width + size != rlp.size()) return std::nullopt;
    return 1 + width;
}

/// Of a child's item. Precondition: RawBranch::read took it.
std::size_t item_offset(Bytes rlp, std::uint8_t nibble) {
    std::size_t at = rlp[0] <= long_list_prefix
                         ? 1
                         : 1 + std::to_integer<std::size_t>(rlp[0]) -
                               std::to_integer<std::size_t>(long_list_prefix);
    for (std::uint8_t i = 0; i < nibble; ++i) at += rlp[at] == empty_item ? 1 : hash_item_bytes;
    return at;
}

}  // namespace

DirtyTree::DirtyTree(const NodeReader& nodes, const Hash256& root)
    : reader_(nodes), root_(root == empty_root_hash ? Reference{} : Reference::hash(root)) {}

Result<void, TrieError> DirtyTree::update(std::span<Change> changes) {
    assert(std::ranges::is_sorted(changes, std::less_equal<>{}, &Change::key));
    if (changes.empty()) return {};
    if (const auto ok = preload(changes); !ok) return ok;
    const auto root = change(root_, {}, changes);
    if (!root) return std::unexpected{root.error()};
    root_ = *root;
    return {};
}

std::optional<DirtyTree::RawBranch> DirtyTree::RawBranch::read(Bytes rlp) {
    const auto header = list_header_bytes(rlp);
    if (!header) return std::nullopt;
    std::size_t at = *header;
    std::size_t ways = 0;
    for (std::size_t i = 0; i < children_max; ++i) {
        if (at >= rlp.size()) return std::nullopt;
        if (rlp[at] == empty_item) {
            ++at;
        } else if (rlp[at] == hash_item && at + hash_item_bytes <= rlp.size()) {
            at += hash_item_bytes;
            ++ways;
        } else {
            return std::nullopt;
        }
    }
    if (ways < raw_ways_min || at + 1 != rlp.size() || rlp[at] != empty_item) {
        return std::nullopt;
    }
    return RawBranch{to_buffer(rlp)};
}

Reference DirtyTree::RawBranch::child(std::uint8_t nibble) const {
    if ((changed >> nibble & 1U) != 0) return Reference::changed(children[nibble]);
    const Bytes bytes{rlp};
    const auto at = item_offset(bytes, nibble);
    if (bytes[at] == empty_item) return {};
    return Reference::hash(array_of<32>(bytes.subspan(at + 1, 32)));
}

void DirtyTree::RawBranch::set_changed(std::uint8_t nibble, Index index) {
    changed = static_cast<std::uint16_t>(changed | 1U << nibble);
    children[nibble] = index;
}

void DirtyTree::RawBranch::set_hash(std::uint8_t nibble, const Hash256& hash) {
    const auto at = item_offset(rlp, nibble);
    assert(rlp[at] == hash_item);
    std::ranges::copy(hash, rlp.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    changed = static_cast<std::uint16_t>(changed & ~(1U << nibble));
}

Branch DirtyTree::RawBranch::decoded() const {
    Branch out;
    for (std::uint8_t i = 0; i < children_max; ++i) out.children[i] = child(i);
    return out;
}

Reference DirtyTree::hold(Held node) {
    nodes_.push_back(std::move(node));
    return Reference::changed(static_cast<Index>(nodes_.size() - 1));
}

Reference DirtyTree::add(Node node) {
    return std::visit(
        overloaded{
            [&](Branch& branch) { return hold(std::make_unique<Branch>(std::move(branch))); },
            [&](auto& other) { return hold(std::move(other)); },
        },
        node);
}

Result<Node, TrieError> DirtyTree::read(const Reference& reference, const Nibbles& path) const {
    if (!reference.is_hash()) return decode_node(reference.bytes());
    Buffer scratch;
    const auto rlp = reader_.node(path, reference.hash(), scratch);
    if (!rlp) return std::unexpected{rlp.error()};
    return decode_node(*rlp);
}

Result<DirtyTree::Held, TrieError> DirtyTree::read_held(const Reference& reference,
                                                        const Nibbles& path) const {
    Buffer scratch;
    Bytes rlp;
    if (reference.is_hash()) {
        const auto read = reader_.node(path, reference.hash(), scratch);
        if (!read) return std::unexpected{read.error()};
        rlp = *read;
        if (auto raw = RawBranch::read(rlp)) return std::move(*raw);
    } else {
        rlp = reference.bytes();
    }
    auto node = decode_node(rlp);
    if (!node) return std::unexpected{node.error()};
    return std::visit(
        overloaded{
            [](Branch& branch) -> Held { return std::make_unique<Branch>(std::move(branch)); },
            [](auto& other) -> Held { return std::move(other); },
        },
        *node);
}

Result<DirtyTree::Index, TrieError> DirtyTree::open(const Reference& reference,
                                                    const Nibbles& path) {
    if (reference.is_changed()) return reference.index();
    auto node = read_held(reference, path);
    if (!node) return std::unexpected{node.error()};
    const Index index = hold(std::move(*node)).index();
    if (reference.is_hash()) opened_.push_back({index, path});
    return index;
}

/// Of a node that is a branch in either form.
Branch& DirtyTree::decoded_branch(Index index) {
    auto& node = nodes_[index];
    if (const auto* raw = std::get_if<RawBranch>(&node)) {
        auto decoded = std::make_unique<Branch>(raw->decoded());
        node = std::move(decoded);
    }
    return *std::get<std::unique_ptr<Branch>>(node);
}

/// Opens what the changes will touch, level by level, as far as forks go that are there: so the
/// reader can fetch many nodes side by side.
Result<void, TrieError> DirtyTree::preload(std::span<Change> changes) {
    struct Step {
        Index index;
        Nibbles path;
        std::span<Change> changes;
    };
    struct Wanted {
        Index parent;
        std::uint8_t nibble;
        std::span<Change> changes;
    };
    if (!root_.is_hash() || changes.size() < 2) return {};
    const auto root = open(root_, {});
    if (!root) return std::unexpected{root.error()};
    root_ = Reference::changed(*root);
    std::vector<Step> level{{*root, {}, changes}};
    std::vector<Step> next;
    std::vector<Wanted> wanted;
    std::vector<Nibbles> paths;
    const auto fetch = [&]() -> Result<void, TrieError> {
        reader_.prefetch(paths);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto& [parent, nibble, group] = wanted[i];
            const auto index = open(std::get<RawBranch>(nodes_[parent]).child(nibble), paths[i]);
            if (!index) return std::unexpected{index.error()};
            std::get<RawBranch>(nodes_[parent]).set_changed(nibble, *index);
            next.push_back({*index, paths[i], group});
        }
        wanted.clear();
        paths.clear();
        return {};
    };
    for (; !level.empty(); level = std::exchange(next, {})) {
        for (auto& [index, path, rest] : level) {
            const auto* raw = std::get_if<RawBranch>(&nodes_[index]);
            if (!raw || rest.front().key.size() == path.size()) continue;
            while (!rest.empty()) {
                const auto group = front_group(rest, path.size());
                const std::uint8_t nibble = group.front().key[path.size()];
                rest = rest.subspan(group.size());
                if (!std::get<RawBranch>(nodes_[index]).child(nibble).is_hash()) continue;
                wanted.push_back({index, nibble, group});
                paths.push_back(joined(path, nibble));
                if (wanted.size() < NodeReader::prefetch_max) continue;
                if (const auto ok = fetch(); !ok) return ok;
            }
        }
        if (const auto ok = fetch(); !ok) return ok;
    }
    return {};
}

Result<Reference, TrieError> DirtyTree::change(const Reference& at, const Nibbles& path,
                                               std::span<Change> changes) {
    if (at.empty()) return build(path.size(), changes);
    const auto index = open(at, path);
    if (!index) return std::unexpected{index.error()};
    const auto& node = nodes_[*index];
    if (std::holds_alternative<RawBranch>(node)) return change_raw(*index, path, changes);
    if (std::holds_alternative<Leaf>(node)) return change_leaf(*index, path, changes);
    if (std::holds_alternative<Extension>(node)) return change_extension(*index, path, changes);
    return change_branch(*index, path, changes);
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

/// As change_branch, as long as every child that changes was there and stays.
Result<Reference, TrieError> DirtyTree::change_raw(Index index, const Nibbles& path,
                                                   std::span<Change> changes) {
    const std::size_t depth = path.size();
    if (changes.front().key.size() == depth) return change_branch(index, path, changes);
    if (depth == Nibbles::size_max) return fail(TrieErrc::too_deep);
    while (!changes.empty()) {
        const auto group = front_group(changes, depth);
        const std::uint8_t nibble = group.front().key[depth];
        const auto before = std::get<RawBranch>(nodes_[index]).child(nibble);
        if (before.empty()) return change_branch(index, path, changes);
        const auto child = change(before, joined(path, nibble), group);
        if (!child) return child;
        changes = changes.subspan(group.size());
        if (!child->is_changed()) {  // it is gone
            decoded_branch(index).children[nibble] = *child;
            return changes.empty() ? collapse(index, path) : change_branch(index, path, changes);
        }
        std::get<RawBranch>(nodes_[index]).set_changed(nibble, child->index());
    }
    return Reference::changed(index);
}

Result<Reference, TrieError> DirtyTree::change_branch(Index index, const Nibbles& path,
                                                      std::span<Change> changes) {
    auto& branch = decoded_branch(index);
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
    auto& branch = decoded_branch(index);
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
    auto node = child.is_changed() ? Result<Held, TrieError>{std::move(nodes_[child.index()])}
                                   : read_held(child, child_path);
    if (!node) return std::unexpected{node.error()};
    auto* leaf = std::get_if<Leaf>(&*node);
    auto* extension = std::get_if<Extension>(&*node);
    if (!leaf && !extension) {
        if (child.is_changed()) nodes_[child.index()] = std::move(*node);
        return add(Extension{run, child});
    }
    if (child.is_hash()) {
        // It goes into its parent, so that its own place becomes free.
        opened_.push_back({add(Leaf{}).index(), child_path});
    }
    auto& inner = leaf ? leaf->suffix : extension->run;
    if (child_path.size() + inner.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
    inner = joined(run, inner);
    return hold(std::move(*node));
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
std::vector<std::vector<DirtyTree::Unhashed>> DirtyTree::by_depth() const {
    std::vector<std::vector<Unhashed>> levels(Nibbles::size_max + 1);
    if (root_.is_changed()) levels[0].push_back({root_.index(), {}, no_index, 0});
    for (std::size_t depth = 0; depth < levels.size(); ++depth) {
        // Children lie deeper, never on the level that is read.
        for (const auto& [index, path, parent, place] : levels[depth]) {
            const auto add_child = [&](Index child, const Nibbles& child_path,
                                       std::uint8_t nibble) {
                auto& level = levels[child_path.size()];
                level.push_back({child, child_path, index, nibble});
            };
            const auto& node = nodes_[index];
            if (const auto* raw = std::get_if<RawBranch>(&node)) {
                for (unsigned rest = raw->changed; rest != 0; rest &= rest - 1) {
                    const auto i = static_cast<std::uint8_t>(std::countr_zero(rest));
                    add_child(raw->children[i], joined(path, i), i);
                }
            } else if (const auto* extension = std::get_if<Extension>(&node)) {
                if (!extension->child.is_changed()) continue;
                add_child(extension->child.index(), joined(path, extension->run), 0);
            } else if (const auto* branch = std::get_if<std::unique_ptr<Branch>>(&node)) {
                for (std::uint8_t i = 0; i < children_max; ++i) {
                    const auto& child = (*branch)->children[i];
                    if (child.is_changed()) add_child(child.index(), joined(path, i), i);
                }
            }
        }
    }
    return levels;
}

/// Its references are all settled; it is used up.
Buffer DirtyTree::take_rlp(Index index) {
    return std::visit(
        overloaded{
            [](RawBranch& raw) { return std::move(raw.rlp); },
            [](std::unique_ptr<Branch>& branch) { return encode_node(Node{std::move(*branch)}); },
            [](auto& other) { return encode_node(Node{std::move(other)}); },
        },
        nodes_[index]);
}

/// Tells the parent where its child is.
void DirtyTree::set_child(const Unhashed& of, const Reference& reference) {
    if (of.parent == no_index) {
        root_ = reference;
        return;
    }
    auto& parent = nodes_[of.parent];
    if (auto* extension = std::get_if<Extension>(&parent)) {
        extension->child = reference;
        return;
    }
    auto* raw = std::get_if<RawBranch>(&parent);
    if (raw && reference.is_hash()) return raw->set_hash(of.nibble, reference.hash());
    decoded_branch(of.parent).children[of.nibble] = reference;
}

Commit DirtyTree::commit() {
    Commit out;
    auto levels = by_depth();
    std::vector<bool> written(nodes_.size());
    std::vector<const Unhashed*> hashed;  // of the last nodes of `out`
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        hashed.clear();
        for (const auto& node : *level) {
            auto rlp = take_rlp(node.index);
            if (rlp.size() < 32 && !node.path.empty()) {
                set_child(node, Reference::embedded(rlp));
                continue;
            }
            hashed.push_back(&node);
            written[node.index] = true;
            out.nodes.push_back({node.path, std::move(rlp)});
        }
        const auto hashes = hashes_of(std::span{out.nodes}.last(hashed.size()));
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            set_child(*hashed[i], Reference::hash(hashes[i]));
        }
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
    auto& node = nodes_[*index];
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
    auto& branch = decoded_branch(*index);
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
