#include <parley/transport/switch/give_way.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace parley::transport {

namespace {

/// Keeps those that belong to the group with the most of them; of two such, the one that has the
/// first.
template <class GroupOf>
void keep_fullest(std::vector<std::size_t>& callers, GroupOf group_of) {
    using Item = std::pair<decltype(group_of(std::size_t{})), std::size_t>;
    std::vector<Item> items;
    for (const auto caller : callers) items.emplace_back(group_of(caller), caller);
    std::ranges::sort(items);  // the groups one after the other, each with its oldest first
    std::span<const Item> fullest;
    for (std::span<const Item> rest{items}; !rest.empty();) {
        const auto end = std::ranges::find_if(
            rest, [&](const Item& item) { return item.first != rest.front().first; });
        const auto group = rest.first(static_cast<std::size_t>(end - rest.begin()));
        rest = rest.subspan(group.size());
        if (group.size() < fullest.size()) continue;
        if (group.size() > fullest.size() || group.front().second < fullest.front().second) {
            fullest = group;
        }
    }
    callers.clear();
    for (const auto& item : fullest) callers.push_back(item.second);
}

}  // namespace

std::optional<std::size_t> choose_to_give_way(std::span<const IpAddress> oldest_first) {
    std::vector<std::size_t> callers;
    for (std::size_t i = 0; i < oldest_first.size(); ++i) {
        if (!is_exempt_from_group_limits(oldest_first[i])) callers.push_back(i);
    }
    if (callers.empty()) return std::nullopt;
    keep_fullest(callers, [&](std::size_t i) { return oldest_first[i].is_v4(); });
    keep_fullest(callers, [&](std::size_t i) { return outbound_group(oldest_first[i]); });
    keep_fullest(callers, [&](std::size_t i) { return inbound_group(oldest_first[i]); });
    return callers.front();
}

}  // namespace parley::transport
