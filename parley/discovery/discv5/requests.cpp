#include <parley/discovery/discv5/requests.hpp>

#include <algorithm>

namespace parley::discovery::discv5 {

namespace {

/// Request IDs never start with a zero byte: @chainsafe/discv5 treats them as integers and strips
/// it.
std::uint64_t first_serial(Rng& rng) {
    return rng.next() >> 2 | std::uint64_t{1} << 62;
}

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

Requests::Requests(const RequestsConfig& config, Wire& wire, Table& table, Intake& intake, Rng& rng)
    : config_(config),
      wire_(wire),
      table_(table),
      intake_(intake),
      next_serial_(first_serial(rng)) {}

// --- Asking ---

void Requests::ping(Now now, const Contact& node, OnAnswer<PingAnswer> done) {
    ask(now, node, Ping{RequestId::of(next_serial_), wire_.record().sequence()},
        narrowed<PingAnswer>(std::move(done)));
}

void Requests::find_nodes(Now now, const Contact& node, std::vector<std::uint16_t> distances,
                          OnAnswer<std::vector<Enr>> done) {
    FindNode find{RequestId::of(next_serial_), {}};
    find.distances.assign(distances.begin(), distances.end());
    ask(now, node, find, narrowed<std::vector<Enr>>(std::move(done)), std::move(distances));
}

void Requests::talk(Now now, const Contact& node, Bytes protocol, Bytes request,
                    OnAnswer<Buffer> done) {
    if (protocol.size() + request.size() > talk_bytes_max) {
        return done(now, std::unexpected{RequestErrc::too_large});
    }
    ask(now, node, TalkReq{RequestId::of(next_serial_), protocol, request},
        narrowed<Buffer>(std::move(done)));
}

/// The message's ID is the next serial number.
void Requests::ask(Now now, const Contact& node, const Message& message, OnAnswer<Answer> done,
                   std::vector<std::uint16_t> distances) {
    const auto peer = peer_key(node.id, node.endpoint);
    const auto waiting = peers_.find(peer);
    if (requests_.size() >= config_.requests_max ||
        (waiting != peers_.end() && waiting->second.size() >= config_.peer_requests_max)) {
        return done(now, std::unexpected{RequestErrc::overloaded});
    }
    const Serial serial = take_serial();
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

void Requests::begin(Now now, Serial serial, Request& request) {
    ++counters_.requests;
    const auto nonce = wire_.send_request(now, request.node, request.plain);
    sent(now, serial, request, nonce, config_.request_timeout);
}

void Requests::sent(Now now, Serial serial, Request& request, const Nonce& nonce,
                    Duration timeout) {
    by_nonce_.erase(request.nonce);
    deadlines_.erase({request.deadline, serial});
    request.nonce = nonce;
    request.deadline = now.instant + timeout;
    by_nonce_.emplace(nonce, serial);
    deadlines_.emplace(request.deadline, serial);
}

/// One handshake a request: whoever sees our packets could have us make them without end.
void Requests::on_challenge(Now now, const Wire::Challenged& challenge) {
    const auto found = by_nonce_.find(challenge.nonce);
    if (found == by_nonce_.end()) return;
    auto& request = requests_.find(found->second)->second;
    if (request.greeted || request.node.endpoint != challenge.from) return;
    const auto nonce = wire_.send_handshake(request.node, challenge, request.plain);
    if (!nonce) return;
    request.greeted = true;
    sent(now, found->second, request, *nonce, config_.handshake_timeout);
}

// --- Answers ---

template <class Kind>
Requests::Request* Requests::under_way(const PeerKey& peer, const RequestId& id) {
    const auto queue = peers_.find(peer);
    if (queue == peers_.end()) return nullptr;
    auto& request = requests_.find(queue->second.front())->second;
    const auto message = decode_message(request.plain);
    const auto* asked = message ? std::get_if<Kind>(&*message) : nullptr;
    return asked && asked->request_id == id ? &request : nullptr;
}

bool Requests::on_pong(Now now, const Remote& from, const Pong& pong) {
    if (!under_way<Ping>(from.key, pong.request_id)) return false;
    end(now, from.key, PingAnswer{pong.record_sequence, pong.recipient});
    return true;
}

void Requests::on_talk_response(Now now, const Remote& from, const TalkResp& talk) {
    if (!under_way<TalkReq>(from.key, talk.request_id)) return;
    end(now, from.key, to_buffer(talk.response));
}

void Requests::on_nodes(Now now, const Remote& from, const Nodes& nodes) {
    auto* request = under_way<FindNode>(from.key, nodes.request_id);
    if (request == nullptr) return;
    if (request->parts == 0) request->total = nodes.total;
    ++request->parts;
    request->records_seen += nodes.records.size();
    if (nodes.total != request->total || nodes.total == 0 || nodes.total > nodes_records_max ||
        request->records_seen > nodes_records_max) {
        ++counters_.bad_answers;
        return end(now, from.key, std::unexpected{RequestErrc::bad_answer});
    }
    const auto first = request->records.size();
    for (const Bytes raw : nodes.records) take_record(from, *request, raw);
    for (auto i = first; i < request->records.size(); ++i) {
        intake_.learned(now, request->records[i], Origin::heard, from.endpoint);
    }
    if (request->parts == request->total) end(now, from.key, std::move(request->records));
}

/// Verifying the signature costs most and comes last.
void Requests::take_record(const Remote& from, Request& request, Bytes raw) const {
    const auto claimed = Enr::claimed_id(raw);
    if (!claimed) return;
    const Id id = dht_id(*claimed);
    if (std::ranges::find(request.distances, log_distance(from.id, id)) ==
        request.distances.end()) {
        return;
    }
    if (std::ranges::find(request.records, *claimed, &Enr::id) != request.records.end()) return;
    auto record = intake_.verify(id, raw);
    if (!record) return;
    const auto endpoint = record->udp_endpoint(intake_.families());
    if (endpoint && !may_be_advertised(endpoint->address, from.endpoint.address)) return;
    request.records.push_back(std::move(*record));
}

// --- Outcomes ---

void Requests::end(Now now, const PeerKey& peer, std::expected<Answer, RequestErrc> outcome) {
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

void Requests::on_timer(Now now) {
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

Instant Requests::next_wakeup() const {
    return deadlines_.empty() ? never : deadlines_.begin()->first;
}

}  // namespace parley::discovery::discv5
