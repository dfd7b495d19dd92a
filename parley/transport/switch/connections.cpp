#include <parley/transport/switch/connections.hpp>

#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/lanes_out.hpp>

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
    if (!add_to_run(link, lane, code, message)) command(link, Send{lane, code, std::move(message)});
}

void Connections::send_copy(LinkId link, LaneId lane, Code code, Bytes message) {
    if (message.size() > laid_out_bytes_max) {
        command(link, Send{lane, code, SharedBytes::copy(message)});
    } else if (!add_to_run(link, lane, code, message)) {
        SendChunks run{.lane = lane, .chunks = {}};
        add(run, code, message);
        command(link, std::move(run));
    }
}

/// Lays a small message out behind the one that was just sent. False: it is not small, or that one
/// was none to the same lane.
bool Connections::add_to_run(LinkId link, LaneId lane, Code code, Bytes message) {
    if (message.size() > laid_out_bytes_max || effects_.empty()) return false;
    auto* last = std::get_if<CommandLink>(&effects_.back());
    if (!last || last->link != link) return false;
    if (auto* one = std::get_if<Send>(&last->command);
        one && one->lane == lane && one->message.size() <= laid_out_bytes_max) {
        SendChunks run{.lane = lane, .chunks = {}};
        add(run, one->code, one->message);
        last->command = std::move(run);
    }
    auto* run = std::get_if<SendChunks>(&last->command);
    if (!run || run->lane != lane ||
        run->chunks.size() + first_chunk_header_bytes + message.size() > laid_out_run_bytes_max) {
        return false;
    }
    add(*run, code, message);
    return true;
}

void Connections::add(SendChunks& run, Code code, Bytes message) {
    lay_out(run.chunks, run.lane, code, message);
    run.cost += credit_cost(message.size());
}

void Connections::set_up(Instant now, Connection& connection) {
    connection.phase = Phase::up;
    connection.was_up = true;
    connection.since = now;
    up_.insert(std::ranges::upper_bound(up_, connection.link, {}, &Connection::link), &connection);
}

}  // namespace parley::transport
