#include <parley/transport/switch/give_way.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace parley::transport {

namespace {

/// Keeps those that belong to the group with the most of them; of two such, the one that has the
/// first.
template <class GroupOf>
void keep_fullest(std::vector<std::size_t>& callers, GroupOf group_of) {
    std::map<decltype(group_of(std::size_t{})), std::size_t> sizes;
    for (const auto caller : callers) ++sizes[group_of(caller)];
    const auto fullest = std::ranges::max_element(
        callers, {}, [&](std::size_t caller) { return sizes.at(group_of(caller)); });
    const auto group = group_of(*fullest);
    std::erase_if(callers, [&](std::size_t caller) { return group_of(caller) != group; });
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
