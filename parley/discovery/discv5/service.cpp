#include <parley/discovery/discv5/service.hpp>

#include <parley/base/overloaded.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::discovery::discv5 {

Service::Service(const ServiceConfig& config, const NodeKey& key, const Enr& record,
                 EntropySource& entropy, Rng rng)
    : rng_(rng.split("packets")),
      table_(config.table, dht_id(key.id()), rng.split("table")),
      wire_(
          config, key, record, entropy,
          [this](const Id& id) {
              const auto* entry = table_.find(id);
              return entry ? &entry->contact : nullptr;
          },
          rng_),
      intake_(table_, config.families),
      requests_(config, wire_, table_, intake_, rng_),
      lookups_(config.lookups_max, wire_.id(), requests_, table_),
      walks_(config, wire_.id(), lookups_, table_, rng_) {}

void Service::set_record(const Enr& record) {
    if (wire_.set_record(record)) walks_.on_moved();
}

// --- Driving ---

void Service::on_datagram(Now now, const Endpoint& from, Bytes datagram) {
    const auto incoming = wire_.receive(now, from, datagram);
    std::visit(
        overloaded{
            [](std::monostate) {},
            [&](const Wire::Challenged& challenge) { requests_.on_challenge(now, challenge); },
            [&](const Wire::Heard& heard) {
                if (heard.record) {
                    intake_.met(now, heard.from, *heard.record);
                    requests_.on_greeted(now, heard.from);
                }
                if (heard.message) on_message(now, heard.from, *heard.message);
            },
        },
        incoming);
}

void Service::on_timer(Now now) {
    requests_.on_timer(now);
    check_table(now);
    walks_.on_timer(now);
}

Instant Service::next_wakeup() const {
    return std::min({walks_.next_wakeup(), table_.next_wakeup(), requests_.next_wakeup()});
}

void Service::check_table(Now now) {
    while (const auto* entry = table_.next_check(now)) {
        requests_.ping(now, entry->contact, [](Now, const auto&) {});  // Requests tells the table
    }
}

// --- Messages ---

void Service::on_message(Now now, const Remote& from, const Message& message) {
    const auto serve = [&](const auto& request) {
        if (!wire_.admit(now, from.endpoint.address)) return;
        ++answered_;
        answer(now, from, request);
    };
    std::visit(overloaded{
                   [&](const Ping& ping) { serve(ping); },
                   [&](const FindNode& find) { serve(find); },
                   [&](const TalkReq& talk) { serve(talk); },
                   [&](const Pong& pong) { on_pong(now, from, pong); },
                   [&](const Nodes& nodes) { requests_.on_nodes(now, from, nodes); },
                   [&](const TalkResp& talk) { requests_.on_talk_response(now, from, talk); },
               },
               message);
}

void Service::answer(Now now, const Remote& from, const Ping& ping) {
    wire_.send_answer(from, Pong{ping.request_id, record().sequence(), from.endpoint});
    const auto* entry = table_.find(from.id);
    if (entry && entry->last_checked + table_.config().check_interval_min <= now.instant) {
        fetch_newer_record(now, from, ping.record_sequence);
    }
}

void Service::answer(Now now, const Remote& from, const FindNode& find) {
    Records records;
    if (std::ranges::find(find.distances, 0) != find.distances.end()) {
        records.push_back(record().raw());
    }
    for (const auto* entry : table_.at_distances(find.distances, nodes_records_max - records.size(),
                                                 from.endpoint.address)) {
        records.push_back(entry->contact.record);
    }
    const auto parts = split_nodes(find.request_id, records);
    const auto more = static_cast<double>(parts.size() - 1);
    if (!wire_.admit(now, from.endpoint.address, more)) return;
    for (const auto& part : parts) wire_.send_answer(from, part);
}

void Service::answer(Now now, const Remote& from, const TalkReq& talk) {
    Buffer answer;
    if (const auto found = talks_.find(text_of(talk.protocol)); found != talks_.end()) {
        answer = found->second(now, from.id, from.endpoint, talk.request);
        if (answer.size() > talk_bytes_max) answer.clear();
    }
    wire_.send_answer(from, TalkResp{talk.request_id, answer});
}

void Service::on_pong(Now now, const Remote& from, const Pong& pong) {
    if (!requests_.on_pong(now, from, pong)) return;
    if (on_vote_) on_vote_(now, from.endpoint, pong.recipient);
    fetch_newer_record(now, from, pong.record_sequence);
}

/// If a node in the table has a newer record than the one there, asks for it, where that one says.
void Service::fetch_newer_record(Now now, const Remote& from, std::uint64_t sequence) {
    const auto* entry = table_.find(from.id);
    if (entry == nullptr || sequence <= entry->contact.sequence) return;
    if (entry->contact.endpoint != from.endpoint) return;
    if (requests_.busy(from.key)) return;  // the next PING or PONG tells it again
    requests_.find_nodes(now, entry->contact, {0}, [](Now, const auto&) {});  // Intake learns it
}

}  // namespace parley::discovery::discv5
