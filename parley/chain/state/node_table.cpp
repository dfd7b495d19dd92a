#include <parley/chain/state/node_table.hpp>

#include <algorithm>

namespace parley::chain {
namespace {

constexpr std::size_t slots_min = 64;
constexpr std::size_t cache_line_bytes = 64;
/// Of a usual branch.
constexpr std::size_t prefetched_bytes = 532;

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

std::uint32_t NodeTable::place_by_hash(std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = hash & mask;
    while (slots_[i].place != 0 && slots_[i].hash != hash) i = (i + 1) & mask;
    return slots_[i].place;
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
    std::vector<Slot> larger(std::max(slots_min, 2 * slots_.size()));
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
void NodeTable::prefetch(std::span<const NodeRowKey> keys) const {
    if (slots_.empty()) return;
    std::array<std::uint32_t, prefetch_max> values;
    const auto count = std::min(keys.size(), prefetch_max);
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = hash_of(keys[i]);
        __builtin_prefetch(&slots_[values[i] & (slots_.size() - 1)]);
    }
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = place_by_hash(values[i]);
        if (values[i] == 0) continue;
        const auto* node = &at(values[i] - 1);
        __builtin_prefetch(&node->key);
        __builtin_prefetch(&node->rlp);
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (values[i] == 0) continue;
        const auto& rlp = at(values[i] - 1).rlp;
        const auto bytes = std::min(rlp.size(), prefetched_bytes);
        for (std::size_t at = 0; at < bytes; at += cache_line_bytes) {
            __builtin_prefetch(rlp.data() + at);
        }
    }
}

}  // namespace parley::chain
