#include <parley/node/rpc/filters.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::node {

Filters::Filters(Rng rng, FilterLimits limits)
    : rng_(rng),
      limits_(limits),
      blocks_(limits.blocks_max),
      transactions_(limits.transactions_max) {}

const RecentHashes* Filters::followed_by(FilterKind kind) const {
    switch (kind) {
        case FilterKind::logs:
            return nullptr;
        case FilterKind::blocks:
            return &blocks_;
        case FilterKind::transactions:
            return &transactions_;
    }
    return nullptr;
}

std::optional<std::string> Filters::add(Now now, FilterKind kind) {
    std::erase_if(filters_, [&](const auto& entry) { return entry.second.expires <= now.instant; });
    if (filters_.size() >= limits_.filters_max) return std::nullopt;
    const auto* followed = followed_by(kind);
    const Filter filter{kind, followed ? followed->end() : 0, now.instant + limits_.idle_max};
    // The first digit is not 0: a quantity has no leading zeros.
    auto id = fmt::format("{:#x}{:016x}", rng_.next() | std::uint64_t{1} << 63, rng_.next());
    filters_.insert_or_assign(id, filter);
    return id;
}

Filters::Place Filters::find(Now now, std::string_view id) {
    const auto found = filters_.find(id);
    if (found == filters_.end() || found->second.expires > now.instant) return found;
    filters_.erase(found);
    return filters_.end();
}

std::optional<std::vector<Hash256>> Filters::changes(Now now, std::string_view id) {
    const auto found = find(now, id);
    if (found == filters_.end()) return std::nullopt;
    auto& filter = found->second;
    filter.expires = now.instant + limits_.idle_max;
    const auto* followed = followed_by(filter.kind);
    if (followed == nullptr) return std::vector<Hash256>{};
    auto hashes = followed->since(filter.next);
    if (hashes) {
        filter.next = followed->end();
    } else {
        filters_.erase(found);
    }
    return hashes;
}

std::optional<FilterKind> Filters::kind(Now now, std::string_view id) {
    const auto found = find(now, id);
    if (found == filters_.end()) return std::nullopt;
    return found->second.kind;
}

bool Filters::remove(Now now, std::string_view id) {
    const auto found = find(now, id);
    if (found == filters_.end()) return false;
    filters_.erase(found);
    return true;
}

}  // namespace parley::node
