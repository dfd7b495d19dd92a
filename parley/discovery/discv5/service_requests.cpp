#include <parley/base/endian.hpp>
#include <parley/discovery/discv5/service.hpp>

#include <algorithm>

namespace parley::discovery::discv5 {
namespace {

/// What a packet carries when there are no keys for a message: as long as a PING.
constexpr std::size_t random_message_bytes = 44;

/// Hands `done` the one kind of answer that its request can have.
template <class Kind, class Done>
auto narrowed(Done done) {
    return [done = std::move(done)](Now now, auto&& outcome) mutable {
        if (outcome) {
            done(now, std::move(std::get<Kind>(*outcome)));
        } else {
            done(now, std::unexpected{outcome.error()});
        }
    };
}

}  // namespace

std::string_view name(RequestErrc error) {
    switch (error) {
        case RequestErrc::timed_out:
            return "no answer in time";
        case RequestErrc::bad_answer:
            return "an answer that contradicts itself";
        case RequestErrc::overloaded:
            return "too many requests under way";
        case RequestErrc::too_large:
            return "a request that does not fit into a packet";
    }
    return "?";
}

void Service::ping(Now now, const Contact& node, OnAnswer<PingAnswer> done) {
    ask(now, node, Ping{RequestId::of(next_serial_), record_.sequence()},
        narrowed<PingAnswer>(std::move(done)));
}

void Service::find_nodes(Now now, const Contact& node, std::vector<std::uint16_t> distances,
                         OnAnswer<std::vector<Enr>> done) {
    FindNode find{RequestId::of(next_serial_), {}};
    find.distances.assign(distances.begin(), distances.end());
    ask(now, node, find, narrowed<std::vector<Enr>>(std::move(done)), std::move(distances));
}

void Service::talk(Now now, const Contact& node, Bytes protocol, Bytes request,
                   OnAnswer<Buffer> done) {
    if (protocol.size() + request.size() > talk_bytes_max) {
        return done(now, std::unexpected{RequestErrc::too_large});
    }
    ask(now, node, TalkReq{RequestId::of(next_serial_), protocol, request},
        narrowed<Buffer>(std::move(done)));
}

void Service::ask(Now now, const Contact& node, const Message& message, OnAnswer<Answer> done,
                  std::vector<std::uint16_t> distances) {
    const auto peer = peer_key(node.id, node.endpoint);
    const auto waiting = peers_.find(peer);
    if (requests_.size() >= config_.requests_max ||
        (waiting != peers_.end() && waiting->second.size() >= config_.peer_requests_max)) {
        return done(now, std::unexpected{RequestErrc::overloaded});
    }
    const Serial serial = next_serial_++;
    auto& request = requests_[serial];
    request.node = node;
    request.peer = peer;
    request.plain = encode(message);
    request.done = std::move(done);
    request.distances = std::move(distances);
    auto& queue = peers_[peer];
    queue.push_back(serial);
    if (queue.size() == 1) begin(now, serial, request);
}

void Service::begin(Now now, Serial serial, Request& request) {
    ++counters_.requests;
    const auto head = header(OrdinaryPacket{self_});
    if (const auto* key = sessions_.sealing(request.peer)) {
        put(request.node.endpoint,
            [&](Buffer& out) { seal_packet(request.node.id, head, *key, request.plain, out); });
    } else {
        ByteArray<random_message_bytes> random;
        random_.fill(random);
        put(request.node.endpoint,
            [&](Buffer& out) { mask_packet(request.node.id, encode_header(head), random, out); });
    }
    sent(now, serial, request, head.nonce, config_.request_timeout);
}

void Service::sent(Now now, Serial serial, Request& request, const Nonce& nonce, Duration timeout) {
    by_nonce_.erase(request.nonce);
    deadlines_.erase({request.deadline, serial});
    request.nonce = nonce;
    request.deadline = now.instant + timeout;
    by_nonce_.emplace(nonce, serial);
    deadlines_.emplace(request.deadline, serial);
}

void Service::end(Now now, const PeerKey& peer, std::expected<Answer, RequestErrc> outcome) {
    const auto queue = peers_.find(peer);
    const auto found = requests_.find(queue->second.front());
    auto request = std::move(found->second);
    by_nonce_.erase(request.nonce);
    deadlines_.erase({request.deadline, found->first});
    requests_.erase(found);
    queue->second.pop_front();
    if (queue->second.empty()) {
        peers_.erase(queue);
    } else {
        const Serial next = queue->second.front();
        begin(now, next, requests_.find(next)->second);
    }
    if (outcome) {
        ++counters_.answers;
        table_.on_alive(now, request.node.id, request.node.endpoint);
    } else {
        table_.on_failed(now, request.node.id, request.node.endpoint);
    }
    request.done(now, std::move(outcome));
}

void Service::end_late(Now now) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now.instant) {
        auto& request = requests_.find(deadlines_.begin()->second)->second;
        const auto peer = request.peer;
        if (request.parts > 0) {  // some of its messages are lost: what came is of use
            end(now, peer, std::move(request.records));
        } else {
            ++counters_.timeouts;
            end(now, peer, std::unexpected{RequestErrc::timed_out});
        }
    }
}

}  // namespace parley::discovery::discv5
