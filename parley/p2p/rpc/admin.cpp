#include <parley/p2p/rpc/functions.hpp>
#include <parley/rpc/params.hpp>
#include <parley/transport/handshake/hello_check.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <string>

namespace parley::p2p {

namespace {

using transport::Direction;
using transport::PeerInfo;
using transport::SlotClass;
using transport::SlotKind;

constexpr std::array directions{Direction::inbound, Direction::outbound};

std::int64_t whole_seconds(Duration d) {
    return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}

/// One number for each kind of slot.
template <class Count>
rpc::json::object by_slot_kind(Count count) {
    rpc::json::object out;
    for (const auto kind : {SlotKind::inbound, SlotKind::outbound, SlotKind::static_peer,
                            SlotKind::trusted, SlotKind::handshake_in, SlotKind::handshake_out}) {
        out[transport::name(kind)] = count(kind);
    }
    return out;
}

rpc::json::object peer_json(const rpc::Call& call, const transport::Hello& ours,
                            const PeerInfo& peer) {
    rpc::json::array topics;
    rpc::json::object protocols;
    for (const auto& topic : transport::common_topics(ours, peer.hello)) {
        topics.emplace_back(fmt::format("{}/{}", topic.name, topic.version));
        protocols[topic.name] = {{"version", topic.version}};
    }
    rpc::json::value round_trip;
    if (peer.round_trip) {
        round_trip = std::chrono::duration<double, std::milli>(*peer.round_trip).count();
    }
    rpc::json::value last_useful;
    if (peer.useful_at) last_useful = whole_seconds(call.now.instant - *peer.useful_at);
    return {
        {"enr", peer.hello.record.to_text()},
        {"id", peer.id.to_string()},
        {"name", peer.hello.client},
        {"nodeName", peer.hello.node_name},
        {"caps", topics},
        {"network",
         {{"remoteAddress", peer.endpoint.to_string()},
          {"inbound", peer.direction == Direction::inbound},
          {"static", peer.slot_class == SlotClass::static_peer},
          {"trusted", peer.slot_class == SlotClass::trusted},
          {"class", transport::name(peer.slot_class)},
          {"group", outbound_group(peer.endpoint.address).to_string()}}},
        {"protocols", std::move(protocols)},
        {"roundTripMs", std::move(round_trip)},
        {"bytesIn", peer.bytes_in},
        {"bytesOut", peer.bytes_out},
        {"messagesIn", peer.messages_in},
        {"messagesOut", peer.messages_out},
        {"topics", std::move(topics)},
        {"age", whole_seconds(call.now.instant - peer.since)},
        {"lastUseful", std::move(last_useful)},
        {"offences", peer.offences},
        {"score", peer.score},
    };
}

rpc::json::value endpoint_json(const Network& node) {
    const auto endpoint = node.endpoint();
    return endpoint ? rpc::json::value(endpoint->to_string()) : rpc::json::value{};
}

rpc::json::object mapping_json(const nat::MappingStatus& status) {
    rpc::json::object out{{"outside", nullptr}};
    if (status.mapping) {
        out["outside"] = status.mapping->outside.to_string();
        out["by"] = name(status.mapping->method);
        out["udp"] = status.udp;
        if (status.udp_why) out["udpError"] = status.udp_why->why;
    }
    if (status.why) out["error"] = status.why->why;
    return out;
}

rpc::json::object port_mapping_json(const Network& node) {
    auto out = mapping_json(node.own().port_mapping());
    out["mode"] = name(node.config().p2p.port_mapping);
    if (node.own().port_mapping().mapping) out["reachable"] = node.own().mapping_is_of_use();
    return out;
}

/// Null while none is asked for.
rpc::json::value pinhole_json(const Network& node) {
    const auto& status = node.own().pinhole();
    if (status.mode == nat::MappingMode::off) return nullptr;
    return mapping_json(status);
}

/// Null without a DHT.
rpc::json::value dht_json(const Network& node) {
    if (node.dht() == nullptr) return nullptr;
    const auto& nodes = node.dht()->service().table();
    return {{"nodes", nodes.size()}, {"checked", nodes.checked()}};
}

rpc::json::object links_json(const std::vector<PeerInfo>& peers) {
    std::map<Direction, std::map<SlotClass, std::size_t>> counts;
    for (const auto& peer : peers) ++counts[peer.direction][peer.slot_class];
    std::map<Direction, std::size_t> totals;
    rpc::json::object by_direction;
    rpc::json::object by_class;
    for (const auto kind : transport::all_slot_classes) by_class[transport::name(kind)] = 0U;
    for (const auto direction : directions) {
        rpc::json::object row;
        for (const auto kind : transport::all_slot_classes) {
            const auto count = counts[direction][kind];
            totals[direction] += count;
            row[transport::name(kind)] = count;
            auto& sum = by_class[transport::name(kind)];
            sum = sum.to_number<std::size_t>() + count;
        }
        by_direction[transport::name(direction)] = std::move(row);
    }
    return {{"inbound", totals[Direction::inbound]},
            {"outbound", totals[Direction::outbound]},
            {"byClass", std::move(by_class)},
            {"byDirection", std::move(by_direction)}};
}

}  // namespace

rpc::Result admin_add_peer(Network& node, const rpc::Call& call) {
    constexpr std::string_view expected = "\"ID@address:port\" or \"enr:...\"";
    const auto text = rpc::text_param(call, 0, expected);
    if (!text) return std::unexpected{text.error()};
    const auto target = Target::parse(*text);
    if (!target) return rpc::bad_param(0, expected, "another string");
    if (target->id == node.id()) return rpc::refused("that is this node itself");
    if (node.add_peer(call.now, *target)) return rpc::json::value(true);
    return rpc::refused(fmt::format("{} nodes are static peers already", named_peers_max));
}

rpc::Result admin_node_info(Network& node, const rpc::Call&, const RpcExtras& extras) {
    const auto& network = node.config().network;
    rpc::json::object protocols;
    for (const auto& topic : node.hello().topics) {
        protocols[topic.name] = {{"version", topic.version}};
    }
    rpc::json::object of_network{
        {"id", network.id}, {"name", network.name}, {"genesis", "0x" + to_hex(network.genesis)}};
    for (const auto& add : extras.node_info) add(of_network);
    rpc::json::object out{
        {"id", node.id().to_string()},       {"name", node.config().client},
        {"enr", node.record().to_text()},    {"listenAddr", endpoint_json(node)},
        {"protocols", std::move(protocols)}, {"network", std::move(of_network)},
    };
    out["nodeName"] = node.config().p2p.name;
    if (const auto endpoint = node.endpoint()) {
        out["target"] = Target{node.id(), *endpoint}.to_string();
        out["ip"] = endpoint->address.to_string();
        out["ports"] = {{"discovery", node.dht() ? endpoint->port : 0},
                        {"listener", endpoint->port}};
    }
    return out;
}

rpc::Result admin_peers(Network& node, const rpc::Call& call) {
    const auto ours = node.hello();
    rpc::json::array out;
    for (const auto& peer : node.peers()) out.emplace_back(peer_json(call, ours, peer));
    return out;
}

rpc::Result parley_lanes(Network& node, const rpc::Call&) {
    rpc::json::array out;
    for (const auto& load : node.topic_loads()) {
        out.push_back({{"topic", load.topic},
                       {"links", load.lanes},
                       {"messagesIn", load.messages_in},
                       {"messagesOut", load.messages_out},
                       {"bytesIn", load.bytes_in},
                       {"bytesOut", load.bytes_out},
                       {"queuedBytes", load.queued_bytes},
                       {"stalled", load.stalled},
                       {"stalls", load.stalls}});
    }
    return out;
}

rpc::Result parley_status(Network& node, const rpc::Call& call, const RpcExtras& extras) {
    const auto& slots = node.slots();
    const auto traffic = node.traffic();
    const auto& network = node.config().network;
    rpc::json::object out{
        {"id", node.id().to_string()},
        {"enr", node.record().to_text()},
        {"client", node.config().client},
        {"network", network.name},
        {"networkId", network.id},
        {"head", network.head},
        {"endpoint", endpoint_json(node)},
        {"portMapping", port_mapping_json(node)},
        {"pinhole", pinhole_json(node)},
        {"http", extras.http ? rpc::json::value(extras.http->to_string()) : rpc::json::value{}},
        {"uptime", whole_seconds(call.now.instant - node.started())},
        {"links", links_json(node.peers())},
        {"slots", by_slot_kind([&](SlotKind kind) { return slots.limit(kind); })},
        {"slotsInUse", by_slot_kind([&](SlotKind kind) { return slots.in_use(kind); })},
        {"knownAddresses", node.book().size()},
        {"offline", node.offline()},
        {"dht", dht_json(node)},
        {"bytesIn", traffic.bytes_in},
        {"bytesOut", traffic.bytes_out},
    };
    for (const auto& add : extras.status) add(out);
    return out;
}

}  // namespace parley::p2p
