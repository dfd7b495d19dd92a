// Client: the asking side of a session of Node Discovery v5.1, and no more: the node that is asked
// is the one that is measured.
#pragma once

#include <parley/discovery/discv5/test_speaker.hpp>

#include <cstdint>
#include <optional>

namespace parley::interop {

/// The node that is asked.
struct MeasuredNode {
    NodeId key;
    Endpoint endpoint;
    /// Nothing if the record has no UDP endpoint.
    static std::optional<MeasuredNode> of(const Enr& record);
};

class Client {
public:
    /// Its keys come from `number`. `node` outlives it.
    Client(const MeasuredNode& node, std::uint64_t number, const Endpoint& endpoint)
        : node_(node), speaker_(number, endpoint) {}

    /// A packet that the node cannot open: it will ask who sent it.
    Buffer greeting() { return speaker_.random_packet(node_.key); }
    bool is_challenge(Bytes datagram) const {
        return discovery::discv5::testing::is_challenge(speaker_.id, datagram);
    }
    /// The answer to a challenge, with a PING in it. Makes the session.
    Buffer handshake(Bytes challenge) {
        return speaker_.handshake(node_.key, challenge, ping_message());
    }
    /// In the session.
    Buffer ping() { return speaker_.sealed(node_.key, ping_message()); }
    /// The datagram answers the last PING, and says where it came from.
    bool is_pong(Bytes datagram) const;

private:
    Buffer ping_message();

    const MeasuredNode& node_;
    discovery::discv5::testing::Speaker speaker_;
    /// Of the last PING. No ID begins with a zero byte: there are nodes that do not repeat it.
    std::uint64_t request_ = std::uint64_t{1} << 62;
};

}  // namespace parley::interop
