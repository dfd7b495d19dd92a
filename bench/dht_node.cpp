#include "dht_node.hpp"
#include "harness.hpp"

#include <stdexcept>

namespace parley::bench {

using namespace discovery::discv5;

namespace {

constexpr std::size_t neighbours = 300;  ///< that it meets, and checks if there is room

Endpoint endpoint_of(std::size_t number) {
    return {IpAddress::v4({std::byte{127}, std::byte{1}, static_cast<std::byte>(number >> 8),
                           static_cast<std::byte>(number)}),
            30303};
}

/// IPv4, TCP, UDP and the network's entry; without address and ports if the port is 0.
Enr record_at(const NodeKey& key, const Endpoint& endpoint) {
    ParleyEntry entry;
    entry.network_id = 20'261;
    entry.fork_hash = {std::byte{0xf0}, std::byte{0xf1}, std::byte{0xf2}, std::byte{0xf3}};
    entry.roles = 1;
    EnrBuilder builder{1'750'000'000};
    if (endpoint.port != 0) builder.ip(endpoint.address).tcp(endpoint.port).udp(endpoint.port);
    return builder.parley(entry).sign(key).value();
}

/// Nobody is turned away, and nothing happens that was not asked for.
ServiceConfig unlimited() {
    constexpr Duration long_time = std::chrono::hours{1000};
    constexpr double many = 1e9;
    ServiceConfig config;
    config.packets_per_second = config.packets_burst = many;
    config.address_handshakes_per_second = config.address_handshakes_burst = many;
    config.handshakes_per_second = config.handshakes_burst = many;
    config.challenge_lifetime = long_time;
    config.challenges_max = 1U << 16;
    config.walk_interval_min = config.walk_interval_max = long_time;
    config.table.check_interval_min = config.table.check_interval_max = long_time;
    return config;
}

}  // namespace

DhtPeer dht_peer(std::uint64_t number) {
    DhtPeer peer{number, {}};
    peer.record = record_at(peer.key, {});
    return peer;
}

DhtNode::DhtNode()
    : key_(NodeKey::generate(entropy_)),
      service_(unlimited(), key_, record_at(key_, endpoint_of(0)), entropy_, Rng{1}) {
    service_.on_timer({time_, {}});  // walks, in vain
    fill();
    began_ = seconds_now();
}

Now DhtNode::now() const {
    const std::chrono::duration<double> passed{seconds_now() - began_};
    return {time_ + std::chrono::duration_cast<Duration>(passed), {}};
}

std::vector<Buffer> DhtNode::taken_by(const Endpoint& endpoint) {
    std::vector<Buffer> out;
    auto& outbox = service_.outbox();
    for (std::size_t i = 0; i < outbox.size(); ++i) {
        if (outbox.peer(i) == endpoint) out.push_back(to_buffer(outbox[i]));
    }
    outbox.clear();
    return out;
}

std::vector<Buffer> DhtNode::answers(const Endpoint& from, Bytes datagram) {
    service_.on_datagram({time_, {}}, from, datagram);
    return taken_by(from);
}

void DhtNode::fill() {
    for (std::size_t i = 1; i <= neighbours; ++i) {
        const auto endpoint = endpoint_of(i);
        DhtPeer peer{1000 + i, endpoint};
        peer.record = record_at(peer.key, endpoint);
        const auto challenge = answers(endpoint, peer.random_packet(key())).at(0);
        (void)answers(endpoint,
                      peer.handshake(key(), challenge, encode(Ping{RequestId::of(i), 1})));
        // It is checked at once, if it stands in the table.
        time_ = std::max(time_, service_.next_wakeup());
        service_.on_timer({time_, {}});
        for (const auto& datagram : taken_by(endpoint)) {
            const auto plain = peer.opened(datagram);
            const auto message = plain ? decode_message(*plain) : std::unexpected{MessageError{}};
            if (!message || !std::holds_alternative<Ping>(*message)) continue;
            const Pong pong{std::get<Ping>(*message).request_id, 1, endpoint_of(0)};
            (void)answers(endpoint, peer.sealed(key(), encode(pong)));
        }
    }
    if (service_.table().checked() < 2 * Table::entries_max) {
        throw std::runtime_error{"the table did not fill"};
    }
}

DhtTraffic dht_traffic(DhtNode& node) {
    DhtTraffic out;
    out.ping = encode(Ping{RequestId::of(~std::uint64_t{0}), 1'750'000'000});
    FindNode find{RequestId::of(~std::uint64_t{0}), {}};
    find.distances = {256, 255, 254};
    out.find_node = encode(find);

    const Endpoint endpoint = endpoint_of(0);
    DhtPeer peer = dht_peer(1);
    const auto challenge = node.answers(endpoint, peer.random_packet(node.key())).at(0);
    const auto bytes = [&](Bytes datagram) {
        std::vector<std::size_t> sizes;
        for (const auto& answer : node.answers(endpoint, datagram)) {
            sizes.push_back(peer.opened(answer).value().size());
        }
        return sizes;
    };
    out.pong_bytes = bytes(peer.handshake(node.key(), challenge, out.ping));
    out.nodes_bytes = bytes(peer.sealed(node.key(), out.find_node));
    return out;
}

}  // namespace parley::bench
