// The DHT over RPC; method names as in the Portal network's JSON-RPC for discovery v5.
#include <parley/node/rpc/json_hex.hpp>
#include <parley/node/rpc/rpc_method.hpp>
#include <parley/node/rpc/rpc_params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley::node {

using namespace discovery::discv5;

namespace {

std::unexpected<RpcError> refused(std::string why) {
    return std::unexpected{RpcError{rpc_code::refused, std::move(why)}};
}

Result<Service*, RpcError> service_of(const RpcCall& call) {
    if (auto* dht = call.node.dht()) return &dht->service();
    return refused("this node takes no part in the DHT (setting p2p.dht)");
}

Result<Enr, RpcError> record_param(const RpcCall& call, std::size_t index) {
    const auto text = text_param(call, index, "\"enr:...\"");
    if (!text) return std::unexpected{text.error()};
    auto record = Enr::parse(*text);
    if (!record) return bad_param(index, "\"enr:...\"", message(record.error()));
    return std::move(*record);
}

/// A place in the key space: its 32 bytes, or who stands there by ID or record.
Result<Id, RpcError> key_param(const RpcCall& call, std::size_t index) {
    constexpr std::string_view expected =
        "32 bytes of hex data, a node's ID of 66 hex digits, or \"enr:...\"";
    const auto text = text_param(call, index, expected);
    if (!text) return std::unexpected{text.error()};
    if (text->starts_with("0x")) return hash_param(call, index);
    if (const auto id = NodeId::parse(*text)) return dht_id(*id);
    if (const auto record = Enr::parse(*text)) return dht_id(record->id());
    return bad_param(index, expected, "another string");
}

/// Somebody to ask: a record, or a place in the key space at which the table has somebody.
Result<Contact, RpcError> contact_param(const RpcCall& call, const Service& service,
                                        std::size_t index) {
    const auto text = text_param(call, index, "\"enr:...\"");
    if (text && text->starts_with("enr:")) {
        const auto record = record_param(call, index);
        if (!record) return std::unexpected{record.error()};
        const auto contact = Contact::of(*record);
        if (!contact) return bad_param(index, "a record with a UDP endpoint", "one without");
        if (contact->id == service.id()) return refused("that is this node itself");
        return *contact;
    }
    const auto id = key_param(call, index);
    if (!id) return std::unexpected{id.error()};
    if (*id == service.id()) return refused("that is this node itself");
    if (const auto* entry = service.table().find(*id)) return entry->contact;
    return refused("the table does not know that node: give its record");
}

Result<std::vector<std::uint16_t>, RpcError> distances_param(const RpcCall& call,
                                                             std::size_t index) {
    constexpr std::string_view expected = "an array of distances, 0 to 256";
    if (index >= call.params.size()) return bad_param(index, expected, "nothing");
    const auto* list = call.params[index].if_array();
    if (list == nullptr) return bad_param(index, expected, json_kind(call.params[index]));
    if (list->empty() || list->size() > distance_max + 1) {
        return bad_param(index, expected, fmt::format("{} of them", list->size()));
    }
    std::vector<std::uint16_t> out;
    for (const auto& value : *list) {
        const auto* number = value.if_int64();
        if (number == nullptr) return bad_param(index, expected, json_kind(value));
        if (*number < 0 || *number > std::int64_t{distance_max}) {
            return bad_param(index, expected, fmt::format("{}", *number));
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
std::optional<Asked> asked(const RpcCall& call, RpcDone& done) {
    const auto service = service_of(call);
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
std::optional<Id> looked_up(const RpcCall& call, RpcDone& done) {
    const auto service = service_of(call);
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

json::array json_of(const std::vector<Enr>& records) {
    json::array out;
    for (const auto& record : records) out.emplace_back(record.to_text());
    return out;
}

}  // namespace

RpcResult discv5_node_info(const RpcCall& call) {
    const auto service = service_of(call);
    if (!service) return std::unexpected{service.error()};
    return json::value{{"enr", (*service)->record().to_text()},
                       {"nodeId", hex_data((*service)->id())}};
}

RpcResult discv5_routing_table_info(const RpcCall& call) {
    const auto service = service_of(call);
    if (!service) return std::unexpected{service.error()};
    json::array buckets(distance_max);
    for (auto& bucket : buckets) bucket.emplace_array();
    (*service)->table().for_each([&](const TableEntry& entry, bool stands) {
        if (!stands) return;
        const auto distance = log_distance((*service)->id(), entry.contact.id);
        buckets[distance - 1].get_array().emplace_back(hex_data(entry.contact.id));
    });
    return json::value{{"localNodeId", hex_data((*service)->id())},
                       {"buckets", std::move(buckets)}};
}

RpcResult discv5_add_enr(const RpcCall& call) {
    const auto service = service_of(call);
    if (!service) return std::unexpected{service.error()};
    const auto record = record_param(call, 0);
    if (!record) return std::unexpected{record.error()};
    return json::value(call.node.dht()->store(call.now, *record));
}

RpcResult discv5_get_enr(const RpcCall& call) {
    const auto service = service_of(call);
    if (!service) return std::unexpected{service.error()};
    const auto id = key_param(call, 0);
    if (!id) return std::unexpected{id.error()};
    if (*id == (*service)->id()) return json::value((*service)->record().to_text());
    const auto* entry = (*service)->table().find(*id);
    if (entry == nullptr) return refused("the table does not know that node");
    return json::value(enr_text(entry->contact.record));
}

RpcResult parley_dht_table(const RpcCall& call) {
    const auto service = service_of(call);
    if (!service) return std::unexpected{service.error()};
    json::array out;
    (*service)->table().for_each([&](const TableEntry& entry, bool stands) {
        if (!stands) return;
        const auto& contact = entry.contact;
        const auto record = Enr::decode_verified(contact.record);
        const bool seen = entry.last_seen != Instant::min();
        out.push_back({{"nodeId", hex_data(contact.id)},
                       {"id", record ? json::value(record->id().to_string()) : json::value{}},
                       {"endpoint", contact.endpoint.to_string()},
                       {"distance", log_distance((*service)->id(), contact.id)},
                       {"checked", entry.checked},
                       {"failures", entry.failures},
                       {"seen", seen ? json::value(std::chrono::duration_cast<std::chrono::seconds>(
                                                       call.now.instant - entry.last_seen)
                                                       .count())
                                     : json::value{}},
                       {"parley", record && record->parley().has_value()},
                       {"enr", enr_text(contact.record)}});
    });
    return out;
}

void discv5_ping(const RpcCall& call, RpcDone done) {
    const auto to = asked(call, done);
    if (!to) return;
    to->service->ping(call.now, to->contact, [done = std::move(done)](Now, auto answer) mutable {
        if (!answer) return done(refused(std::string{name(answer.error())}));
        done(json::value{{"enrSeq", answer->record_sequence},
                         {"recipientIP", answer->seen.address.to_string()},
                         {"recipientPort", answer->seen.port}});
    });
}

void discv5_find_node(const RpcCall& call, RpcDone done) {
    const auto to = asked(call, done);
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

void discv5_talk_req(const RpcCall& call, RpcDone done) {
    const auto to = asked(call, done);
    if (!to) return;
    const auto protocol = data_param(call, 1);
    if (!protocol) return done(std::unexpected{protocol.error()});
    const auto request = data_param(call, 2);
    if (!request) return done(std::unexpected{request.error()});
    const auto bytes = protocol->size() + request->size();
    if (bytes > Service::talk_bytes_max) {
        return done(bad_param(2, fmt::format("at most {} bytes", Service::talk_bytes_max),
                              fmt::format("{}", bytes)));
    }
    to->service->talk(call.now, to->contact, *protocol, *request,
                      [done = std::move(done)](Now, auto answer) mutable {
                          if (!answer) return done(refused(std::string{name(answer.error())}));
                          done(json::value(hex_data(*answer)));
                      });
}

namespace {

/// `begin` is given what hears the outcome (`say` makes it the reply), and says whether it began.
template <class Outcome>
void begin_lookup(RpcDone done, RpcResult (*say)(const Outcome&), auto begin) {
    auto shared = std::make_shared<RpcDone>(std::move(done));
    const auto hear = [shared, say](Now, const Outcome& outcome) { (*shared)(say(outcome)); };
    if (!begin(hear)) (*shared)(refused("too many lookups are under way"));
}

RpcResult say_nodes(const std::vector<Enr>& nodes) {
    return json_of(nodes);
}
RpcResult say_node(const std::optional<Enr>& node) {
    if (!node) return refused("nobody knows that node");
    return json::value(node->to_text());
}

}  // namespace

void parley_dht_announce(const RpcCall& call, RpcDone done) {
    if (const auto service = service_of(call); !service) {
        return done(std::unexpected{service.error()});
    }
    begin_lookup(std::move(done), &say_nodes,
                 [&](auto hear) { return call.node.dht()->announce(call.now, hear); });
}

void discv5_recursive_find_nodes(const RpcCall& call, RpcDone done) {
    const auto id = looked_up(call, done);
    if (!id) return;
    begin_lookup(std::move(done), &say_nodes,
                 [&](auto hear) { return call.node.dht()->lookup(call.now, *id, hear); });
}

void discv5_lookup_enr(const RpcCall& call, RpcDone done) {
    const auto id = looked_up(call, done);
    if (!id) return;
    begin_lookup(std::move(done), &say_node,
                 [&](auto hear) { return call.node.dht()->resolve(call.now, *id, hear); });
}

}  // namespace parley::node
