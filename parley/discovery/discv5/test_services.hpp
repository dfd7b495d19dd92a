// For tests: services in one process, whose datagrams arrive at once, or never.
#pragma once

#include <parley/discovery/discv5/service.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace parley::discovery::discv5::testing {

inline NodeKey key_of(std::uint64_t number) {
    SeededEntropy entropy{number + 1};
    return NodeKey::generate(entropy);
}

/// 10.x.y.z: private addresses, which no limit counts.
inline Endpoint endpoint_of(std::uint32_t number) {
    return {IpAddress::v4({std::byte{10}, static_cast<std::byte>(number >> 16),
                           static_cast<std::byte>(number >> 8), static_cast<std::byte>(number)}),
            9000};
}

inline Enr record_of(const NodeKey& key, const Endpoint& endpoint, std::uint64_t sequence = 1) {
    return EnrBuilder{sequence}.ip(endpoint.address).udp(endpoint.port).sign(key).value();
}

class Net {
public:
    struct Node {
        Node(std::uint64_t number, const Endpoint& at, const ServiceConfig& config)
            : endpoint(at),
              entropy(number),
              key(key_of(number)),
              service(config, key, record_of(key, at), entropy, Rng{number}) {}
        Endpoint endpoint;
        SeededEntropy entropy;
        NodeKey key;
        Service service;
        Contact contact() const { return *Contact::of(service.record()); }
    };

    Node& add(std::uint64_t number, const ServiceConfig& config = {}) {
        const auto endpoint = endpoint_of(static_cast<std::uint32_t>(number));
        auto& node = nodes_[endpoint];
        node = std::make_unique<Node>(number, endpoint, config);
        return *node;
    }
    void remove(const Node& node) { nodes_.erase(node.endpoint); }

    /// Sees every datagram on its way; false loses it.
    std::function<bool(const Endpoint& from, const Endpoint& to, Bytes)> filter;

    Now now() const { return {.instant = time_, .unix_time = {}}; }
    /// Puts a datagram on the way.
    void send(const Endpoint& from, const Endpoint& to, Bytes bytes) {
        if (filter && !filter(from, to, bytes)) return;
        on_way_.push_back({from, to, to_buffer(bytes)});
    }
    /// What strangers (endpoints without a service) got.
    std::vector<std::pair<Endpoint, Buffer>> strays;

    /// Delivers until nothing is on its way.
    void settle() {
        collect();
        while (!on_way_.empty()) {
            const auto one = std::move(on_way_.front());
            on_way_.pop_front();
            const auto found = nodes_.find(one.to);
            if (found == nodes_.end()) {
                strays.emplace_back(one.to, one.bytes);
                continue;
            }
            found->second->service.on_datagram(now(), one.from, one.bytes);
            collect();
        }
    }
    void run_for(Duration time) {
        const Instant end = time_ + time;
        settle();
        while (true) {
            Instant next = end;
            for (auto& [endpoint, node] : nodes_) {
                next = std::min(next, node->service.next_wakeup());
            }
            if (next >= end) break;
            time_ = std::max(next, time_ + std::chrono::microseconds{1});
            for (auto& [endpoint, node] : nodes_) {
                if (node->service.next_wakeup() <= time_) node->service.on_timer(now());
            }
            settle();
        }
        time_ = end;
    }

private:
    struct OnWay {
        Endpoint from, to;
        Buffer bytes;
    };
    void collect() {
        for (auto& [endpoint, node] : nodes_) {
            auto& outbox = node->service.outbox();
            for (std::size_t i = 0; i < outbox.size(); ++i) {
                send(endpoint, outbox.peer(i), outbox[i]);
            }
            outbox.clear();
        }
    }

    Instant time_ = Instant{1s};
    std::map<Endpoint, std::unique_ptr<Node>> nodes_;
    std::deque<OnWay> on_way_;
};

}  // namespace parley::discovery::discv5::testing
