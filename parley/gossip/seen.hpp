// SeenItems: which items this node met lately and which of its peers are known to have them.
#pragma once

#include <parley/base/lru.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::gossip {

using ItemId = Hash256;

/// A peer's place in the bit sets; reused after forget_peer.
using PeerSlot = std::uint16_t;
inline constexpr std::size_t peer_slots_max = 256;

enum class ItemState : std::uint8_t {
    validating,  ///< received, the verdict is not in
    valid,       ///< passed on
    rejected,    ///< invalid: not to be fetched again
};

/// Peers by their slots.
class PeerSet {
public:
    bool contains(PeerSlot peer) const { return (words_[peer / 64] >> (peer % 64) & 1) != 0; }
    /// True if that is news.
    bool insert(PeerSlot peer) {
        const bool news = !contains(peer);
        words_[peer / 64] |= 1ULL << (peer % 64);
        return news;
    }
    void erase(PeerSlot peer) { words_[peer / 64] &= ~(1ULL << (peer % 64)); }
    bool empty() const { return words_ == decltype(words_){}; }

private:
    std::array<std::uint64_t, peer_slots_max / 64> words_{};
};

/// Bounded in items, the one that was met first goes first. One bit a peer and item replaces a
/// known-set per peer: 32 bytes an item whatever the number of peers.
class SeenItems {
public:
    SeenItems(std::size_t items_max, std::uint64_t salt) : items_(items_max, salt) {}

    /// True if it was new.
    bool insert(const ItemId& item, ItemState state) { return items_.insert(item, {{}, state}); }
    bool contains(const ItemId& item) const { return items_.contains(item); }
    void set_state(const ItemId& item, ItemState state) {
        if (auto* entry = items_.peek(item)) entry->state = state;
    }
    /// Inserts it, or sets its state; then as peers().
    PeerSet* put(const ItemId& item, ItemState state) {
        auto* entry = items_.peek(item);
        if (!entry) {
            items_.insert(item, {{}, state});
            return peers(item);
        }
        entry->state = state;
        return &entry->peers;
    }
    bool is(const ItemId& item, ItemState state) {
        const auto* entry = items_.peek(item);
        return entry && entry->state == state;
    }
    /// Who is known to have the item; null if it is not here. Valid until the next insert.
    PeerSet* peers(const ItemId& item) {
        auto* entry = items_.peek(item);
        return entry ? &entry->peers : nullptr;
    }
    /// Notes that the peer has the item, if the item is here; true if that is news.
    bool mark(const ItemId& item, PeerSlot peer) {
        auto* known = peers(item);
        return known && known->insert(peer);
    }
    /// The peer turned out not to have it.
    void unmark(const ItemId& item, PeerSlot peer) {
        if (auto* known = peers(item)) known->erase(peer);
    }
    bool knows(const ItemId& item, PeerSlot peer) {
        const auto* known = peers(item);
        return known && known->contains(peer);
    }
    /// The slot is free for another peer.
    void forget_peer(PeerSlot peer) {
        items_.for_each([&](const ItemId&, Entry& entry) { entry.peers.erase(peer); });
    }
    void erase(const ItemId& item) { items_.erase(item); }
    std::size_t size() const { return items_.size(); }

private:
    struct Entry {
        PeerSet peers;
        ItemState state = ItemState::validating;
    };
    LruMap<ItemId, Entry> items_;
};

}  // namespace parley::gossip
