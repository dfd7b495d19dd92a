#include <parley/transport/switch/connections.hpp>

#include <algorithm>

namespace parley::transport {

Connection& Connections::add(Instant now, const Endpoint& endpoint, Direction direction,
                             SlotToken token) {
    const LinkId link{++last_link_};
    auto connection = std::make_unique<Connection>();
    connection->link = link;
    connection->endpoint = endpoint;
    connection->direction = direction;
    connection->phase = direction == Direction::outbound ? Phase::dialing : Phase::handshaking;
    connection->token = std::move(token);
    connection->since = now;
    return *table_.emplace(link, std::move(connection)).first->second;
}

Connection* Connections::find(LinkId link) const {
    const auto found = table_.find(link);
    return found == table_.end() ? nullptr : found->second.get();
}

void Connections::set_up(Instant now, Connection& connection) {
    connection.phase = Phase::up;
    connection.was_up = true;
    connection.since = now;
    up_.insert(std::ranges::upper_bound(up_, connection.link, {}, &Connection::link), &connection);
}

}  // namespace parley::transport
