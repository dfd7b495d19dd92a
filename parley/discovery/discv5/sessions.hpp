// Sessions: the keys that we share with other nodes, each with one node at one endpoint (devp2p,
// discv5-theory.md, "Sessions").
// Bounded: beyond entries_max the network group (/24, IPv6 /48) with the most sessions loses the
// one used least recently. The other side notices when it uses it next, and a handshake makes a new
// one. Threading: the node's thread.
#pragma once

#include <parley/base/grouped_lru.hpp>
#include <parley/discovery/discv5/distance.hpp>
#include <parley/discovery/discv5/session_keys.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::discovery::discv5 {

/// A node at an endpoint: id | key_of(endpoint).
using PeerKey = ByteArray<51>;
/// The key of a node at an endpoint.
PeerKey peer_key(const Id& id, const Endpoint& endpoint);
/// What a table of peers is shared by: the /24, IPv6 /48 of an endpoint.
inline ByteArray<18> share_key(const Endpoint& endpoint) {
    return key_of(inbound_group(endpoint.address));
}

/// The other side of a session.
struct Remote {
    PeerKey key{};
    Id id{};
    Endpoint endpoint;

    /// With the key computed.
    static Remote of(const Id& id, const Endpoint& endpoint) {
        return {peer_key(id, endpoint), id, endpoint};
    }
};

/// One of a session's two sides.
struct Keys {
    SessionKey seal{};  ///< of what we send
    SessionKey open{};  ///< of what they send
    ~Keys() {
        wipe(seal);
        wipe(open);
    }

    /// The initiator's side: seals with its own key and opens with the recipient's.
    static Keys of_initiator(const SessionKeys& keys) { return {keys.initiator, keys.recipient}; }
    /// The recipient's side.
    static Keys of_recipient(const SessionKeys& keys) { return {keys.recipient, keys.initiator}; }
};

class Sessions {
public:
    Sessions(std::size_t entries_max, std::uint64_t salt) : sessions_(entries_max, salt) {}

    /// For an answer. Null if there is none.
    const SessionKey* sealing(const PeerKey& peer);
    /// For a request. Null if there is none since renew().
    const SessionKey* renewed_sealing(const PeerKey& peer);
    /// The plain text of a packet, in `room`; nothing if it does not belong to the session.
    std::optional<Bytes> open(const PeerKey& peer, const Packet& packet, PacketBuffer& room);
    /// The keys used so far still open packets: of two handshakes that cross each side may keep the
    /// other one's keys, until a packet shows which of them the peer uses.
    void put(const Remote& peer, const Keys& keys);
    /// What is asked from now on needs a new handshake. What is under way in the sessions so far is
    /// still read and answered.
    void renew() { ++generation_; }
    std::size_t size() const { return sessions_.size(); }

private:
    struct Session {
        Keys current;
        std::optional<Keys> other;
        std::uint64_t generation = 0;
    };
    GroupedLru<PeerKey, ByteArray<18>, Session> sessions_;
    std::uint64_t generation_ = 0;
};

}  // namespace parley::discovery::discv5
