// A newcomer when all inbound slots are taken: somebody may leave for it, but not often. It waits,
// parked, until that one's token is back.
#include <parley/transport/eviction.hpp>
#include <parley/transport/switch_core.hpp>

#include <utility>

namespace parley::transport {

/// True: the caller waits. Private and loopback addresses have no groups, so nobody can tell who
/// of them adds to the variety.
bool SwitchCore::evict_for(Connection& c) {
    if (c.direction != Direction::inbound || is_exempt_from_group_limits(c.endpoint.address)) {
        return false;
    }
    if (eviction_ || now_.instant < next_eviction_) return false;
    std::vector<InboundLink> links;
    for (const Connection* other : up_) {
        if (other->phase != Phase::up || other->token.kind() != SlotKind::inbound) continue;
        if (is_exempt_from_group_limits(other->endpoint.address)) continue;
        links.push_back({other->link, outbound_group(other->endpoint.address), other->since,
                         other->round_trip, other->useful_at});
    }
    const auto victim = choose_victim(links, outbound_group(c.endpoint.address), eviction_salt_);
    if (!victim) return false;
    next_eviction_ = now_.instant + config_.eviction_interval;
    ++stats_.evictions;
    eviction_ = Eviction{*victim, *c.id};
    park(c, contacts_[*c.id]);
    close(*find(*victim), {CloseReason::rotated, "making room", {}, {}});
    return true;
}

/// The one that had to leave has left.
void SwitchCore::end_eviction(LinkId left) {
    if (!eviction_ || eviction_->victim != left) return;
    reconsider(std::exchange(eviction_, std::nullopt)->newcomer);
}

}  // namespace parley::transport
