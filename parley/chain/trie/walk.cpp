#include <parley/chain/trie/walk.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::chain::trie {
namespace {

/// Steps down a trie, one node after the other.
class Walk {
public:
    Walk(const NodeReader& nodes, const Hash256& root)
        : nodes_(nodes), next_(root == empty_root_hash ? Reference{} : Reference::hash(root)) {}

    /// The node there; `rlp()` is its text until the next step.
    Result<Node, TrieError> read(const Reference& at, const Nibbles& path) {
        rlp_ = at.bytes();
        if (at.is_hash()) {
            const auto found = nodes_.node(path, at.hash(), scratch_);
            if (!found) return std::unexpected{found.error()};
            rlp_ = *found;
        }
        return decode_node(rlp_);
    }
    const Reference& root() const { return next_; }
    Bytes rlp() const { return rlp_; }

private:
    const NodeReader& nodes_;
    Reference next_;
    Buffer scratch_;
    Bytes rlp_;
};

/// Follows `key` from the root, calls `visit` for each node that has a place of its own, and ends
/// with the value.
template <class Visit>
Result<std::optional<Buffer>, TrieError> follow(const NodeReader& nodes, const Hash256& root,
                                                const Nibbles& key, Visit visit) {
    Walk walk{nodes, root};
    Nibbles path;
    Reference at = walk.root();
    while (!at.empty()) {
        auto node = walk.read(at, path);
        if (!node) return std::unexpected{node.error()};
        if (at.is_hash()) visit(walk.rlp());
        if (auto* leaf = std::get_if<Leaf>(&*node)) {
            if (key.from(path.size()) != leaf->suffix) return std::nullopt;
            return std::move(leaf->value);
        }
        if (const auto* extension = std::get_if<Extension>(&*node)) {
            if (key.common(path.size(), extension->run) < extension->run.size()) {
                return std::nullopt;
            }
            path.append(extension->run);
            at = extension->child;
            continue;
        }
        auto& branch = std::get<Branch>(*node);
        if (path.size() == key.size()) {
            if (branch.value.empty()) return std::nullopt;
            return std::move(branch.value);
        }
        const std::uint8_t nibble = key[path.size()];
        path.push(nibble);
        at = branch.children[nibble];
    }
    return std::nullopt;
}

enum class Side : std::uint8_t { above, below };
using Neighbour = Result<std::optional<Nibbles>, TrieError>;

/// Looks for the neighbour of a key among what lies under one node.
class Neighbours {
public:
    Neighbours(const NodeReader& nodes, const Hash256& root, Side side)
        : walk_(nodes, root), side_(side) {}

    Neighbour of(const Nibbles& key) { return find(walk_.root(), {}, &key); }

private:
    bool is_beyond(const Nibbles& candidate, const Nibbles* key) const {
        if (!key) return true;
        return side_ == Side::above ? candidate > *key : candidate < *key;
    }
    /// Nothing under `path` can be wanted. Without a key: the outermost is.
    bool is_useless(const Nibbles& path, const Nibbles* key) const {
        return key && !key->starts_with(path) && !is_beyond(path, key);
    }
    /// The closest beyond `key` at `at`.
    Neighbour find(const Reference& at, const Nibbles& path, const Nibbles* key) {
        if (at.empty() || is_useless(path, key)) return std::nullopt;
        if (key && !key->starts_with(path)) key = nullptr;  // all of it is beyond
        auto node = walk_.read(at, path);
        if (!node) return std::unexpected{node.error()};
        if (const auto* leaf = std::get_if<Leaf>(&*node)) return value(path, leaf->suffix, key);
        if (const auto* extension = std::get_if<Extension>(&*node)) {
            if (path.size() + extension->run.size() > Nibbles::size_max) {
                return fail(TrieErrc::too_deep);
            }
            Nibbles child = path;
            child.append(extension->run);
            return find(extension->child, child, key);
        }
        return in_branch(std::get<Branch>(*node), path, key);
    }
    Neighbour value(const Nibbles& path, const Nibbles& suffix, const Nibbles* key) const {
        if (path.size() + suffix.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
        Nibbles candidate = path;
        candidate.append(suffix);
        if (!is_beyond(candidate, key)) return std::nullopt;
        return candidate;
    }
    /// The value of a branch comes before all its children.
    Neighbour in_branch(const Branch& branch, const Nibbles& path, const Nibbles* key) {
        if (side_ == Side::above && !branch.value.empty()) {
            if (auto own = value(path, {}, key); !own || *own) return own;
        }
        if (path.size() == Nibbles::size_max) return fail(TrieErrc::too_deep);
        for (std::uint8_t i = 0; i < 16; ++i) {
            const auto nibble = static_cast<std::uint8_t>(side_ == Side::above ? i : 15 - i);
            Nibbles child = path;
            child.push(nibble);
            auto found = find(branch.children[nibble], child, key);
            if (!found || *found) return found;
        }
        if (side_ == Side::below && !branch.value.empty()) return value(path, {}, key);
        return std::nullopt;
    }

    Walk walk_;
    Side side_;
};

/// Visits what lies under one node, but for what is below the first key.
class Visit {
public:
    Visit(const NodeReader& nodes, const Hash256& root, const KeyVisitor& visit)
        : walk_(nodes, root), visit_(visit) {}

    Result<void, TrieError> from(const Nibbles& first) {
        const auto went = under(walk_.root(), {}, &first);
        if (!went) return std::unexpected{went.error()};
        return {};
    }

private:
    /// False: the visit has ended. Without a first key all of it is visited.
    Result<bool, TrieError> under(const Reference& at, const Nibbles& path, const Nibbles* first) {
        if (at.empty()) return true;
        if (first && !first->starts_with(path)) {
            if (path < *first) return true;
            first = nullptr;
        }
        auto node = walk_.read(at, path);
        if (!node) return std::unexpected{node.error()};
        if (auto* leaf = std::get_if<Leaf>(&*node)) {
            if (path.size() + leaf->suffix.size() > Nibbles::size_max) {
                return fail(TrieErrc::too_deep);
            }
            Nibbles key = path;
            key.append(leaf->suffix);
            return (first && key < *first) || visit_(key, leaf->value);
        }
        if (const auto* extension = std::get_if<Extension>(&*node)) {
            if (path.size() + extension->run.size() > Nibbles::size_max) {
                return fail(TrieErrc::too_deep);
            }
            Nibbles child = path;
            child.append(extension->run);
            return under(extension->child, child, first);
        }
        const auto& branch = std::get<Branch>(*node);
        if (!branch.value.empty() && !(first && path < *first)) {
            if (!visit_(path, branch.value)) return false;
        }
        if (path.size() == Nibbles::size_max) return true;
        for (std::uint8_t i = 0; i < 16; ++i) {
            Nibbles child = path;
            child.push(i);
            auto goes_on = under(branch.children[i], child, first);
            if (!goes_on || !*goes_on) return goes_on;
        }
        return true;
    }

    Walk walk_;
    const KeyVisitor& visit_;
};

}  // namespace

Result<std::optional<Buffer>, TrieError> find(const NodeReader& nodes, const Hash256& root,
                                              const Nibbles& key) {
    return follow(nodes, root, key, [](Bytes) {});
}

Result<std::vector<Buffer>, TrieError> prove(const NodeReader& nodes, const Hash256& root,
                                             const Nibbles& key) {
    std::vector<Buffer> out;
    const auto value = follow(nodes, root, key, [&](Bytes rlp) { out.push_back(to_buffer(rlp)); });
    if (!value) return std::unexpected{value.error()};
    return out;
}

Result<std::optional<Nibbles>, TrieError> next_key(const NodeReader& nodes, const Hash256& root,
                                                   const Nibbles& key) {
    return Neighbours{nodes, root, Side::above}.of(key);
}

Result<std::optional<Nibbles>, TrieError> previous_key(const NodeReader& nodes, const Hash256& root,
                                                       const Nibbles& key) {
    return Neighbours{nodes, root, Side::below}.of(key);
}

Result<void, TrieError> visit_from(const NodeReader& nodes, const Hash256& root,
                                   const Nibbles& first, const KeyVisitor& visit) {
    return Visit{nodes, root, visit}.from(first);
}

Result<bool, TrieError> has_above(const NodeReader& nodes, const Hash256& root,
                                  const Nibbles& key) {
    const auto is_there = [](const Reference& child) { return !child.empty(); };
    Walk walk{nodes, root};
    Nibbles path;
    Reference at = walk.root();
    while (!at.empty()) {
        const auto node = walk.read(at, path);
        if (!node) return std::unexpected{node.error()};
        if (const auto* branch = std::get_if<Branch>(&*node)) {
            const bool ends = path.size() == key.size();
            const std::size_t first_above = ends ? 0 : key[path.size()] + 1U;
            if (std::any_of(branch->children.begin() + static_cast<std::ptrdiff_t>(first_above),
                            branch->children.end(), is_there)) {
                return true;
            }
            if (ends) return false;
            at = branch->children[key[path.size()]];
            path.push(key[path.size()]);
            continue;
        }
        const auto* leaf = std::get_if<Leaf>(&*node);
        const auto* extension = std::get_if<Extension>(&*node);
        const Nibbles& more = leaf ? leaf->suffix : extension->run;
        if (path.size() + more.size() > Nibbles::size_max) return fail(TrieErrc::too_deep);
        path.append(more);
        if (leaf || !key.starts_with(path)) return path > key;
        at = extension->child;
    }
    return false;
}

}  // namespace parley::chain::trie
