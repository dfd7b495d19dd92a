#include <parley/transport/switch/eviction.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace parley::transport {

namespace {

/// Each criterion keeps one link of so many.
constexpr std::size_t kept_part = 8;

using Links = std::vector<InboundLink>;

std::size_t part_of(std::size_t links) {
    return std::max<std::size_t>(1, links / kept_part);
}

/// Takes those out that come first in an order.
template <class Key>
void keep_first(Links& links, std::size_t count, Key key) {
    std::ranges::stable_sort(links, {}, key);
    links.erase(links.begin(),
                links.begin() + static_cast<std::ptrdiff_t>(std::min(count, links.size())));
}

/// Keeps the oldest link of each of the groups that come first by a hash that is this node's
/// secret.
void keep_groups(Links& links, std::size_t count, std::uint64_t salt) {
    const SaltedHash hash{salt};
    std::ranges::stable_sort(links, {}, [&](const InboundLink& link) {
        return std::pair{hash(key_of(link.group)), link.since};
    });
    std::set<OwnerGroup> kept;
    std::erase_if(links, [&](const InboundLink& link) {
        return kept.size() < count && kept.insert(link.group).second;
    });
}

}  // namespace

std::optional<LinkId> choose_victim(const std::vector<InboundLink>& links,
                                    const OwnerGroup& newcomer, std::uint64_t salt) {
    std::map<OwnerGroup, std::size_t> sizes;
    for (const auto& link : links) ++sizes[link.group];
    const std::size_t kept = part_of(links.size());
    Links left = links;
    keep_groups(left, kept, salt);
    keep_first(left, kept,
               [](const InboundLink& link) { return link.round_trip.value_or(Duration::max()); });
    keep_first(left, kept, [](const InboundLink& link) {
        return Instant::max() - link.useful_at.value_or(Instant{});
    });
    keep_first(left, left.size() / 2, &InboundLink::since);
    const auto victim = std::ranges::max_element(left, {}, [&](const InboundLink& link) {
        return std::pair{sizes.at(link.group), link.since};
    });
    if (victim == left.end() || sizes[newcomer] >= sizes.at(victim->group)) return std::nullopt;
    return victim->link;
}

}  // namespace parley::transport
