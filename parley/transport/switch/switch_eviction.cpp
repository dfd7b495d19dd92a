// A newcomer when all inbound slots are taken: somebody may leave for it, but not often. It waits,
// parked, until that one's token is back.
#include <parley/transport/switch/eviction.hpp>
#include <parley/transport/switch/switch_core.hpp>

#include <utility>

namespace parley::transport {

/// True: the caller waits. Private and loopback addresses have no groups, so nobody can tell who
/// of them adds to the variety.
bool SwitchCore::evict_for(Connection& c) {
    if (is_exempt_from_group_limits(c.endpoint.address)) return false;
    if (eviction_ || now_.instant < next_eviction_) return false;
    // Our own dial to it goes on, and has a place; the rule for two that dial each other must not
    // wait for a third one.
    if (by_peer_[*c.id].dial) return false;
    const NetworkGroup group = outbound_group(c.endpoint.address);
    std::erase_if(made_room_for_, [&](const auto& made) {
        return made.second + config_.eviction_group_interval <= now_.instant;
    });
    if (made_room_for_.contains(group)) return false;
    std::vector<InboundLink> links;
    for (const Connection* other : up_) {
        if (other->phase != Phase::up || other->token.kind() != SlotKind::inbound) continue;
        if (is_exempt_from_group_limits(other->endpoint.address)) continue;
        links.push_back({other->link, outbound_group(other->endpoint.address), other->since,
                         other->handshake_time, other->useful_at});
    }
    const auto victim = choose_victim(links, group, eviction_salt_);
    if (!victim) return false;
    next_eviction_ = now_.instant + config_.eviction_interval;
    made_room_for_.emplace(group, now_.instant);
    ++stats_.evictions;
    eviction_ = Eviction{*victim, *c.id};
    park(c, by_peer_[*c.id]);
    close(*find(*victim), {CloseReason::rotated, "making room", {}, {}});
    return true;
}

/// The one that had to leave has left.
void SwitchCore::end_eviction(LinkId left) {
    if (!eviction_ || eviction_->victim != left) return;
    reconsider(std::exchange(eviction_, std::nullopt)->newcomer);
}

}  // namespace parley::transport
