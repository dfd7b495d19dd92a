#include <parley/chain/consensus/pow/hash_rates.hpp>

#include <algorithm>
#include <limits>

namespace parley::chain {

void HashRates::forget_old(Now now) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.until <= now.instant; });
}

bool HashRates::report(Now now, const Hash256& id, std::uint64_t hashes_per_second) {
    forget_old(now);
    if (entries_.size() == entries_max && !entries_.contains(id)) return false;
    entries_.insert_or_assign(id, Entry{hashes_per_second, now.instant + kept});
    return true;
}

std::uint64_t HashRates::sum(Now now) {
    forget_old(now);
    std::uint64_t out = 0;
    for (const auto& [id, entry] : entries_) {
        out += std::min(entry.rate, std::numeric_limits<std::uint64_t>::max() - out);
    }
    return out;
}

}  // namespace parley::chain
