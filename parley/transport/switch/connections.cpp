#include <parley/transport/switch/connections.hpp>

#include <parley/transport/link/chunk.hpp>

#include <algorithm>

namespace parley::transport {

static_assert(first_chunk_header_bytes + laid_out_bytes_max <= Hello::frame_bytes_least,
              "what is laid out is never cut, so that it fits into the smallest frame");

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

void Connections::send(LinkId link, LaneId lane, Code code, SharedBytes message) {
    auto* last = effects_.empty() ? nullptr : std::get_if<CommandLink>(&effects_.back());
    if (message.size() > laid_out_bytes_max || !last || last->link != link) {
        return command(link, Send{lane, code, std::move(message)});
    }
    if (auto* one = std::get_if<Send>(&last->command);
        one && one->lane == lane && one->message.size() <= laid_out_bytes_max) {
        Buffer chunks;
        chunks.reserve(4 * (first_chunk_header_bytes + message.size()));
        lay_out(chunks, lane, one->code, one->message);
        last->command = SendChunks{lane, std::move(chunks)};
    }
    auto* several = std::get_if<SendChunks>(&last->command);
    if (!several || several->lane != lane || several->chunks.size() >= laid_out_run_bytes) {
        return command(link, Send{lane, code, std::move(message)});
    }
    lay_out(several->chunks, lane, code, message);
}

void Connections::set_up(Instant now, Connection& connection) {
    connection.phase = Phase::up;
    connection.was_up = true;
    connection.since = now;
    up_.insert(std::ranges::upper_bound(up_, connection.link, {}, &Connection::link), &connection);
}

}  // namespace parley::transport
