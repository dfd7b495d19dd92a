// The node that the benchmarks of Node Discovery v5.1 ask: a Service whose table is full.
#pragma once

#include <parley/discovery/discv5/service.hpp>
#include <parley/discovery/discv5/test_speaker.hpp>

#include <vector>

namespace parley::bench {

using DhtPeer = discovery::discv5::testing::Speaker;
/// Its record names no endpoint: no table takes it in.
DhtPeer dht_peer(std::uint64_t number);

class DhtNode {
public:
    DhtNode();

    discovery::discv5::Service& service() { return service_; }
    const NodeId& key() const { return key_.id(); }
    /// The time goes on from when the table was full.
    Now now() const;
    /// The datagrams that it sends for one that comes, to where it came from.
    std::vector<Buffer> answers(const Endpoint& from, Bytes datagram);

private:
    std::vector<Buffer> taken_by(const Endpoint& endpoint);
    void fill();

    SeededEntropy entropy_{1};
    NodeKey key_;
    discovery::discv5::Service service_;
    Instant time_{Duration{1h}};
    double began_ = 0;
};

/// What seals the packets of which only the cryptography is measured.
inline constexpr discovery::discv5::SessionKey dht_bare_key{std::byte{1}};

/// What a PING and a FINDNODE look like, and how large the packets of their answers are.
struct DhtTraffic {
    Buffer ping, find_node;                            ///< plain
    std::vector<std::size_t> pong_bytes, nodes_bytes;  ///< of plain messages
};
DhtTraffic dht_traffic(DhtNode& node);

}  // namespace parley::bench
