#include <parley/chain/trie/held_nodes.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/trie/leaf_rlp.hpp>

#include <cassert>

namespace parley::chain::trie {

HeldNodes::Index HeldNodes::hold(HeldNode node) {
    nodes_.push_back({std::move(node), false});
    return static_cast<Index>(nodes_.size() - 1);
}

HeldNodes::Index HeldNodes::hold_read(HeldNode node) {
    nodes_.push_back({std::move(node), true});
    return static_cast<Index>(nodes_.size() - 1);
}

HeldLeaf HeldNodes::leaf(const Nibbles& suffix, Bytes value) {
    return {write_leaf(suffix, value, memory_)};
}

Result<HeldNodes::Index, TrieError> HeldNodes::open(const Reference& reference,
                                                    const Nibbles& path) {
    if (reference.is_changed()) return reference.index();
    auto node = read(reference, path);
    if (!node) return std::unexpected{node.error()};
    return reference.is_hash() ? hold_read(std::move(*node)) : hold(std::move(*node));
}

Result<HeldNode, TrieError> HeldNodes::read(const Reference& reference, const Nibbles& path) {
    Buffer scratch;
    Bytes rlp;
    if (reference.is_hash()) {
        const auto read = reader_.node(path, reference.hash(), scratch);
        if (!read) return std::unexpected{read.error()};
        rlp = *read;
        if (auto raw = RawBranch::read(rlp, memory_)) return *raw;
    } else {
        rlp = reference.bytes();
    }
    auto node = decode_node(rlp);
    if (!node) return std::unexpected{node.error()};
    return std::visit(
        overloaded{
            [&](Leaf&) -> HeldNode { return HeldLeaf{memory_.copy(rlp)}; },
            [](Extension& extension) -> HeldNode { return extension; },
            [](Branch& branch) -> HeldNode { return std::make_unique<Branch>(std::move(branch)); },
        },
        *node);
}

Branch& HeldNodes::decoded_branch(Index index) {
    auto& node = (*this)[index];
    if (const auto* raw = std::get_if<RawBranch>(&node)) {
        auto decoded = std::make_unique<Branch>(raw->decoded());
        node = std::move(decoded);
    }
    return *std::get<std::unique_ptr<Branch>>(node);
}

Leaf HeldNodes::decoded_leaf(const HeldLeaf& leaf) {
    auto node = decode_node(leaf.rlp);
    assert(node);
    return std::get<Leaf>(std::move(*node));
}

}  // namespace parley::chain::trie
