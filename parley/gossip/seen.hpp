// SeenItems: which items this node met lately and which of its peers are known to have them.
// Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/gossip/peer_set.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::gossip {

/// The hash of an item's bytes.
using ItemId = Hash256;

/// What is known of an item.
enum class ItemState : std::uint8_t {
    validating,  ///< received, the verdict is not in
    valid,       ///< passed on
    rejected,    ///< invalid: not to be fetched again
    unwanted,    ///< good, and not wanted: not to be fetched again
    refused,     ///< not wanted now: not to be fetched again until forget_refused
};

/// Items and the peers that have them. Bounded in items: the one that was met first goes first. One
/// bit a peer and item replaces a known-set per peer.
class SeenItems {
public:
    /// `salt` is random: no attacker can choose items that collide.
    SeenItems(std::size_t items_max, std::uint64_t salt) : items_(items_max, salt) {}

    /// Of the peers in all sets here.
    PeerSlots& slots() { return slots_; }

    /// True if it was new; else nothing changes.
    bool insert(const ItemId& item, ItemState state) {
        return !find(item) && items_.insert(item, {{}, state, refusals_});
    }
    /// Whether it is remembered.
    bool contains(const ItemId& item) const {
        const auto* entry = items_.peek(item);
        return entry && !is_forgotten(*entry);
    }
    /// Nothing happens if it is not remembered.
    void set_state(const ItemId& item, ItemState state) {
        if (auto* entry = find(item)) {
            entry->state = state;
            entry->refusals = refusals_;
        }
    }
    /// Inserts it, or sets its state. Returns its peers, valid until the next insert.
    PeerSet& put(const ItemId& item, ItemState state) {
        insert(item, state);
        set_state(item, state);
        return *peers(item);
    }
    /// Whether it is remembered, and in that state.
    bool is(const ItemId& item, ItemState state) {
        const auto* entry = find(item);
        return entry && entry->state == state;
    }
    /// From now on nothing that was refused is remembered. At once, however many.
    void forget_refused() { ++refusals_; }
    /// The peers known to have the item; null if it is not here. Valid until the next insert.
    PeerSet* peers(const ItemId& item) {
        auto* entry = find(item);
        return entry ? &slots_.current(entry->peers) : nullptr;
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
    /// Whether the peer is known to have the item.
    bool knows(const ItemId& item, PeerSlot peer) {
        const auto* known = peers(item);
        return known && known->contains(peer);
    }
    /// Forgets an item.
    void erase(const ItemId& item) { items_.erase(item); }
    /// How many items are remembered.
    std::size_t size() const { return items_.size(); }

private:
    struct Entry {
        PeerSet peers;
        ItemState state = ItemState::validating;
        std::uint64_t refusals = 0;  // as refusals_ was when the state was set
    };
    bool is_forgotten(const Entry& entry) const {
        return entry.state == ItemState::refused && entry.refusals != refusals_;
    }
    Entry* find(const ItemId& item) {
        auto* entry = items_.peek(item);
        if (!entry || !is_forgotten(*entry)) return entry;
        items_.erase(item);
        return nullptr;
    }
    PeerSlots slots_;
    std::uint64_t refusals_ = 0;  // how often what was refused was forgotten
    LruMap<ItemId, Entry> items_;
};

}  // namespace parley::gossip
