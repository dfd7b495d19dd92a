#include <parley/chain/state/node_table.hpp>

#include <algorithm>
#include <array>
#include <cassert>

namespace parley::chain {
namespace {

constexpr std::size_t cache_line_bytes = 64;
constexpr std::size_t prefetched_bytes = 532;  // a usual branch

}  // namespace

NodeRowKey::NodeRowKey(const std::optional<Hash256>& owner, const trie::Nibbles& path) {
    if (owner) {
        std::ranges::copy(*owner, bytes_.begin());
        size_ = 32;
    }
    bytes_[size_++] = static_cast<std::byte>(path.size());
    for (std::size_t i = 0; i < path.size(); i += 2) {
        const unsigned second = i + 1 < path.size() ? path[i + 1] : 0;
        bytes_[size_++] = static_cast<std::byte>(path[i] * 16U + second);
    }
}

/// Each step waits for the one before of all keys at once.
void NodeTable::find_each(std::span<const NodeRowKey> keys, std::span<const NodeRow*> out) const {
    assert(keys.size() <= each_max && out.size() == keys.size());
    std::ranges::fill(out, nullptr);
    if (slots().empty()) return;
    const std::size_t mask = slots().size() - 1;
    std::array<std::uint32_t, each_max> hashes;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        hashes[i] = hash_of(keys[i]);
        __builtin_prefetch(&slots()[hashes[i] & mask]);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::size_t slot = hashes[i] & mask;
        while (slots()[slot].place != 0 && slots()[slot].hash != hashes[i])
            slot = (slot + 1) & mask;
        if (slots()[slot].place == 0) continue;
        out[i] = &at(slots()[slot].place - 1);
        __builtin_prefetch(&out[i]->key);
        __builtin_prefetch(&out[i]->rlp);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!out[i]) continue;
        if (out[i]->key != keys[i]) out[i] = find(keys[i]);  // two with the same hash
        if (!out[i]) continue;
        // No function of its own: g++ would take it for one without an effect.
        const std::byte* bytes = out[i]->rlp.data();
        const auto size = std::min(out[i]->rlp.size(), prefetched_bytes);
        for (std::size_t at = 0; at < size; at += cache_line_bytes) __builtin_prefetch(bytes + at);
    }
}

}  // namespace parley::chain
