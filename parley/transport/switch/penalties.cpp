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
        // A bad tag may be the work of somebody on the path.
        if (reason == CloseReason::protocol_error) charge(c, Offence::protocol);
    } else if (c.phase != Phase::closing) {
        admission_.on_failed(c);
    }
}

/// True if that banned the peer.
bool Penalties::charge(const Connection& c, Offence offence) {
    if (state_.log.enabled(LogLevel::debug)) {
        state_.log.write(LogLevel::debug, "switch", "offence",
                         {{"id", c.id->short_string()}, {"offence", name(offence)}});
    }
    const auto& address = c.endpoint.address;
    const bool banned = offences_.charge(state_.now, *c.id, address, offence);
    state_.waste.note_offence(state_.now.instant, address, state_.config.offences.price(offence));
    const double score = banned ? state_.config.offences.limit : offences_.score(state_.now, *c.id);
    if (refusals_.note(state_.now.instant, address, *c.id, score)) {
        state_.log.write(
            LogLevel::info, "switch", "unknown nodes of an address are refused",
            {{"address", address.to_string()}, {"why", "many identities there misbehaved"}});
    }
    if (!banned) return false;
    state_.log.write(LogLevel::info, "switch", "banned for misbehaviour",
                     {{"id", c.id->short_string()},
                      {"remote", c.endpoint.to_string()},
                      {"offence", name(offence)}});
    close_banned(&c);
    return true;
}

void Penalties::ban(const NodeId& id, std::string_view why) {
    offences_.ban(state_.now, id, why);
    state_.log.write(LogLevel::info, "switch", "banned", {{"id", id.short_string()}, {"why", why}});
    close_banned(nullptr);
}

bool Penalties::impose(const Ban& ban) {
    if (!offences_.impose(state_.now, ban)) return false;
    const auto* id = std::get_if<NodeId>(&ban.who);
    state_.log.write(
        LogLevel::info, "switch", "banned by the owner",
        {{"who", id ? id->short_string() : std::get<NetworkGroup>(ban.who).to_string()},
         {"why", ban.why}});
    close_banned(nullptr);
    return true;
}

void Penalties::close_banned(const Connection* except) {
    for (const auto& [link, c] : state_.connections.all()) {
        if (c.get() == except) continue;
        if ((c->id && offences_.find(state_.now, *c->id)) ||
            admission_.is_banned(c->endpoint.address)) {
            admission_.close(*c, {.reason = CloseReason::banned});
        }
    }
}

}  // namespace parley::transport
