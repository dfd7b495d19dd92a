#include <parley/discovery/book/entry.hpp>
#include <parley/discovery/discv5/service.hpp>

#include <algorithm>

namespace parley::discovery::discv5 {
namespace {

bool contains(const auto& distances, unsigned distance) {
    return std::ranges::find(distances, distance) != distances.end();
}

bool is_request(const Message& message) {
    return std::holds_alternative<Ping>(message) || std::holds_alternative<FindNode>(message) ||
           std::holds_alternative<TalkReq>(message);
}

}  // namespace

void Service::on_message(Now now, const Sender& sender, Bytes plain) {
    const auto message = decode_message(plain);
    if (!message) {
        ++counters_.unreadable;
        return;
    }
    if (is_request(*message)) {
        if (!admit(now, sender.endpoint.address, &Allowance::in_sessions)) return;
        ++counters_.answered;
    }
    std::visit([&](const auto& kind) { on_message(now, sender, kind); }, *message);
}

// --- Their requests ---

void Service::on_message(Now now, const Sender& sender, const Ping& ping) {
    say(sender, Pong{ping.request_id, record_.sequence(), sender.endpoint});
    const auto* entry = table_.find(sender.id);
    if (entry && entry->last_checked + config_.table.check_interval_min <= now.instant) {
        newer_record(now, sender, ping.record_sequence);
    }
}

void Service::on_message(Now now, const Sender& sender, const FindNode& find) {
    Records records;
    if (contains(find.distances, 0)) records.push_back(record_.raw());
    for (const auto* entry : table_.at_distances(find.distances, nodes_records_max - records.size(),
                                                 sender.endpoint.address)) {
        records.push_back(entry->contact.record);
    }
    const auto parts = split_nodes(find.request_id, records);
    const auto more = static_cast<double>(parts.size() - 1);
    if (!admit(now, sender.endpoint.address, &Allowance::in_sessions, more)) return;
    for (const auto& part : parts) say(sender, part);
}

void Service::on_message(Now now, const Sender& sender, const TalkReq& talk) {
    Buffer answer;
    if (const auto found = talks_.find(text_of(talk.protocol)); found != talks_.end()) {
        answer = found->second(now, sender.id, sender.endpoint, talk.request);
        if (answer.size() > talk_bytes_max) answer.clear();
    }
    say(sender, TalkResp{talk.request_id, answer});
}

/// Fetches a record that is newer than the one we have of somebody in the table, from where that
/// one stands.
void Service::newer_record(Now now, const Sender& sender, std::uint64_t sequence) {
    const auto* entry = table_.find(sender.id);
    if (entry == nullptr || sequence <= entry->contact.sequence) return;
    if (entry->contact.endpoint != sender.endpoint) return;
    if (peers_.contains(sender.peer)) return;                       // and its answers tell
    find_nodes(now, entry->contact, {0}, [](Now, const auto&) {});  // on_message(Nodes) learns it
}

// --- Their answers ---

void Service::on_message(Now now, const Sender& sender, const Pong& pong) {
    if (!under_way<Ping>(sender.peer, pong.request_id)) return;
    end(now, sender.peer, PingAnswer{pong.record_sequence, pong.recipient});
    if (on_vote_) on_vote_(now, sender.endpoint, pong.recipient);
    newer_record(now, sender, pong.record_sequence);
}

void Service::on_message(Now now, const Sender& sender, const TalkResp& talk) {
    if (!under_way<TalkReq>(sender.peer, talk.request_id)) return;
    end(now, sender.peer, to_buffer(talk.response));
}

void Service::on_message(Now now, const Sender& sender, const Nodes& nodes) {
    auto* request = under_way<FindNode>(sender.peer, nodes.request_id);
    if (request == nullptr) return;
    if (request->parts == 0) request->total = nodes.total;
    ++request->parts;
    request->records_seen += nodes.records.size();
    if (nodes.total != request->total || nodes.total == 0 || nodes.total > nodes_records_max ||
        request->records_seen > nodes_records_max) {
        ++counters_.bad_answers;
        return end(now, sender.peer, std::unexpected{RequestErrc::bad_answer});
    }
    const auto first = request->records.size();
    for (const Bytes raw : nodes.records) take_record(sender, *request, raw);
    for (auto i = first; i < request->records.size(); ++i) {
        learned(now, request->records[i], Origin::heard, sender.endpoint);
    }
    if (request->parts == request->total) end(now, sender.peer, std::move(request->records));
}

/// Keeps what was asked for, can be reached from here, and is signed by whose it is. The signature
/// is the dear part and comes last.
void Service::take_record(const Sender& sender, Request& request, Bytes raw) {
    const auto claimed = Enr::claimed_id(raw);
    if (!claimed) return;
    const Id id = dht_id(*claimed);
    if (!contains(request.distances, log_distance(sender.id, id))) return;
    if (std::ranges::find(request.records, *claimed, &Enr::id) != request.records.end()) return;
    const auto* entry = table_.find(id);
    const bool known = (entry != nullptr && equal(entry->contact.record, raw)) ||
                       (verified_ && verified_(id, raw));
    auto record = known ? Enr::decode_verified(raw) : Enr::decode(raw);
    if (!record) return;
    const auto endpoint = record->udp_endpoint();
    if (endpoint && !may_be_advertised(endpoint->address, sender.endpoint.address)) return;
    request.records.push_back(std::move(*record));
}

void Service::learned(Now now, const Enr& record, Origin origin, const Endpoint& from) {
    if (add(now, record, origin) && on_record_) on_record_(now, record, from);
}

}  // namespace parley::discovery::discv5
