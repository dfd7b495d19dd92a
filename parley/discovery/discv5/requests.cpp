#include <parley/discovery/discv5/requests.hpp>

#include <algorithm>

namespace parley::discovery::discv5 {

namespace {

/// Request IDs never start with a zero byte: @chainsafe/discv5 treats them as integers and strips
/// it.
std::uint64_t first_serial(Rng& rng) {
    return rng.next() >> 2 | std::uint64_t{1} << 62;
}

/// Of one request.
constexpr unsigned handshakes_max = 4;

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
        case RequestErrc::unsent:
            return "nobody has answered at this address";
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
      next_serial_(first_serial(rng)),
      late_after_(config.late_after_max) {}

// --- Asking ---

void Requests::ping(Now now, const Contact& node, OnAnswer<PingAnswer> done) {
    ask(now, node, Ping{RequestId::of(next_serial_), wire_.record().sequence()},
        narrowed<PingAnswer>(std::move(done)));
}

void Requests::find_nodes(Now now, const Contact& node, std::vector<std::uint16_t> distances,
                          OnAnswer<std::vector<Enr>> done, OnLate late) {
    FindNode find{RequestId::of(next_serial_), {}};
    find.distances.assign(distances.begin(), distances.end());
    ask(now, node, find, narrowed<std::vector<Enr>>(std::move(done)), std::move(late),
        std::move(distances));
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
                   OnLate late, std::vector<std::uint16_t> distances) {
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
    request.repeatable = !std::holds_alternative<TalkReq>(message);
    request.done = std::move(done);
    request.late = std::move(late);
    request.distances = std::move(distances);
    auto& queue = peers_[peer];
    queue.push_back(serial);
    if (queue.size() == 1) begin(now, serial, request);
}

void Requests::begin(Now now, Serial serial, Request& request) {
    if (!send(now, serial, request)) {
        return end(now, PeerKey{request.peer}, std::unexpected{RequestErrc::unsent});
    }
    ++counters_.requests;
    await(now, serial, request);
}

bool Requests::send(Now now, Serial serial, Request& request) {
    const auto nonce = wire_.send_request(now, request.node, request.plain);
    if (!nonce) return false;
    request.nonces.push_back(*nonce);
    by_nonce_.emplace(*nonce, serial);
    request.greeted = false;
    return true;
}

void Requests::await(Now now, Serial serial, Request& request) {
    request.since = now.instant;
    request.late_after = late_after_;
    wake_at(now.instant + late_after_, serial, request);
}

Instant Requests::deadline(const Request& request) const {
    return request.since + config_.sends_max * request.late_after;
}

/// From when it was sent first: of those that were repeated, nobody knows what was answered.
void Requests::note_time(Now now, const Request& request) {
    constexpr int memory = 8;
    const Duration wanted = (now.instant - request.since) * 5 / 4;
    late_after_ = std::clamp(late_after_ + (wanted - late_after_) / memory, config_.late_after_min,
                             config_.late_after_max);
}

void Requests::wake_at(Instant when, Serial serial, Request& request) {
    wakeups_.erase({request.wakeup, serial});
    request.wakeup = when;
    wakeups_.emplace(when, serial);
}

/// The challenge may be to any of its packets: others repeat one that is open (so do we). Few
/// handshakes: whoever sees our packets could have us make them without end.
void Requests::on_challenge(Now now, const Wire::Challenged& challenge) {
    const auto found = by_nonce_.find(challenge.nonce);
    if (found == by_nonce_.end()) return;
    auto& request = requests_.find(found->second)->second;
    if (request.greeted || request.handshakes >= handshakes_max) return;
    if (request.node.endpoint != challenge.from) return;
    if (!wire_.send_handshake(request.node, challenge, request.plain)) return;
    request.greeted = true;
    ++request.handshakes;
    note_time(now, request);
    await(now, found->second, request);
}

/// The node's NAT may have given it another port or address: nothing gets to the old one.
void Requests::on_greeted(Now now, const Remote& from) {
    if (busy(from.key)) return;
    PeerKey first{};
    std::ranges::copy(from.id, first.begin());
    for (auto at = peers_.lower_bound(first); at != peers_.end(); ++at) {
        if (!std::ranges::equal(from.id, Bytes{at->first}.first(from.id.size()))) return;
        const auto& request = requests_.find(at->second.front())->second;
        const bool late = request.since + request.late_after <= now.instant;
        if (late && request.repeatable && !request.moved) return move(now, at->first, from);
    }
}

void Requests::move(Now now, const PeerKey& from, const Remote& to) {
    auto queue = peers_.extract(from);
    for (const Serial serial : queue.mapped()) {
        auto& request = requests_.find(serial)->second;
        request.node.endpoint = to.endpoint;
        request.peer = to.key;
        request.moved = true;
    }
    const Serial serial = queue.mapped().front();
    queue.key() = to.key;
    peers_.insert(std::move(queue));
    auto& request = requests_.find(serial)->second;
    (void)send(now, serial, request);  // in the session of that handshake
    await(now, serial, request);
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
    // If it was repeated, these may be parts of two answers.
    const auto records_max = nodes_records_max * (request->nonces.size() > 1 ? 2U : 1U);
    if (nodes.total != request->total || nodes.total == 0 || nodes.total > nodes_records_max ||
        request->records_seen > records_max) {
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
    for (const auto& nonce : request.nonces) by_nonce_.erase(nonce);
    wakeups_.erase({request.wakeup, found->first});
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
        note_time(now, request);
        table_.on_alive(now, request.node.id, request.node.endpoint);
    } else if (outcome.error() != RequestErrc::unsent) {
        table_.on_failed(now, request.node.id, request.node.endpoint);
    }
    request.done(now, std::move(outcome));
}

void Requests::on_late(Now now, Serial serial, Request& request) {
    wake_at(now.instant + request.late_after, serial, request);
    if (request.parts == 0 && request.repeatable) (void)send(now, serial, request);
    if (request.late) request.late(now);
}

void Requests::on_timer(Now now) {
    while (!wakeups_.empty() && wakeups_.begin()->first <= now.instant) {
        const Serial serial = wakeups_.begin()->second;
        auto& request = requests_.find(serial)->second;
        const auto peer = request.peer;
        if (now.instant < deadline(request)) {
            on_late(now, serial, request);
        } else if (request.parts > 0) {  // some of its messages are lost: what came is of use
            end(now, peer, std::move(request.records));
        } else {
            ++counters_.timeouts;
            end(now, peer, std::unexpected{RequestErrc::timed_out});
        }
    }
}

Instant Requests::next_wakeup() const {
    return wakeups_.empty() ? never : wakeups_.begin()->first;
}

}  // namespace parley::discovery::discv5
