#include <parley/chain/txpool/group_shares.hpp>

#include <utility>

namespace parley::chain {

void GroupShares::add(PoolEntry& entry) {
    if (!entry.promised || entry.local) return;
    entries_.insert(&entry);
    count(entry.group, entry.size_bytes, true);
}

void GroupShares::remove(PoolEntry& entry) {
    if (!entry.promised || entry.local) return;
    entries_.erase(&entry);
    count(entry.group, entry.size_bytes, false);
}

bool GroupShares::is_over(std::uint64_t group, std::size_t more_bytes) const {
    const auto found = bytes_.find(group);
    const auto bytes = found == bytes_.end() ? 0 : found->second;
    return bytes + more_bytes > share_bytes_;
}

std::vector<std::uint64_t> GroupShares::over() const {
    std::vector<std::uint64_t> out;
    for (auto it = by_bytes_.rbegin(); it != by_bytes_.rend() && is_over(it->second, 0); ++it) {
        out.push_back(it->second);
    }
    return out;
}

std::vector<PoolEntry*> GroupShares::take() {
    std::vector<PoolEntry*> out{entries_.begin(), entries_.end()};
    entries_.clear();
    bytes_.clear();
    by_bytes_.clear();
    return out;
}

void GroupShares::count(std::uint64_t group, std::size_t bytes, bool more) {
    auto& total = bytes_[group];
    by_bytes_.erase({total, group});
    total = more ? total + bytes : total - bytes;
    if (total > 0) {
        by_bytes_.insert({total, group});
    } else {
        bytes_.erase(group);
    }
}

}  // namespace parley::chain
