// For the fuzz targets of tries: keys, values and nodes out of outside bytes. A fuzzer cannot find
// hashes, so nodes are linked by number: of each hash in a node the first byte says which of the
// nodes after it is meant.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/endian.hpp>
#include <parley/chain/trie/node.hpp>
#include <parley/chain/trie/node_reader.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace parley::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

/// What is left of an input; behind its end are zeros.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : rest_(std::as_bytes(std::span{data, size})) {}

    bool at_end() const { return rest_.empty(); }
    std::uint8_t byte() {
        const auto taken = bytes(1);
        return taken.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(taken[0]);
    }
    /// Below `bound`, which is at most 256.
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : byte() % bound; }
    Bytes bytes(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    /// Some first bytes of 32, then one byte again and again.
    Hash256 key() {
        const auto start = bytes(below(Hash256{}.size() + 1));
        Hash256 out;
        out.fill(static_cast<std::byte>(byte()));
        std::ranges::copy(start, out.begin());
        return out;
    }
    Buffer value() { return to_buffer(bytes(byte() % 64U)); }

private:
    Bytes rest_;
};

/// Links a node to those that come after it. The last byte of a hash may leave it as it is.
inline void link(chain::trie::Node& node, std::span<const Hash256> following) {
    using chain::trie::Reference;
    const auto link_one = [&](Reference& reference) {
        if (!reference.is_hash() || following.empty()) return;
        const Hash256& number = reference.hash();
        if (number[31] == std::byte{7}) return;
        reference =
            Reference::hash(following[std::to_integer<std::size_t>(number[0]) % following.size()]);
    };
    if (auto* extension = std::get_if<chain::trie::Extension>(&node)) link_one(extension->child);
    if (auto* branch = std::get_if<chain::trie::Branch>(&node)) {
        std::ranges::for_each(branch->children, link_one);
    }
}

/// All nodes in the input, sizes before them. The first is the root.
inline std::vector<Buffer> linked_nodes(Input& input) {
    constexpr std::size_t nodes_max = 140;
    std::vector<Buffer> out;
    while (!input.at_end() && out.size() < nodes_max) {
        const std::size_t high = input.byte();
        out.push_back(to_buffer(input.bytes(high << 8 | input.byte())));
    }
    std::vector<Hash256> hashes(out.size());
    for (std::size_t i = out.size(); i-- > 0;) {
        if (auto node = chain::trie::decode_node(out[i])) {
            link(*node, std::span{hashes}.subspan(i + 1));
            out[i] = encode_node(*node);
        }
        hashes[i] = crypto::keccak256(out[i]);
    }
    return out;
}

/// Nodes by their hashes, wherever they are in a trie.
class NodesByHash final : public chain::trie::NodeReader {
public:
    explicit NodesByHash(std::span<const Buffer> nodes) {
        for (const Buffer& node : nodes) nodes_.emplace(crypto::keccak256(node), Bytes{node});
    }
    Result<Bytes, chain::trie::TrieError> node(const chain::trie::Nibbles& path,
                                               const Hash256& hash, Buffer&) const override {
        const auto found = nodes_.find(hash);
        if (found != nodes_.end()) return found->second;
        return fail(chain::trie::TrieErrc::missing_node, 0, path.size());
    }

private:
    std::map<Hash256, Bytes> nodes_;
};

}  // namespace parley::fuzz
