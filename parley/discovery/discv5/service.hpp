// Service: Node Discovery v5.1 as one core (devp2p, discv5-wire.md and discv5-theory.md). Datagrams
// go in and come out; it keeps sessions, answers requests, makes its own, fills its table, checks
// who is in it, and looks nodes up.
//   - Before an endpoint is proven by a handshake, no more bytes go there than came from there, and
//     after that so many packets a second. Who forges the source of its packets can use up neither
//     what the true one may ask for in its sessions nor the challenges that it was sent.
//   - To one node at one endpoint one request is under way at a time; others wait for it.
//   - What was not asked for is ignored: answers, challenges, handshakes, and all that is repeated.
// Bounded: requests, sessions, challenges, lookups and what an address may send are limited in
// ServiceConfig.
// Threading: the node's thread.
#pragma once

#include <parley/base/entropy_pool.hpp>
#include <parley/base/lru.hpp>
#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/discovery/dht.hpp>
#include <parley/discovery/discv5/lookup.hpp>
#include <parley/discovery/discv5/message.hpp>
#include <parley/discovery/discv5/packet.hpp>
#include <parley/discovery/discv5/sessions.hpp>
#include <parley/discovery/discv5/table.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_key.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::discovery::discv5 {

struct ServiceConfig {
    TableConfig table;
    Duration request_timeout = 700ms;  ///< for an answer, or a challenge
    Duration handshake_timeout = 1s;   ///< for the answer to a request in a handshake
    /// For the handshake that we asked for. No longer than others wait for a challenge: who gave
    /// one up and asks again needs another.
    Duration challenge_lifetime = 700ms;
    std::size_t sessions_max = 4096;
    std::size_t challenges_max = 8192;
    std::size_t requests_max = 512;  ///< of ours, waiting ones included
    /// Of those to one node at one endpoint: it may be silent, and they wait for each other.
    std::size_t peer_requests_max = 32;
    std::size_t lookups_max = 16;  ///< under way
    /// Packets that one address (IPv6: /64) gets for its requests in sessions; and as many
    /// challenges besides.
    double packets_per_second = 200;
    double packets_burst = 400;
    /// Handshakes with us, from one address.
    double address_handshakes_per_second = 50;
    double address_handshakes_burst = 200;
    std::size_t addresses_max = 4096;  ///< that are counted so
    /// Handshakes with us, from all addresses. One that is forged costs an operation on the curve,
    /// a good one three.
    double handshakes_per_second = 2000;
    double handshakes_burst = 2000;
    /// Random walks through the key space: after the least while nobody answers, and then after
    /// intervals that double.
    Duration walk_interval_min = 5s;
    Duration walk_interval_max = std::chrono::minutes{30};
};

enum class RequestErrc : std::uint8_t {
    timed_out,   ///< no answer
    bad_answer,  ///< another kind, or totals that contradict each other
    overloaded,  ///< too many requests under way
    too_large,   ///< a TALKREQ of more than talk_bytes_max
};
std::string_view name(RequestErrc error);

/// What became of a request.
template <class Answer>
using OnAnswer = std::move_only_function<void(Now, std::expected<Answer, RequestErrc>)>;

struct PingAnswer {
    std::uint64_t record_sequence = 0;
    Endpoint seen;  ///< from where our PING came
};

class Service {
public:
    /// Of a TALKREQ's protocol and request together, and of its answer: it must fit in a handshake
    /// packet with a record.
    static constexpr std::size_t talk_bytes_max = Dht::talk_bytes_max;

    /// `key` and `entropy` outlive it. `record` is our own.
    Service(ServiceConfig config, const NodeKey& key, const Enr& record, EntropySource& entropy,
            Rng rng);

    const Id& id() const { return self_; }
    /// With another endpoint it is announced at once.
    void set_record(const Enr& record);
    const Enr& record() const { return record_; }
    /// A way into the network: heard of now, and again at each walk.
    void add_boot(Now now, const Enr& record);
    /// A record that verified.
    void heard(Now now, const Enr& record);
    /// Nodes that others are never told of: they stay out of the table.
    void set_secret(std::function<bool(const NodeId&)> secret) { secret_ = std::move(secret); }
    /// Records that are known to verify, besides those of the table: saves doing it again.
    void set_verified(std::function<bool(const Id&, Bytes raw)> verified) {
        verified_ = std::move(verified);
    }

    // --- Driving ---
    void on_datagram(Now now, const Endpoint& from, Bytes datagram);
    void on_timer(Now now);
    Instant next_wakeup() const;
    /// Those to be sent. The caller clears them.
    DatagramBatch& outbox() { return outbox_; }

    // --- Requests. The node's record is verified. ---
    void ping(Now now, const Contact& node, OnAnswer<PingAnswer> done);
    /// Records of the answer that verified and stand at the distances asked for.
    void find_nodes(Now now, const Contact& node, std::vector<std::uint16_t> distances,
                    OnAnswer<std::vector<Enr>> done);
    void talk(Now now, const Contact& node, Bytes protocol, Bytes request, OnAnswer<Buffer> done);

    struct LookupResult {
        std::vector<Contact> closest;  ///< that answered, at most 16, the closest first
        std::optional<Contact> found;  ///< Goal::resolve: its newest record
        bool answers = false;          ///< and it answered, after a record of it came
        unsigned hops = 0;
        std::size_t requests = 0;
    };
    using OnLookup = std::move_only_function<void(Now, const LookupResult&)>;
    /// False if too many are under way; then `done` is not called. A record that is found is
    /// tried: while nobody answers where it says, the search for a newer one goes on.
    bool lookup(Now now, Goal goal, const Id& target, OnLookup done);

    // --- What others hear of ---
    /// Answers TALKREQ of one protocol, from a node at an endpoint: at most talk_bytes_max, else
    /// with nothing.
    using Talk = std::function<Buffer(Now, const Id&, const Endpoint&, Bytes request)>;
    void serve_talk(std::string protocol, Talk talk) {
        talks_[std::move(protocol)] = std::move(talk);
    }
    /// Each record that an answer or a handshake brought, and who sent it.
    using OnRecord = std::function<void(Now, const Enr&, const Endpoint& from)>;
    void on_record(OnRecord call) { on_record_ = std::move(call); }
    /// `voter` saw us at `seen`.
    using OnVote = std::function<void(Now, const Endpoint& voter, const Endpoint& seen)>;
    void on_vote(OnVote call) { on_vote_ = std::move(call); }

    const Table& table() const { return table_; }
    std::size_t sessions() const { return sessions_.size(); }
    std::size_t lookups() const { return lookups_.size(); }
    std::size_t requests() const { return requests_.size(); }
    struct Counters {
        std::uint64_t packets_in = 0, packets_out = 0;
        std::uint64_t dropped = 0;                 ///< over a limit
        std::uint64_t unreadable = 0;              ///< no packet of this protocol for us
        std::uint64_t challenges = 0;              ///< sent
        std::uint64_t handshakes = 0;              ///< completed, on either side
        std::uint64_t requests = 0, timeouts = 0;  ///< of ours
        std::uint64_t answers = 0;                 ///< to ours, also when a part is missing
        std::uint64_t bad_answers = 0;             ///< to ours
        std::uint64_t answered = 0;                ///< of theirs
    };
    const Counters& counters() const { return counters_; }

private:
    using Serial = std::uint64_t;
    using Answer = std::variant<PingAnswer, std::vector<Enr>, Buffer>;
    struct Request {
        Contact node;
        PeerKey peer{};
        Buffer plain;
        OnAnswer<Answer> done;
        std::vector<std::uint16_t> distances;
        Nonce nonce{};  // of the packet that carried it last
        Instant deadline = never;
        bool greeted = false;  // its handshake was sent
        // The parts of an answer in several messages
        std::uint64_t total = 0, parts = 0;
        std::size_t records_seen = 0;
        std::vector<Enr> records;
    };
    struct Challenge {
        ChallengeData data{};
        SharedBytes known;  // the record that we have of them
        Instant until = never;
    };
    struct Sender {
        PeerKey peer{};
        Id id{};
        Endpoint endpoint;
    };

    // service_packets.cpp
    /// What is left to an address, in packets.
    struct Allowance {
        TokenBucket in_sessions, challenges, handshakes;
    };
    bool admit(Now now, const IpAddress& address, TokenBucket Allowance::* what,
               double packets = 1);
    void on_packet(Now now, const Endpoint& from, const Packet& packet, const OrdinaryPacket& kind);
    void on_packet(Now now, const Endpoint& from, const Packet& packet, const WhoAreYou& kind);
    void on_packet(Now now, const Endpoint& from, const Packet& packet,
                   const HandshakePacket& kind);
    void challenge(Now now, const Sender& sender, const Nonce& nonce);
    static std::optional<Enr> record_of(const Challenge& asked, const HandshakePacket& kind,
                                        const NodeId& key);
    void met(Now now, const Sender& sender, const Enr& record);
    PacketHeader header(const PacketKind& kind);
    /// Sends what `write` appends to a Buffer.
    template <class Write>
    void put(const Endpoint& to, Write write) {
        ++counters_.packets_out;
        outbox_.write(to, std::move(write));
    }
    void say(const Sender& to, const Message& message);

    // service_messages.cpp
    void on_message(Now now, const Sender& sender, Bytes plain);
    void on_message(Now now, const Sender& sender, const Ping& ping);
    void on_message(Now now, const Sender& sender, const FindNode& find);
    void on_message(Now now, const Sender& sender, const TalkReq& talk);
    void on_message(Now now, const Sender& sender, const Pong& pong);
    void on_message(Now now, const Sender& sender, const Nodes& nodes);
    void on_message(Now now, const Sender& sender, const TalkResp& talk);
    void take_record(const Sender& sender, Request& request, Bytes raw);
    void newer_record(Now now, const Sender& sender, std::uint64_t sequence);
    void learned(Now now, const Enr& record, Origin origin, const Endpoint& from);
    /// To the table. False if this very record stood there.
    bool add(Now now, const Enr& record, Origin origin);

    // service_requests.cpp
    void ask(Now now, const Contact& node, const Message& message, OnAnswer<Answer> done,
             std::vector<std::uint16_t> distances = {});
    void begin(Now now, Serial serial, Request& request);
    void sent(Now now, Serial serial, Request& request, const Nonce& nonce, Duration timeout);
    /// The request of that kind which is under way at the peer; null if it is not of that ID.
    template <class Kind>
    Request* under_way(const PeerKey& peer, const RequestId& id) {
        const auto queue = peers_.find(peer);
        if (queue == peers_.end()) return nullptr;
        auto& request = requests_.find(queue->second.front())->second;
        const auto message = decode_message(request.plain);
        const auto* asked = message ? std::get_if<Kind>(&*message) : nullptr;
        return asked && asked->request_id == id ? &request : nullptr;
    }
    /// Ends the peer's request that is under way, and begins the next one.
    void end(Now now, const PeerKey& peer, std::expected<Answer, RequestErrc> outcome);
    void end_late(Now now);

    // service.cpp
    void check_table(Now now);
    void walk(Now now);
    void advance(Now now, Serial serial);
    void try_found(Now now, Serial serial, const Contact& found);
    void finish(Now now, Serial serial, bool answers);
    void on_lookup_answer(Now now, Serial serial, const Id& from,
                          const std::expected<std::vector<Enr>, RequestErrc>& records);

    ServiceConfig config_;
    const NodeKey& key_;
    Id self_;
    Enr record_;
    EntropySource& entropy_;
    EntropyPool random_;  // what others see: who foresaw a nonce could forge the challenge to it
    Rng rng_;
    Table table_;
    Sessions sessions_;
    LruMap<PeerKey, Challenge> challenges_;
    LruMap<ByteArray<17>, Allowance> addresses_;
    TokenBucket handshakes_;
    std::vector<Contact> boot_;

    // The requests under way and those that wait, by serial number; each peer's in order, the first
    // of which is under way.
    std::map<Serial, Request> requests_;
    std::map<PeerKey, std::deque<Serial>> peers_;
    std::map<Nonce, Serial> by_nonce_;
    std::set<std::pair<Instant, Serial>> deadlines_;
    Serial next_serial_;
    std::uint32_t nonces_ = 0;

    struct Running {
        Lookup machine;
        OnLookup done;
        bool stepping = false;
        bool trying = false;            // what it found
        std::optional<Contact> silent;  // found, but nobody answered there
        std::optional<Contact> own;     // what it answered
    };
    std::map<Serial, Running> lookups_;

    Instant walk_at_ = Instant::min();
    Duration walk_interval_;
    bool walking_ = false;
    bool moved_ = false;      // the next walk is one to ourselves
    bool connected_ = false;  // somebody answered in the last walk

    std::map<std::string, Talk, std::less<>> talks_;
    std::function<bool(const NodeId&)> secret_;
    std::function<bool(const Id&, Bytes raw)> verified_;
    OnRecord on_record_;
    OnVote on_vote_;
    Counters counters_;
    DatagramBatch outbox_;
    PacketBuffer header_room_{}, plain_room_{};
    Buffer answer_room_;
};

}  // namespace parley::discovery::discv5
