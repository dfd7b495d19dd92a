#include <parley/chain/state/node_table.hpp>

#include <algorithm>
#include <cassert>

namespace parley::chain {
namespace {

constexpr std::size_t slots_min = 64;
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

std::size_t NodeTable::slot_of(const NodeRowKey& key, std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = hash & mask;
    while (slots_[i].place != 0 && (slots_[i].hash != hash || at(slots_[i].place - 1).key != key)) {
        i = (i + 1) & mask;
    }
    return i;
}

const NodeTable::Node* NodeTable::find(const NodeRowKey& key) const {
    if (slots_.empty()) return nullptr;
    const auto place = slots_[slot_of(key, hash_of(key))].place;
    return place == 0 ? nullptr : &at(place - 1);
}

std::pair<NodeTable::Node&, bool> NodeTable::insert(const NodeRowKey& key) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    const auto hash = hash_of(key);
    auto& slot = slots_[slot_of(key, hash)];
    if (slot.place != 0) return {at(slot.place - 1), false};
    if (size_ == chunks_.size() * chunk_nodes) chunks_.push_back(std::make_unique<Chunk>());
    slot = {hash, static_cast<std::uint32_t>(size_ + 1)};
    auto& node = at(size_++);
    node.key = key;
    return {node, true};
}

void NodeTable::grow() {
    Slots larger(std::max(slots_min, 2 * slots_.size()));
    const std::size_t mask = larger.size() - 1;
    for (const auto& slot : slots_) {
        if (slot.place == 0) continue;
        std::size_t i = slot.hash & mask;
        while (larger[i].place != 0) i = (i + 1) & mask;
        larger[i] = slot;
    }
    slots_ = std::move(larger);
}

/// Each step waits for the one before of all keys at once.
void NodeTable::find_each(std::span<const NodeRowKey> keys, std::span<const Node*> out) const {
    assert(keys.size() <= each_max && out.size() == keys.size());
    std::ranges::fill(out, nullptr);
    if (slots_.empty()) return;
    const std::size_t mask = slots_.size() - 1;
    std::array<std::uint32_t, each_max> hashes;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        hashes[i] = hash_of(keys[i]);
        __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::size_t slot = hashes[i] & mask;
        while (slots_[slot].place != 0 && slots_[slot].hash != hashes[i]) slot = (slot + 1) & mask;
        if (slots_[slot].place == 0) continue;
        out[i] = &at(slots_[slot].place - 1);
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
