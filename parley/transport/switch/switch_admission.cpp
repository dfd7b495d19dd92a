// Who gets in: the checks of a peer that has proven its ID, and the rule for two that dial each
// other.
//
// The rule, so that both sides keep the same link whatever the delays: a dial is committed when
// its M3 goes out, which is when decide_outbound says Proceed. An M3 that arrives
//   - while a link to that ID is up (or ending): waits for a sign of life of the old one;
//   - while our own dial is not committed: is accepted, and our dial given up. The other side
//     never sees our M3, so it cannot give up the link that we keep;
//   - while our own dial is committed: the dial of the lower ID wins. If ours wins, the other
//     one is parked until ours is up (then refused) or has failed (then promoted). If theirs
//     wins, it is promoted at once and ours is given up.
// We give up a committed dial only for a link that is up on our side, and the lower side gives
// up nothing before its own is up: so never are both links lost to the rule.
#include <parley/base/mutation.hpp>
#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/switch/switch_core.hpp>

#include <fmt/format.h>

#include <cassert>
#include <utility>

namespace parley::transport {

void SwitchCore::on_authenticated(Connection& c, Authenticated authenticated) {
    if (c.direction == Direction::outbound && c.id == authenticated.peer) c.authenticated = true;
    if (c.phase != Phase::dialing && c.phase != Phase::handshaking) return;  // given up meanwhile
    c.authenticated = true;
    c.hello = std::move(authenticated.hello);
    c.round_trip = c.handshake_time = authenticated.round_trip;
    if (c.direction == Direction::outbound && c.id != authenticated.peer) {
        return abandon(c, CloseReason::wrong_identity);  // the Link checks this first
    }
    c.id = authenticated.peer;
    if (authenticated.must_refuse) return refuse(c, std::move(*authenticated.must_refuse));
    if (authenticated.peer == key_.id()) return refuse(c, {CloseReason::self_dial, {}, {}, {}});
    if (c.direction == Direction::outbound) {
        decide_outbound(c);
    } else {
        decide_inbound(c);
    }
}

std::optional<Goodbye> SwitchCore::objection(const Connection& c) const {
    if (is_banned(*c.id)) return Goodbye{CloseReason::banned, {}, {}, {}};
    return check_hello(hello_, config_.forks, *c.hello);
}

void SwitchCore::decide_outbound(Connection& c) {
    if (c.slot_class == SlotClass::feeler) {
        [[maybe_unused]] const auto swapped = swap_token(c);
        assert(swapped);
        return refuse(c, {CloseReason::rotated, {}, {}, {}});
    }
    if (auto goodbye = objection(c)) return refuse(c, std::move(*goodbye));
    if (!admit(c)) return;
    c.phase = Phase::committed;
    command(c.link, Proceed{});
}

void SwitchCore::decide_inbound(Connection& c) {
    if (auto goodbye = objection(c)) return refuse(c, std::move(*goodbye));
    PeerLinks& peer_links = by_peer_[*c.id];
    if (peer_links.parked) return refuse(c, {CloseReason::duplicate, {}, {}, {}});
    if (peer_links.live) {
        park(c, peer_links);
        if (peer_links.live->phase == Phase::up) {
            command(peer_links.live->link, Probe{config_.probe_patience});
        }
        return;
    }
    const bool ours_committed = peer_links.dial && peer_links.dial->phase == Phase::committed;
    // The mistake is made by some nodes only: made by both sides, it is as good a rule.
    const bool inverted = mutated(Mutation::dial_rule_inverted) &&
                          (key_.id().key.back() & std::byte{1}) != std::byte{0};
    if (ours_committed && (key_.id() < *c.id) != inverted) {
        return park(c, peer_links);
    }
    // If it is not admitted, our own dial goes on: it has a place already.
    if (!admit(c)) return;
    if (peer_links.dial && peer_links.dial->phase != Phase::closing) {
        abandon(*peer_links.dial, CloseReason::tie_lost);
    }
    peer_links.live = &c;
    command(c.link, Proceed{});
    bring_up(c);
}

void SwitchCore::park(Connection& c, PeerLinks& peer_links) {
    c.phase = Phase::parked;
    peer_links.parked = &c;
}

Result<void, SlotError> SwitchCore::swap_token(Connection& c) {
    if (c.direction == Direction::outbound) return slots_.promote(c.token, c.slot_class);
    const auto known = classes_.find(*c.id);
    if (known != classes_.end() && slots_.promote(c.token, known->second)) {
        c.slot_class = known->second;
        return {};
    }
    return slots_.promote(c.token, SlotClass::ordinary);
}

/// Takes the memory for its windows and the token of its class; or the link is refused, or waits
/// for another one to leave.
bool SwitchCore::admit(Connection& c) {
    std::uint64_t windows = 0;
    for (const CommonTopic& topic : common_topics(hello_, *c.hello)) {
        windows += initial_credit(topic.ours);
    }
    const std::uint64_t left = config_.receive_bytes_max - stats_.receive_bytes_reserved;
    if (windows > left) {
        refuse(c, {CloseReason::no_memory,
                   fmt::format("{} bytes left", left),
                   fmt::format("{} bytes needed", windows),
                   {}});
        return false;
    }
    if (const auto swapped = swap_token(c); !swapped) {
        if (swapped.error() == SlotError::no_slot && evict_for(c)) return false;
        refuse(c, too_many_peers(c, swapped.error()));
        return false;
    }
    c.receive_bytes_reserved = windows;
    stats_.receive_bytes_reserved += windows;
    return true;
}

Goodbye SwitchCore::too_many_peers(const Connection& c, SlotError why) const {
    Goodbye goodbye{CloseReason::too_many_peers, std::string{name(why)}, {}, {}};
    if (alternatives && c.direction == Direction::inbound) {
        goodbye.others = alternatives(c.endpoint, c.hello->record, Goodbye::records_max);
        if (goodbye.others.size() > Goodbye::records_max) {
            goodbye.others.erase(goodbye.others.begin() + Goodbye::records_max,
                                 goodbye.others.end());
        }
    }
    return goodbye;
}

void SwitchCore::refuse(Connection& c, Goodbye goodbye) {
    assert(c.phase != Phase::closing);
    if (c.direction == Direction::inbound && !c.was_up && c.id) {
        // It belongs to its ID until it has ended, if only to be counted.
        PeerLinks& peer_links = by_peer_[*c.id];
        if (peer_links.parked == &c) peer_links.parked = nullptr;
        ++peer_links.refused;
    }
    c.phase = Phase::closing;
    c.close_reason = goodbye.reason;
    if (!c.was_up && !(goodbye.sender_value.empty() && goodbye.receiver_value.empty())) {
        c.refusal =
            fmt::format("ours: {}, theirs: {}", goodbye.sender_value, goodbye.receiver_value);
    }
    command(c.link, Refuse{std::move(goodbye)});
}

void SwitchCore::abandon(Connection& c, CloseReason reason) {
    assert(c.phase != Phase::closing);
    c.phase = Phase::closing;
    c.close_reason = reason;
    command(c.link, Abandon{reason});
}

void SwitchCore::close(Connection& c, Goodbye goodbye) {
    switch (c.phase) {
        case Phase::dialing:
        case Phase::handshaking:
            return abandon(c, goodbye.reason);
        case Phase::parked:
        case Phase::committed:
        case Phase::up:
            return refuse(c, std::move(goodbye));
        case Phase::closing:
            return;
    }
}

void SwitchCore::on_up(Connection& c) {
    if (c.phase != Phase::committed) return;
    PeerLinks& peer_links = by_peer_[*c.id];
    assert(peer_links.dial == &c && !peer_links.live);
    peer_links.dial = nullptr;
    peer_links.live = &c;
    if (peer_links.parked) refuse(*peer_links.parked, {CloseReason::duplicate, {}, {}, {}});
    bring_up(c);
}

void SwitchCore::on_alive(Connection& c) {
    if (c.phase != Phase::up) return;
    const auto found = by_peer_.find(*c.id);
    assert(found != by_peer_.end() && found->second.live == &c);
    if (found->second.parked) {
        refuse(*found->second.parked, {CloseReason::duplicate, {}, {}, {}});
    }
}

}  // namespace parley::transport
