#include <parley/chain/txpool/eviction_plan.hpp>

#include <algorithm>

namespace parley::chain {

std::size_t EvictionPlan::kept(const PoolSender& sender) const {
    const auto found = std::ranges::find(cut_, &sender, &decltype(cut_)::value_type::first);
    return found == cut_.end() ? sender.entries.size() : found->second;
}

PoolEntry* EvictionPlan::tail(const PoolSender& sender) const {
    const auto stay = kept(sender);
    return stay == 0 ? nullptr : sender.entries[stay - 1];
}

bool EvictionPlan::is_doomed(const PoolEntry& entry) const {
    const auto* last = tail(*entry.owner);
    return last == nullptr || last->nonce < entry.nonce;
}

void EvictionPlan::doom_tail(PoolSender& sender) {
    auto found = std::ranges::find(cut_, &sender, &decltype(cut_)::value_type::first);
    if (found == cut_.end()) {
        found = cut_.insert(found, {&sender, sender.entries.size()});
    }
    auto* entry = sender.entries[--found->second];
    freed_bytes_ += entry->size_bytes;
    doomed_.push_back(entry);
}

void EvictionPlan::offer(const Candidate& candidate) {
    candidates_.push_back(candidate);
    std::push_heap(candidates_.begin(), candidates_.end());
}

void EvictionPlan::offer_place(std::size_t place) {
    const auto& items = entries_.tails().items();
    if (place >= items.size()) return;
    offer({items[place].key, items[place].sender->entries.back(), place});
}

PoolEntry* EvictionPlan::cheapest() {
    if (!std::exchange(has_begun_, true)) offer_place(0);
    while (!candidates_.empty()) {
        const auto first = candidates_.front();
        if (!is_doomed(*first.entry)) return first.entry;
        std::pop_heap(candidates_.begin(), candidates_.end());
        candidates_.pop_back();
        if (first.place != not_in_heap) {
            offer_place(2 * first.place + 1);
            offer_place(2 * first.place + 2);
        }
        if (auto* next = tail(*first.entry->owner)) {
            offer({entries_.tail_key(*next), next, not_in_heap});
        }
    }
    return nullptr;
}

}  // namespace parley::chain
