#include <parley/transport/switch/penalties.hpp>

#include <string>
#include <variant>

namespace parley::transport {

void Penalties::penalise(Connection& c, Offence offence) {
    ++c.offences;
    if (!charge(c, offence)) return;
    admission_.close(
        c, {.reason = CloseReason::misbehaviour, .sender_value = std::string{name(offence)}});
}

void Penalties::on_closed(const Connection& c, CloseReason reason) {
    if (c.authenticated) {
        if (reason == CloseReason::protocol_error) charge(c, Offence::protocol);
        if (reason == CloseReason::bad_frame) charge_address(c, reason);
    } else if (c.phase != Phase::closing) {
        // A node that we dialed may stall for good reasons of its own; a caller has none.
        const bool dialed = c.direction == Direction::outbound;
        if (!dialed || reason != CloseReason::handshake_timeout) charge_address(c, reason);
    }
}

/// True if that banned the peer.
bool Penalties::charge(const Connection& c, Offence offence) {
    if (state_.log.enabled(LogLevel::debug)) {
        state_.log.write(LogLevel::debug, "switch", "offence",
                         {{"id", c.id->short_string()}, {"offence", name(offence)}});
    }
    if (!offences_.charge(state_.now, *c.id, c.endpoint.address, offence)) return false;
    state_.log.write(LogLevel::info, "switch", "banned for misbehaviour",
                     {{"id", c.id->to_string()},
                      {"remote", c.endpoint.to_string()},
                      {"offence", name(offence)}});
    close_banned(&c);
    return true;
}

void Penalties::charge_address(const Connection& c, CloseReason reason) {
    if (offences_.charge(state_.now, c.endpoint.address, reason)) close_banned(&c);
}

void Penalties::ban(const NodeId& id, const std::optional<IpAddress>& address,
                    std::string_view why) {
    offences_.ban(state_.now, id, why);
    if (address) offences_.ban(state_.now, *address, why);
    state_.log.write(LogLevel::info, "switch", "banned", {{"id", id.to_string()}, {"why", why}});
    close_banned(nullptr);
}

bool Penalties::impose(const Ban& ban) {
    if (!offences_.impose(state_.now, ban)) return false;
    const auto* id = std::get_if<NodeId>(&ban.who);
    state_.log.write(LogLevel::info, "switch", "banned by the owner",
                     {{"who", id ? id->to_string() : std::get<NetworkGroup>(ban.who).to_string()},
                      {"why", ban.why}});
    close_banned(nullptr);
    return true;
}

void Penalties::close_banned(const Connection* except) {
    for (const auto& [link, c] : state_.connections.all()) {
        if (c.get() == except) continue;
        const bool chosen = c->direction == Direction::outbound && is_chosen(c->slot_class);
        if ((c->id && offences_.find(state_.now, *c->id)) ||
            admission_.is_banned(c->endpoint.address, chosen)) {
            admission_.close(*c, {.reason = CloseReason::banned});
        }
    }
}

}  // namespace parley::transport
