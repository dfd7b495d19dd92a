// EvictionPlan: which entries are to leave so that another one may come; nothing happens to them
// yet. Only the last of a sender that stay can be doomed. Threading: the node's thread.
#pragma once

#include <parley/chain/txpool/pool_entries.hpp>

#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace parley::chain {

class EvictionPlan {
public:
    /// `entries` must not change meanwhile.
    explicit EvictionPlan(const PoolEntries& entries) : entries_(entries) {}

    /// How many of a sender stay: the first.
    std::size_t kept(const PoolSender& sender) const;
    /// The last of those; null if none stays.
    PoolEntry* tail(const PoolSender& sender) const;
    bool is_doomed(const PoolEntry& entry) const;
    /// Precondition: there is one.
    void doom_tail(PoolSender& sender);
    /// The tail that leaves first; null if none stays. Cost: logarithmic in what is doomed.
    PoolEntry* cheapest();

    /// In the order in which they may leave.
    const std::vector<PoolEntry*>& doomed() const { return doomed_; }
    std::size_t freed_bytes() const { return freed_bytes_; }

private:
    static constexpr std::size_t not_in_heap = std::numeric_limits<std::size_t>::max();
    struct Candidate {
        TailKey key;
        PoolEntry* entry = nullptr;
        std::size_t place = not_in_heap;  // in the heap of tails: those below it come later
        friend bool operator<(const Candidate& a, const Candidate& b) { return b.key < a.key; }
    };
    void offer(const Candidate& candidate);
    void offer_place(std::size_t place);

    const PoolEntries& entries_;
    std::vector<PoolEntry*> doomed_;
    std::vector<std::pair<const PoolSender*, std::size_t>> cut_;  // with how many stay
    std::vector<Candidate> candidates_;                           // a heap, once one was asked for
    bool has_begun_ = false;
    std::size_t freed_bytes_ = 0;
};

}  // namespace parley::chain
