#include <parley/transport/switch/door.hpp>

#include <parley/transport/switch/give_way.hpp>

#include <vector>

namespace parley::transport {

Connection* Door::accept(const Endpoint& remote) {
    if (const Ban* ban = offences_.find(state_.now, remote.address)) {
        ++state_.stats.accepts_banned;
        if (state_.log.enabled(LogLevel::debug)) {
            state_.log.write(LogLevel::debug, "switch", "caller is banned",
                             {{"remote", remote.to_string()}, {"why", ban->why}});
        }
        return nullptr;
    }
    if (state_.waste.turns_away(state_.now.instant, remote.address) ||
        !rates_.admit(state_.now.instant, remote.address)) {
        return turn_away(remote, SlotError::too_often);
    }
    auto token = slots_.accept(remote.address);
    if (!token && token.error() == SlotError::no_handshake && make_way()) {
        token = slots_.accept(remote.address);
    }
    if (!token) return turn_away(remote, token.error());
    ++state_.stats.accepts;
    Connection& c =
        state_.connections.add(state_.now.instant, remote, Direction::inbound, std::move(*token));
    unproven_.insert(c.link);
    return &c;
}

Connection* Door::turn_away(const Endpoint& remote, SlotError why) {
    ++state_.stats.accepts_without_slot[why];
    if (state_.log.enabled(LogLevel::debug)) {
        state_.log.write(LogLevel::debug, "switch", "caller finds no slot",
                         {{"remote", remote.to_string()}, {"why", name(why)}});
    }
    return nullptr;
}

/// Looks through all unproven callers, and so only where one can go: that, the rates of calls and
/// the most that p2p.handshakes_max may be bound what strangers make it cost.
bool Door::make_way() {
    if (slots_.free(SlotKind::giving_way) == 0) return false;
    std::vector<Connection*> callers;
    std::vector<IpAddress> addresses;
    for (const LinkId link : unproven_) {
        Connection* c = state_.connections.find(link);
        if (!c || c->since + undisturbed > state_.now.instant) continue;
        callers.push_back(c);
        addresses.push_back(c->endpoint.address);
    }
    const auto chosen = choose_to_give_way(addresses);
    if (!chosen) return false;
    Connection& c = *callers[*chosen];
    if (!slots_.give_way(c.token)) return false;
    unproven_.erase(c.link);
    ++state_.stats.gave_way;
    c.phase = Phase::closing;
    c.close_reason = CloseReason::rotated;
    state_.connections.command(c.link, Abandon{CloseReason::rotated});
    return true;
}

void Door::on_proven(const Connection& c) {
    if (c.direction != Direction::inbound) return;
    unproven_.erase(c.link);
    rates_.on_success(c.endpoint.address);
}

void Door::on_failed(const Connection& c) {
    if (c.direction == Direction::inbound) {
        rates_.on_failure(state_.now.instant, c.endpoint.address);
    }
}

}  // namespace parley::transport
