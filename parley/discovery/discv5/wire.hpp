// Wire: the packets of Node Discovery v5.1, in and out (devp2p, discv5-wire.md, "Packet Encoding";
// discv5-theory.md, "Sessions" and "Handshake"). It reads and seals them, keeps sessions and
// challenges, and makes handshakes on either side. It knows messages, not what they ask for.
//   - Until a handshake proves an endpoint, it gets no more bytes than it sent; afterwards a number
//     of packets a second.
//   - A forged source address uses up neither what the true one may ask for in its sessions, nor
//     the challenges that it is sent.
//   - A handshake that no challenge asked for, or that is repeated, is ignored.
// Bounded: sessions, challenges and counted addresses by WireConfig, the first two in shares of
// network groups; the outbox by its owner, who clears it after each call.
// Threading: the node's thread.
//
//     const auto nonce = wire.send_request(now, contact, encode(Ping{id, sequence}));
//     // WHOAREYOU comes:  receive() is Challenged, by that nonce: send_handshake()
//     // the answer comes: receive() is Heard, with a Pong
#pragma once

#include <parley/base/entropy_pool.hpp>
#include <parley/base/grouped_lru.hpp>
#include <parley/base/lru.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/discovery/discv5/contact.hpp>
#include <parley/discovery/discv5/message.hpp>
#include <parley/discovery/discv5/packet.hpp>
#include <parley/discovery/discv5/sessions.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_key.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

namespace parley::discovery::discv5 {

/// Limits of sessions, of challenges, and of the packets that others get from us.
struct WireConfig {
    /// For the handshake that we asked for. No longer than others wait for a challenge: a node that
    /// gave up and asks again needs another one.
    Duration challenge_lifetime = 700ms;
    std::size_t sessions_max = 4096;
    std::size_t challenges_max = 8192;
    /// Packets that one address (IPv6: /64) gets for its requests in sessions; and as many
    /// challenges besides.
    double packets_per_second = 200;
    double packets_burst = 400;
    /// Handshakes with us, from one address.
    double address_handshakes_per_second = 50;
    double address_handshakes_burst = 200;
    /// Packets that go to one address without a session and come to nothing: anybody may write a
    /// record that names somebody else's endpoint, and must not make us a nuisance to it.
    double greetings_per_second = 1.0 / 300;
    double greetings_burst = 16;
    /// Addresses whose use is counted; beyond it the least recent starts anew.
    std::size_t addresses_max = 4096;
    /// Handshakes with us, from all addresses. A forged one costs an operation on the curve, a good
    /// one three.
    double handshakes_per_second = 2000;
    double handshakes_burst = 2000;
    /// Of these, from one /16 (IPv6: /32), but for private and loopback addresses: some hosts of
    /// one provider must not use up what there is for all.
    double group_handshakes_per_second = 250;
    double group_handshakes_burst = 250;
};

class Wire {
public:
    /// The newest record that is known of a node; null: none. A challenge tells its number, so that
    /// the handshake brings a newer one.
    using FindContact = std::function<const Contact*(const Id&)>;

    /// `key`, `entropy` and all that `known` refers to outlive it. Draws four salts.
    Wire(const WireConfig& config, const NodeKey& key, const Enr& record, EntropySource& entropy,
         FindContact known, Rng& rng);

    const Id& id() const { return self_; }
    /// Our own record, which handshakes deliver.
    const Enr& record() const { return record_; }
    /// True if it names another endpoint than the one before; then requests make sessions anew.
    bool set_record(const Enr& record);

    // --- In ---

    /// A WHOAREYOU: the packet of that nonce could not be opened.
    struct Challenged {
        Endpoint from;
        Nonce nonce{};
        ChallengeData data{};
        std::uint64_t record_sequence = 0;  ///< of the record that they have of us; 0: none
    };
    /// A packet of a session, or the handshake that begins one.
    struct Heard {
        Remote from;
        /// In a handshake: their record, verified; it need not name the endpoint they speak from.
        std::optional<Enr> record;
        /// Nothing if it was unreadable. Views, until the next call of receive().
        std::optional<Message> message;
    };
    /// Nothing: the datagram asks nothing of the owner.
    using Incoming = std::variant<std::monostate, Challenged, Heard>;
    /// Challenges are sent from here.
    Incoming receive(Now now, const Endpoint& from, Bytes datagram);

    /// Takes so many packets off what an address gets in sessions. False: it is over its limit, and
    /// must not be answered; counted as dropped.
    bool admit(Now now, const IpAddress& address, double packets = 1);

    // --- Out: plain messages ---

    /// In the session; without one as random bytes, which ask for a challenge. The packet's nonce.
    /// Nothing leaves for an address that has not answered WireConfig::greetings_burst of these.
    std::optional<Nonce> send_request(Now now, const Contact& to, Bytes plain);
    /// The answer to a challenge: makes a session, and repeats the request in it. False if their
    /// record does not decode, or its key is no point on the curve.
    bool send_handshake(const Contact& to, const Challenged& challenge, Bytes plain);
    /// Nothing leaves if the session was forgotten meanwhile.
    void send_answer(const Remote& to, const Message& message);
    /// Datagrams to be sent. The owner clears it.
    DatagramBatch& outbox() { return outbox_; }

    std::size_t sessions() const { return sessions_.size(); }
    /// Counts since the start.
    struct Counters {
        std::uint64_t packets_in = 0, packets_out = 0;
        std::uint64_t dropped = 0;     ///< over a limit
        std::uint64_t unreadable = 0;  ///< no packet or message of this protocol for us
        std::uint64_t challenges = 0;  ///< sent
        std::uint64_t handshakes = 0;  ///< completed, on either side
    };
    const Counters& counters() const { return counters_; }

private:
    struct Challenge {
        ChallengeData data{};
        SharedBytes known;  // the record that we have of them
        Instant until = never;
    };
    /// What is left to an address, in packets.
    struct Allowance {
        TokenBucket in_sessions, challenges, handshakes, greetings;
    };

    bool admit_handshake(Now now, const IpAddress& address);
    Allowance& allowance_of(const IpAddress& address);
    bool take(Now now, const IpAddress& address, TokenBucket Allowance::* what, double packets);
    Incoming on_packet(Now now, const Endpoint& from, const Packet& packet,
                       const OrdinaryPacket& kind);
    Incoming on_packet(Now now, const Endpoint& from, const Packet& packet, const WhoAreYou& kind);
    Incoming on_packet(Now now, const Endpoint& from, const Packet& packet,
                       const HandshakePacket& kind);
    Heard heard(const Remote& from, std::optional<Enr> record, Bytes plain);
    void challenge(Now now, const Remote& to, const Nonce& nonce);
    PacketHeader header(const PacketKind& kind);
    /// Sends what `write` appends to a Buffer.
    template <class Write>
    void put(const Endpoint& to, Write write) {
        ++counters_.packets_out;
        outbox_.write(to, std::move(write));
    }

    WireConfig config_;
    const NodeKey& key_;
    Id self_;
    Enr record_;
    FindContact known_;
    EntropySource& entropy_;
    // Nonces and masks are not from an Rng: whoever foresees a nonce can forge the challenge to it.
    EntropyPool random_;
    std::uint32_t nonces_ = 0;
    Sessions sessions_;
    GroupedLru<PeerKey, ByteArray<18>, Challenge> challenges_;
    LruMap<ByteArray<18>, Allowance> addresses_;
    LruMap<ByteArray<18>, TokenBucket> group_handshakes_;
    TokenBucket handshakes_;
    Counters counters_;
    DatagramBatch outbox_;
    PacketBuffer header_room_{}, plain_room_{};
    Buffer answer_room_;
};

}  // namespace parley::discovery::discv5
