// Dials whose address is known only once they are connected: those by name.
#include <parley/transport/switch/switch_core.hpp>

#include <algorithm>

namespace parley::transport {

namespace {

/// Of the addresses that no limit by group counts.
const IpAddress no_group = IpAddress::v4({std::byte{127}, {}, {}, std::byte{1}});

}  // namespace

/// The group of a name is not known yet: on_connected looks at it.
Result<SlotToken, SlotError> SwitchCore::take_token(const Target& target, SlotClass slot_class) {
    return slots_.dial(target.host.empty() ? target.endpoint.address : no_group, slot_class);
}

/// What dial() checks of an address is checked again of the one that it came to, but for the token.
void SwitchCore::on_connected(Now now, LinkId link, const Endpoint& endpoint) {
    begin_input(now);
    Connection* connection = find(link);
    if (!connection || connection->phase != Phase::dialing) return;
    connection->endpoint = endpoint;
    const bool chosen = connection->slot_class == SlotClass::static_peer ||
                        connection->slot_class == SlotClass::trusted;
    if (is_banned(endpoint.address, chosen)) return abandon(*connection, CloseReason::banned);
    if (group_taken_by_others(*connection)) abandon(*connection, CloseReason::dial_failed);
}

bool SwitchCore::group_taken_by_others(const Connection& connection) const {
    const auto counts = [](const Connection& c) {
        return c.direction == Direction::outbound && c.slot_class == SlotClass::ordinary &&
               c.phase != Phase::closing && !c.endpoint.address.is_unspecified() &&
               !is_exempt_from_group_limits(c.endpoint.address);
    };
    if (!counts(connection)) return false;
    const auto group = outbound_group(connection.endpoint.address);
    const auto others = std::ranges::count_if(connections_, [&](const auto& item) {
        const Connection& c = *item.second;
        return &c != &connection && counts(c) && outbound_group(c.endpoint.address) == group;
    });
    return static_cast<std::size_t>(others) >= slots_.limits().outbound_per_group_max;
}

}  // namespace parley::transport
