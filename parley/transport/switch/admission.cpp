#include <parley/transport/switch/admission.hpp>

#include <parley/base/mutation.hpp>
#include <parley/transport/handshake/hello_check.hpp>
#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/switch/eviction.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace parley::transport {

namespace {

/// Of the addresses that no limit by group counts.
const IpAddress no_group = IpAddress::v4({std::byte{127}, {}, {}, std::byte{1}});

bool counts_in_group(const Connection& c) {
    return c.direction == Direction::outbound && c.slot_class == SlotClass::ordinary &&
           c.phase != Phase::closing && !c.endpoint.address.is_unspecified() &&
           !is_exempt_from_group_limits(c.endpoint.address);
}

}  // namespace

Admission::Admission(SwitchState& state, const Offences& offences, const AddressRefusals& refusals,
                     Rng& rng)
    : state_(state),
      offences_(offences),
      refusals_(refusals),
      slots_(state.config.slots),
      door_(state, offences, slots_, rng.split("door").next()),
      eviction_salt_(rng.split("eviction").next()) {}

Result<Connection*, DialError> Admission::dial(const Target& target, const DialOptions& options) {
    if (target.id == state_.own.id()) return std::unexpected{DialError::self};
    if (by_peer_.contains(target.id)) return std::unexpected{DialError::already};
    const bool has_address = target.host.empty();
    if (is_banned(target.id) || (has_address && is_banned(target.endpoint.address))) {
        return std::unexpected{DialError::banned};
    }
    if (state_.stopping) return std::unexpected{DialError::no_slot};
    // The group of a name is not known yet: on_connected looks at it.
    auto token = slots_.dial(has_address ? target.endpoint.address : no_group, options.slot_class);
    if (!token) {
        return std::unexpected{token.error() == SlotError::group_taken ? DialError::group_taken
                                                                       : DialError::no_slot};
    }
    ++state_.stats.dials;
    Connection& c = state_.connections.add(state_.now.instant, target.endpoint, Direction::outbound,
                                           std::move(*token));
    c.slot_class = options.slot_class;
    c.id = target.id;
    c.target = target;
    c.explicit_target = options.explicit_target;
    by_peer_[target.id].dial = &c;
    state_.connections.open(c, target);
    return &c;
}

void Admission::on_connected(Connection& c, const Endpoint& endpoint) {
    if (c.phase != Phase::dialing) return;
    c.endpoint = endpoint;
    if (is_banned(endpoint.address)) return abandon(c, CloseReason::banned);
    if (group_taken_by_others(c)) abandon(c, CloseReason::dial_failed);
}

OwnerGroup Admission::owner_of(const Connection& connection) const {
    return slots_.limits().owners.of(connection.endpoint.address);
}

bool Admission::group_taken_by_others(const Connection& connection) const {
    if (!counts_in_group(connection)) return false;
    const auto group = owner_of(connection);
    const auto others = std::ranges::count_if(state_.connections.all(), [&](const auto& item) {
        const Connection& c = *item.second;
        return &c != &connection && counts_in_group(c) && owner_of(c) == group;
    });
    return static_cast<std::size_t>(others) >= slots_.limits().outbound_per_group_max;
}

bool Admission::is_banned(const NodeId& id) const {
    return offences_.find(state_.now, id) != nullptr || (allowed && !allowed(id));
}

bool Admission::is_banned(const IpAddress& address) const {
    return offences_.find(state_.now, address) != nullptr;
}

/// One that the owner named, that we dial, or that the book has: what its neighbours did is not
/// held against it.
bool Admission::is_known(const NodeId& id) const {
    if (classes_.contains(id) || (known && known(id))) return true;
    const auto found = by_peer_.find(id);
    return found != by_peer_.end() && found->second.dial;
}

void Admission::set_class(const NodeId& id, SlotClass slot_class) {
    if (is_chosen(slot_class)) {
        classes_[id] = slot_class;
    } else {
        classes_.erase(id);
    }
}

// --- Proven --------------------------------------------------------------------------------

bool Admission::on_authenticated(Connection& c, Authenticated authenticated) {
    if (c.direction == Direction::outbound && c.id == authenticated.peer) c.authenticated = true;
    if (c.phase != Phase::dialing && c.phase != Phase::handshaking) return false;  // given up
    c.authenticated = true;
    door_.on_proven(c);
    c.hello = std::move(authenticated.hello);
    c.round_trip = c.handshake_time = authenticated.round_trip;
    if (c.direction == Direction::outbound && c.id != authenticated.peer) {
        abandon(c, CloseReason::wrong_identity);  // the Link checks this first
        return false;
    }
    c.id = authenticated.peer;
    if (authenticated.must_refuse) {
        refuse(c, std::move(*authenticated.must_refuse));
    } else if (authenticated.peer == state_.own.id()) {
        refuse(c, {.reason = CloseReason::self_dial});
    } else if (c.direction == Direction::outbound) {
        decide_outbound(c);
    } else {
        return decide_inbound(c);
    }
    return false;
}

std::optional<Goodbye> Admission::objection(const Connection& c) const {
    if (is_banned(*c.id)) return Goodbye{.reason = CloseReason::banned};
    if (c.direction == Direction::inbound &&
        refusals_.refuses(state_.now.instant, c.endpoint.address) && !is_known(*c.id)) {
        return Goodbye{.reason = CloseReason::too_many_peers,
                       .sender_value = "many nodes at this address misbehaved: later"};
    }
    return state_.own.objection(*c.hello);
}

void Admission::decide_outbound(Connection& c) {
    if (c.slot_class == SlotClass::feeler) {
        [[maybe_unused]] const auto swapped = swap_token(c);
        assert(swapped);
        return refuse(c, {.reason = CloseReason::rotated});
    }
    if (auto goodbye = objection(c)) return refuse(c, std::move(*goodbye));
    // It calls those that serve it, and is of no use to others.
    if (is_light(*c.hello) && c.slot_class == SlotClass::ordinary) {
        return refuse(c, {.reason = CloseReason::roles_do_not_fit,
                          .sender_value = "dials full nodes alone",
                          .receiver_value = "light"});
    }
    if (!admit(c)) return;
    c.phase = Phase::committed;
    state_.connections.command(c.link, Proceed{});
}

bool Admission::decide_inbound(Connection& c) {
    if (auto goodbye = objection(c)) {
        refuse(c, std::move(*goodbye));
        return false;
    }
    PeerLinks& peer_links = by_peer_[*c.id];
    if (peer_links.parked) {
        refuse(c, {.reason = CloseReason::duplicate});
        return false;
    }
    if (peer_links.live) {
        park(c, peer_links);
        if (peer_links.live->phase == Phase::up) {
            state_.connections.command(peer_links.live->link, Probe{state_.config.probe_patience});
        }
        return false;
    }
    const bool ours_committed = peer_links.dial && peer_links.dial->phase == Phase::committed;
    const NodeId& own = state_.own.id();
    // The mistake is made by some nodes only: made by both sides, it is as good a rule.
    const bool inverted =
        mutated(Mutation::dial_rule_inverted) && (own.key.back() & std::byte{1}) != std::byte{0};
    if (ours_committed && (own < *c.id) != inverted) {
        park(c, peer_links);
        return false;
    }
    // If it is not admitted, our own dial goes on: it has a place already.
    if (!admit(c)) return false;
    if (peer_links.dial && peer_links.dial->phase != Phase::closing) {
        abandon(*peer_links.dial, CloseReason::tie_lost);
    }
    peer_links.live = &c;
    state_.connections.command(c.link, Proceed{});
    return true;
}

void Admission::park(Connection& c, PeerLinks& peer_links) {
    c.phase = Phase::parked;
    peer_links.parked = &c;
}

Result<void, SlotError> Admission::swap_token(Connection& c) {
    if (c.direction == Direction::outbound) return slots_.promote(c.token, c.slot_class);
    const auto chosen = classes_.find(*c.id);
    if (chosen != classes_.end() && slots_.promote(c.token, chosen->second)) {
        c.slot_class = chosen->second;
        return {};
    }
    if (is_light(*c.hello)) c.slot_class = SlotClass::light;
    return slots_.promote(c.token, c.slot_class);
}

/// Takes the memory for its windows and the token of its class; or the link is refused, or waits
/// for another one to leave.
bool Admission::admit(Connection& c) {
    std::uint64_t windows = 0;
    for (const CommonTopic& topic : common_topics(state_.own.hello(), *c.hello)) {
        windows += initial_credit(topic.ours);
    }
    auto& reserved = state_.stats.receive_bytes_reserved;
    const std::uint64_t left = state_.config.receive_bytes_max - reserved;
    if (windows > left) {
        refuse(c, {.reason = CloseReason::no_memory,
                   .sender_value = fmt::format("{} bytes left", left),
                   .receiver_value = fmt::format("{} bytes needed", windows)});
        return false;
    }
    if (const auto swapped = swap_token(c); !swapped) {
        const bool may_evict =
            swapped.error() == SlotError::no_slot && c.slot_class != SlotClass::light;
        if (may_evict && evict_for(c)) return false;
        refuse(c, too_many_peers(c, swapped.error()));
        return false;
    }
    c.receive_bytes_reserved = windows;
    reserved += windows;
    return true;
}

Goodbye Admission::too_many_peers(const Connection& c, SlotError why) const {
    Goodbye goodbye{.reason = CloseReason::too_many_peers, .sender_value = std::string{name(why)}};
    if (!alternatives || c.direction == Direction::outbound) return goodbye;
    goodbye.others = alternatives(c.endpoint, c.hello->record, Goodbye::records_max);
    if (goodbye.others.size() > Goodbye::records_max) {
        goodbye.others.erase(goodbye.others.begin() + Goodbye::records_max, goodbye.others.end());
    }
    return goodbye;
}

bool Admission::on_up(Connection& c) {
    if (c.phase != Phase::committed) return false;
    PeerLinks& peer_links = by_peer_[*c.id];
    assert(peer_links.dial == &c && !peer_links.live);
    peer_links.dial = nullptr;
    peer_links.live = &c;
    if (peer_links.parked) refuse(*peer_links.parked, {.reason = CloseReason::duplicate});
    return true;
}

void Admission::on_alive(Connection& c) {
    if (c.phase != Phase::up) return;
    const auto found = by_peer_.find(*c.id);
    assert(found != by_peer_.end() && found->second.live == &c);
    if (found->second.parked) {
        refuse(*found->second.parked, {.reason = CloseReason::duplicate});
    }
}

// --- The way out ---------------------------------------------------------------------------

void Admission::close(Connection& c, Goodbye goodbye) {
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

void Admission::close_all(const NodeId& id, CloseReason reason) {
    const auto found = by_peer_.find(id);
    if (found == by_peer_.end()) return;
    for (Connection* c : {found->second.dial, found->second.live, found->second.parked}) {
        if (c) close(*c, {.reason = reason});
    }
}

void Admission::refuse(Connection& c, Goodbye goodbye) {
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
    state_.connections.command(c.link, Refuse{std::move(goodbye)});
}

void Admission::abandon(Connection& c, CloseReason reason) {
    assert(c.phase != Phase::closing);
    c.phase = Phase::closing;
    c.close_reason = reason;
    state_.connections.command(c.link, Abandon{reason});
}

void Admission::give_back(Connection& c) {
    door_.on_ended(c);
    state_.stats.receive_bytes_reserved -= std::exchange(c.receive_bytes_reserved, 0);
    HeldSlots::Holds holds;
    for (const auto& lane : c.lanes) {
        if (!lane->hold().expired()) holds.emplace_back(lane->topic(), lane->hold());
    }
    if (holds.empty()) return slots_.give_back(c.token);
    held_.add(state_.now, std::move(c.token), std::move(holds));
}

void Admission::collect_held() {
    held_.collect(state_.now, slots_, state_.log);
}

Admission::~Admission() {
    held_.give_back_all(slots_);
}

void Admission::leave_peer_links(const Connection& c) {
    if (!c.id) return;
    const auto found = by_peer_.find(*c.id);
    if (found == by_peer_.end()) return;
    PeerLinks& peer_links = found->second;
    if (peer_links.live == &c) {
        peer_links.live = nullptr;
    } else if (peer_links.dial == &c) {
        peer_links.dial = nullptr;
    } else if (peer_links.parked == &c) {
        peer_links.parked = nullptr;
    } else {
        assert(peer_links.refused > 0);
        --peer_links.refused;
    }
}

Connection* Admission::reconsider(const NodeId& id) {
    const auto found = by_peer_.find(id);
    if (found == by_peer_.end()) return nullptr;
    PeerLinks& peer_links = found->second;
    const bool evicting = eviction_ && eviction_->newcomer == id;
    if (peer_links.parked && !peer_links.live && !peer_links.dial && !evicting) {
        Connection& next = *std::exchange(peer_links.parked, nullptr);
        next.phase = Phase::handshaking;
        return decide_inbound(next) ? &next : nullptr;
    }
    if (peer_links.empty()) by_peer_.erase(found);
    return nullptr;
}

// --- Making room ---------------------------------------------------------------------------

/// All inbound slots are taken: a link may leave for the newcomer, but not often. True: it waits,
/// parked, for that one's token. Private and loopback addresses have no groups, so that nothing
/// shows which of them would add to the variety.
bool Admission::evict_for(Connection& c) {
    if (is_exempt_from_group_limits(c.endpoint.address)) return false;
    if (eviction_ || state_.now.instant < next_eviction_) return false;
    // Our own dial to it goes on, and has a place; the rule for two that dial each other must not
    // wait for a third one.
    if (by_peer_[*c.id].dial) return false;
    const OwnerGroup group = owner_of(c);
    std::erase_if(made_room_for_, [&](const auto& made) {
        return made.second + state_.config.eviction_group_interval <= state_.now.instant;
    });
    if (made_room_for_.contains(group)) return false;
    const auto victim = choose_victim_for(group);
    if (!victim) return false;
    next_eviction_ = state_.now.instant + state_.config.eviction_interval;
    made_room_for_.emplace(group, state_.now.instant);
    ++state_.stats.evictions;
    eviction_ = Eviction{*victim, *c.id};
    park(c, by_peer_[*c.id]);
    close(*state_.connections.find(*victim),
          {.reason = CloseReason::rotated, .sender_value = "making room"});
    return true;
}

std::optional<LinkId> Admission::choose_victim_for(const OwnerGroup& group) const {
    std::vector<InboundLink> links;
    for (const Connection* c : state_.connections.up()) {
        if (c->phase != Phase::up || c->token.kind() != SlotKind::inbound) continue;
        if (is_exempt_from_group_limits(c->endpoint.address)) continue;
        links.push_back({.link = c->link,
                         .group = owner_of(*c),
                         .since = c->since,
                         .round_trip = c->handshake_time,
                         .useful_at = c->useful_at});
    }
    return choose_victim(links, group, eviction_salt_);
}

Connection* Admission::end_eviction(LinkId left) {
    if (!eviction_ || eviction_->victim != left) return nullptr;
    const NodeId newcomer = std::exchange(eviction_, std::nullopt)->newcomer;
    return reconsider(newcomer);
}

}  // namespace parley::transport
