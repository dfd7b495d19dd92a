// The one way out of a link, whatever the cause: modules are told, in order; then the token
// returns; then the rest of the node hears of it. Also the price of misbehaviour.
#include <parley/transport/switch/switch_core.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::transport {

void SwitchCore::on_closed(Connection& c, Closed closed) {
    if (c.authenticated) {
        if (closed.reason == CloseReason::protocol_error) charge(c, Offence::protocol);
        if (closed.reason == CloseReason::bad_frame) charge_address(c, closed.reason);
    } else if (c.phase != Phase::closing) {
        // Whom we dialed may stall for his own good reasons; a caller has none.
        const bool dialed = c.direction == Direction::outbound;
        if (!dialed || closed.reason != CloseReason::handshake_timeout) {
            charge_address(c, closed.reason);
        }
    }
    std::vector<Enr> others;
    if (closed.goodbye) {
        c.authenticated = true;  // only a proven node can say goodbye
        others = std::move(closed.goodbye->others);
    }
    release(c, closed.reason, closed.detail, std::move(others));
}

void SwitchCore::release(Connection& c, CloseReason reason, std::string_view detail,
                         std::vector<Enr> others) {
    if (c.phase == Phase::closing) {
        reason = c.close_reason;  // what we ended it for, however the end came about
    } else {
        c.phase = Phase::closing;
        c.close_reason = reason;
    }
    std::erase(up_, &c);
    tell_modules_closed(c, reason);
    stats_.receive_bytes_reserved -= std::exchange(c.receive_bytes_reserved, 0);
    growth_bytes_ -= std::exchange(c.growth_bytes, 0);
    slots_.give_back(c.token);
    ++stats_.closed[reason];
    if (c.was_up) {
        ++stats_.disconnects[reason];
    } else {
        ++stats_.handshakes_failed[{c.direction, reason}];
    }
    if (log_.enabled(c.was_up ? LogLevel::info : LogLevel::debug)) {
        log_.write(c.was_up ? LogLevel::info : LogLevel::debug, "switch",
                   c.was_up ? "peer down" : "link ended before it was up",
                   {{"link", c.link.value},
                    {"id", c.id ? c.id->short_string() : "unknown"},
                    {"remote", c.endpoint.to_string()},
                    {"direction", name(c.direction)},
                    {"reason", name(reason)},
                    {"detail", detail}});
    }
    publish_end(c, reason, c.refusal.empty() ? detail : c.refusal, std::move(others));
    const std::optional<NodeId> id = c.id;
    leave_peer_links(c);
    const LinkId link = c.link;
    connections_.erase(link);
    end_eviction(link);  // before a second call of the one that left
    if (id) reconsider(*id);
}

void SwitchCore::tell_modules_closed(Connection& c, CloseReason reason) {
    for (std::size_t i = 0; i < c.lane_of_module.size(); ++i) {
        close_lane(c, i, reason);
    }
}

void SwitchCore::publish_end(Connection& c, CloseReason reason, std::string_view detail,
                             std::vector<Enr> others) {
    if (c.was_up) {
        hub_.publish(PeerDown{c.link, *c.id, c.endpoint, c.direction, reason,
                              now_.instant - c.since, c.bytes_in, c.bytes_out});
    } else if (c.direction == Direction::outbound) {
        fail_dial(c, reason, detail, std::move(others));
    }
}

void SwitchCore::fail_dial(Connection& c, CloseReason reason, std::string_view detail,
                           std::vector<Enr> others) {
    warn_of_failed_dial(c, reason, detail);
    hub_.publish(DialFailed{.target = Target{*c.id, c.endpoint},
                            .slot_class = c.slot_class,
                            .reason = reason,
                            .alive = c.authenticated,
                            .others = std::move(others),
                            .detail = std::string{detail}});
    const bool tested = c.slot_class == SlotClass::feeler && reason == CloseReason::rotated;
    if (tested) return;
    const FailedAttempt attempt{.target = *c.target,
                                .slot_class = c.slot_class,
                                .reason = reason,
                                .detail = std::string{detail},
                                .alive = c.authenticated};
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        if (disabled_[i]) continue;
        call_module(i, "on_attempt_failed", [&] { modules_[i]->on_attempt_failed(attempt); });
    }
}

/// Whoever named a target waits for it: why it does not come is said once.
void SwitchCore::warn_of_failed_dial(const Connection& c, CloseReason reason,
                                     std::string_view detail) {
    if (!c.explicit_target || !is_failure(reason) || !failed_dials_.is_news(*c.id, reason)) return;
    log_.write(LogLevel::warn, "switch", "no link to a target",
               {{"target", c.target->to_string()},
                {"reason", name(reason)},
                {"detail", detail},
                {"advice", advice(reason, c.authenticated)}});
}

void SwitchCore::leave_peer_links(Connection& c) {
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

/// Something of this ID ended: does the link that waits for it get its turn?
void SwitchCore::reconsider(const NodeId& id) {
    const auto found = by_peer_.find(id);
    if (found == by_peer_.end()) return;
    PeerLinks& peer_links = found->second;
    const bool evicting = eviction_ && eviction_->newcomer == id;
    if (peer_links.parked && !peer_links.live && !peer_links.dial && !evicting) {
        Connection& next = *std::exchange(peer_links.parked, nullptr);
        next.phase = Phase::handshaking;
        decide_inbound(next);
        return;
    }
    if (peer_links.empty()) by_peer_.erase(found);
}

/// True if that banned the peer.
bool SwitchCore::charge(const Connection& c, Offence offence) {
    if (log_.enabled(LogLevel::debug)) {
        log_.write(LogLevel::debug, "switch", "offence",
                   {{"id", c.id->short_string()}, {"offence", name(offence)}});
    }
    if (!offences_.charge(now_, *c.id, c.endpoint.address, offence)) return false;
    log_.write(LogLevel::info, "switch", "banned for misbehaviour",
               {{"id", c.id->to_string()},
                {"remote", c.endpoint.to_string()},
                {"offence", name(offence)}});
    close_banned(&c);
    return true;
}

void SwitchCore::charge_address(const Connection& c, CloseReason reason) {
    if (offences_.charge(now_, c.endpoint.address, reason)) close_banned(&c);
}

void SwitchCore::penalise(Connection& c, Offence offence) {
    ++c.offences;
    if (charge(c, offence)) {
        close(c, {CloseReason::misbehaviour, std::string{name(offence)}, {}, {}});
    }
}

}  // namespace parley::transport
