// The DHT over RPC; method names as in the Portal network's JSON-RPC for discovery v5.
#include <parley/p2p/rpc/functions.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley::p2p {

using namespace discovery::discv5;

namespace {

using rpc::refused;

Result<Service*, rpc::Error> service_of(Network& node) {
    if (auto* dht = node.dht()) return &dht->service();
    return refused("this node takes no part in the DHT (setting p2p.dht)");
}

Result<Enr, rpc::Error> record_param(const rpc::Call& call, std::size_t index) {
    const auto text = rpc::text_param(call, index, "\"enr:...\"");
    if (!text) return std::unexpected{text.error()};
    auto record = Enr::parse(*text);
    if (!record) return rpc::bad_param(index, "\"enr:...\"", message(record.error()));
    return std::move(*record);
}

/// A place in the key space: its 32 bytes, or who stands there by ID or record.
Result<Id, rpc::Error> key_param(const rpc::Call& call, std::size_t index) {
    constexpr std::string_view expected =
        "32 bytes of hex data, a node's ID of 66 hex digits, or \"enr:...\"";
    const auto text = rpc::text_param(call, index, expected);
    if (!text) return std::unexpected{text.error()};
    if (text->starts_with("0x")) return rpc::hash_param(call, index);
    if (const auto id = NodeId::parse(*text)) return dht_id(*id);
    if (const auto record = Enr::parse(*text)) return dht_id(record->id());
    return rpc::bad_param(index, expected, "another string");
}

/// Somebody to ask: a record, or a place in the key space at which the table has somebody.
Result<Contact, rpc::Error> contact_param(const rpc::Call& call, const Service& service,
                                          std::size_t index) {
    const auto text = rpc::text_param(call, index, "\"enr:...\"");
    if (text && text->starts_with("enr:")) {
        const auto record = record_param(call, index);
        if (!record) return std::unexpected{record.error()};
        const auto contact = service.contact_of(*record);
        if (!contact) return rpc::bad_param(index, "a record with a UDP endpoint", "one without");
        if (contact->id == service.id()) return refused("that is this node itself");
        return *contact;
    }
    const auto id = key_param(call, index);
    if (!id) return std::unexpected{id.error()};
    if (*id == service.id()) return refused("that is this node itself");
    if (const auto* entry = service.table().find(*id)) return entry->contact;
    return refused("the table does not know that node: give its record");
}

Result<std::vector<std::uint16_t>, rpc::Error> distances_param(const rpc::Call& call,
                                                               std::size_t index) {
    constexpr std::string_view expected = "an array of distances, 0 to 256";
    if (index >= call.params.size()) return rpc::bad_param(index, expected, "nothing");
    const auto* list = call.params[index].if_array();
    if (list == nullptr) return rpc::bad_param(index, expected, rpc::json_kind(call.params[index]));
    if (list->empty() || list->size() > distance_max + 1) {
        return rpc::bad_param(index, expected, fmt::format("{} of them", list->size()));
    }
    std::vector<std::uint16_t> out;
    for (const auto& value : *list) {
        const auto* number = value.if_int64();
        if (number == nullptr) return rpc::bad_param(index, expected, rpc::json_kind(value));
        if (*number < 0 || *number > std::int64_t{distance_max}) {
            return rpc::bad_param(index, expected, fmt::format("{}", *number));
        }
        out.push_back(static_cast<std::uint16_t>(*number));
    }
    return out;
}

/// A service and somebody to ask with it; `done` hears if there is none.
struct Asked {
    Service* service;
    Contact contact;
};
std::optional<Asked> asked(Network& node, const rpc::Call& call, rpc::Done& done) {
    const auto service = service_of(node);
    if (!service) {
        done(std::unexpected{service.error()});
        return std::nullopt;
    }
    auto contact = contact_param(call, **service, 0);
    if (!contact) {
        done(std::unexpected{contact.error()});
        return std::nullopt;
    }
    return Asked{*service, std::move(*contact)};
}

/// A place to look up, in this node's DHT; `done` hears if there is none.
std::optional<Id> looked_up(Network& node, const rpc::Call& call, rpc::Done& done) {
    const auto service = service_of(node);
    if (!service) {
        done(std::unexpected{service.error()});
        return std::nullopt;
    }
    const auto id = key_param(call, 0);
    if (!id) {
        done(std::unexpected{id.error()});
        return std::nullopt;
    }
    return *id;
}

rpc::json::array json_of(const std::vector<Enr>& records) {
    rpc::json::array out;
    for (const auto& record : records) out.emplace_back(record.to_text());
    return out;
}

}  // namespace

rpc::Result discv5_node_info(Network& node, const rpc::Call&) {
    const auto service = service_of(node);
    if (!service) return std::unexpected{service.error()};
    return rpc::json::value{{"enr", (*service)->record().to_text()},
                            {"nodeId", rpc::hex_data((*service)->id())}};
}

rpc::Result discv5_routing_table_info(Network& node, const rpc::Call&) {
    const auto service = service_of(node);
    if (!service) return std::unexpected{service.error()};
    rpc::json::array buckets(distance_max);
    for (auto& bucket : buckets) bucket.emplace_array();
    (*service)->table().for_each([&](const TableEntry& entry, bool stands) {
        if (!stands) return;
        const auto distance = log_distance((*service)->id(), entry.contact.id);
        buckets[distance - 1].get_array().emplace_back(rpc::hex_data(entry.contact.id));
    });
    return rpc::json::value{{"localNodeId", rpc::hex_data((*service)->id())},
                            {"buckets", std::move(buckets)}};
}

rpc::Result discv5_add_enr(Network& node, const rpc::Call& call) {
    const auto service = service_of(node);
    if (!service) return std::unexpected{service.error()};
    const auto record = record_param(call, 0);
    if (!record) return std::unexpected{record.error()};
    return rpc::json::value(node.dht()->store(call.now, *record));
}

rpc::Result discv5_get_enr(Network& node, const rpc::Call& call) {
    const auto service = service_of(node);
    if (!service) return std::unexpected{service.error()};
    const auto id = key_param(call, 0);
    if (!id) return std::unexpected{id.error()};
    if (*id == (*service)->id()) return rpc::json::value((*service)->record().to_text());
    const auto* entry = (*service)->table().find(*id);
    if (entry == nullptr) return refused("the table does not know that node");
    return rpc::json::value(enr_text(entry->contact.record));
}

rpc::Result parley_dht_table(Network& node, const rpc::Call& call) {
    const auto service = service_of(node);
    if (!service) return std::unexpected{service.error()};
    rpc::json::array out;
    (*service)->table().for_each([&](const TableEntry& entry, bool stands) {
        if (!stands) return;
        const auto& contact = entry.contact;
        const auto record = Enr::decode_verified(contact.record);
        const bool seen = entry.last_seen != Instant::min();
        out.push_back(
            {{"nodeId", rpc::hex_data(contact.id)},
             {"id", record ? rpc::json::value(record->id().to_string()) : rpc::json::value{}},
             {"endpoint", contact.endpoint.to_string()},
             {"distance", log_distance((*service)->id(), contact.id)},
             {"checked", entry.checked},
             {"failures", entry.failures},
             {"seen", seen ? rpc::json::value(std::chrono::duration_cast<std::chrono::seconds>(
                                                  call.now.instant - entry.last_seen)
                                                  .count())
                           : rpc::json::value{}},
             {"parley", record && record->parley().has_value()},
             {"enr", enr_text(contact.record)}});
    });
    return out;
}

void discv5_ping(Network& node, const rpc::Call& call, rpc::Done done) {
    const auto to = asked(node, call, done);
    if (!to) return;
    to->service->ping(call.now, to->contact, [done = std::move(done)](Now, auto answer) mutable {
        if (!answer) return done(refused(std::string{name(answer.error())}));
        done(rpc::json::value{{"enrSeq", answer->record_sequence},
                              {"recipientIP", answer->seen.address.to_string()},
                              {"recipientPort", answer->seen.port}});
    });
}

void discv5_find_node(Network& node, const rpc::Call& call, rpc::Done done) {
    const auto to = asked(node, call, done);
    if (!to) return;
    auto distances = distances_param(call, 1);
    if (!distances) return done(std::unexpected{distances.error()});
    to->service->find_nodes(call.now, to->contact, std::move(*distances),
                            [done = std::move(done)](Now, auto answer) mutable {
                                if (!answer) {
                                    return done(refused(std::string{name(answer.error())}));
                                }
                                done(json_of(*answer));
                            });
}

void discv5_talk_req(Network& node, const rpc::Call& call, rpc::Done done) {
    const auto to = asked(node, call, done);
    if (!to) return;
    const auto protocol = rpc::data_param(call, 1);
    if (!protocol) return done(std::unexpected{protocol.error()});
    const auto request = rpc::data_param(call, 2);
    if (!request) return done(std::unexpected{request.error()});
    const auto bytes = protocol->size() + request->size();
    if (bytes > Service::talk_bytes_max) {
        return done(rpc::bad_param(2, fmt::format("at most {} bytes", Service::talk_bytes_max),
                                   fmt::format("{}", bytes)));
    }
    to->service->talk(call.now, to->contact, *protocol, *request,
                      [done = std::move(done)](Now, auto answer) mutable {
                          if (!answer) return done(refused(std::string{name(answer.error())}));
                          done(rpc::json::value(rpc::hex_data(*answer)));
                      });
}

namespace {

/// `begin` is given what hears the outcome (`say` makes it the reply), and says whether it began.
template <class Outcome>
void begin_lookup(rpc::Done done, rpc::Result (*say)(const Outcome&), auto begin) {
    auto shared = std::make_shared<rpc::Done>(std::move(done));
    const auto hear = [shared, say](Now, const Outcome& outcome) { (*shared)(say(outcome)); };
    if (!begin(hear)) (*shared)(refused("too many lookups are under way"));
}

rpc::Result say_nodes(const std::vector<Enr>& nodes) {
    return json_of(nodes);
}
rpc::Result say_node(const std::optional<Enr>& node) {
    if (!node) return refused("nobody knows that node");
    return rpc::json::value(node->to_text());
}

}  // namespace

void parley_dht_announce(Network& node, const rpc::Call& call, rpc::Done done) {
    if (const auto service = service_of(node); !service) {
        return done(std::unexpected{service.error()});
    }
    begin_lookup(std::move(done), &say_nodes,
                 [&](auto hear) { return node.dht()->announce(call.now, hear); });
}

void discv5_recursive_find_nodes(Network& node, const rpc::Call& call, rpc::Done done) {
    const auto id = looked_up(node, call, done);
    if (!id) return;
    begin_lookup(std::move(done), &say_nodes,
                 [&](auto hear) { return node.dht()->lookup(call.now, *id, hear); });
}

void discv5_lookup_enr(Network& node, const rpc::Call& call, rpc::Done done) {
    const auto id = looked_up(node, call, done);
    if (!id) return;
    begin_lookup(std::move(done), &say_node,
                 [&](auto hear) { return node.dht()->resolve(call.now, *id, hear); });
}

}  // namespace parley::p2p
