// PeerSlots and PeerSet: small numbers for the peers of a topic, and sets of them as bits. When a
// peer leaves, no set is searched for it: each set drops those that left when it is looked at next.
// So the end of a link costs the same however many items are remembered. There is no limit on peers
// here; links have theirs (transport/switch/slots.hpp). Threading: the node's thread.
#pragma once

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace parley::gossip {

/// A peer's place in the bit sets; reused after it left.
using PeerSlot = std::uint32_t;

class PeerSlots;

/// A set of peers, by their slots: a bit for each slot up to the largest in it.
class PeerSet {
public:
    /// Whether it is in the set.
    bool contains(PeerSlot peer) const {
        return peer / 64U < words_.size() && (words_[peer / 64] >> (peer % 64) & 1) != 0;
    }
    /// True if it was not in the set.
    bool insert(PeerSlot peer) {
        if (contains(peer)) return false;
        if (peer / 64U >= words_.size()) words_.resize(peer / 64U + 1);
        words_[peer / 64] |= 1ULL << (peer % 64);
        return true;
    }
    /// Nothing happens if it is not in the set.
    void erase(PeerSlot peer) {
        if (contains(peer)) words_[peer / 64] &= ~(1ULL << (peer % 64));
    }
    /// Calls `look` with each slot in it, ascending.
    void for_each(auto&& look) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            for (auto rest = words_[i]; rest != 0; rest &= rest - 1) {
                look(static_cast<PeerSlot>(64 * i +
                                           static_cast<std::size_t>(std::countr_zero(rest))));
            }
        }
    }
    /// No peer is in the set.
    bool empty() const {
        return std::ranges::all_of(words_, [](std::uint64_t word) { return word == 0; });
    }

private:
    friend class PeerSlots;
    boost::container::small_vector<std::uint64_t, 4> words_;  // 256 peers without allocation
    std::uint64_t looked_at_ = 0;                             // by the count of PeerSlots
};

/// Hands out slots, and takes those who left out of the sets.
class PeerSlots {
public:
    /// The lowest that is free.
    PeerSlot take() {
        if (!free_.empty()) {
            std::ranges::pop_heap(free_, std::greater{});
            const PeerSlot slot = free_.back();
            free_.pop_back();
            return slot;
        }
        left_at_.push_back(0);
        return static_cast<PeerSlot>(left_at_.size() - 1);
    }
    /// Its peer left.
    void give_back(PeerSlot slot) {
        left_at_[slot] = ++leaves_;
        free_.push_back(slot);
        std::ranges::push_heap(free_, std::greater{});
    }
    /// The set without the peers that left since it was looked at last. To be called before each
    /// other use of a set. Cost: a look at each peer in it, if any peer left.
    PeerSet& current(PeerSet& set) const {
        if (set.looked_at_ == leaves_) return set;
        for (std::size_t i = 0; i < set.words_.size(); ++i) {
            for (auto rest = set.words_[i]; rest != 0; rest &= rest - 1) {
                const auto bit = static_cast<std::size_t>(std::countr_zero(rest));
                if (left_at_[64 * i + bit] > set.looked_at_) set.words_[i] &= ~(1ULL << bit);
            }
        }
        set.looked_at_ = leaves_;
        return set;
    }

private:
    std::vector<std::uint64_t> left_at_;  // when the last peer of each slot left, by leaves_
    std::vector<PeerSlot> free_;          // a heap, the lowest first
    std::uint64_t leaves_ = 0;
};

}  // namespace parley::gossip
