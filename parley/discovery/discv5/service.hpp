// Service: a node of Node Discovery v5.1 as one core (devp2p, discv5-wire.md and discv5-theory.md).
// Datagrams go in and come out; it answers requests, makes its own, and keeps a table of nodes that
// live. It is put together of parts, each with its own state and bounds:
//
//     Wire      sessions, challenges, handshakes; what an address may have of us
//     Requests  what we ask of others, one outcome for each
//     Table     which nodes we know, and which are to be checked
//     Intake    the way of other nodes' records into the table
//     Lookups   searches under way
//     Walks     searches that it begins itself
//
// A message goes from Wire to Service, which answers a request, and hands an answer to Requests.
// Bounded: by its parts; see ServiceConfig.
// Threading: the node's thread. Callbacks are called on it, perhaps before a call returns.
//
//     Service service{config, key, record, entropy, rng};
//     service.add_boot(now, boot);
//     service.on_datagram(now, from, bytes);  // and on_timer() at next_wakeup()
//     // after each call: send what is in outbox(), and clear it
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/dht.hpp>
#include <parley/discovery/discv5/intake.hpp>
#include <parley/discovery/discv5/lookups.hpp>
#include <parley/discovery/discv5/requests.hpp>
#include <parley/discovery/discv5/table.hpp>
#include <parley/discovery/discv5/walks.hpp>
#include <parley/discovery/discv5/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace parley::discovery::discv5 {

/// The limits of all parts. The table and lookups have theirs here.
struct ServiceConfig : WireConfig, RequestsConfig, WalksConfig {
    TableConfig table;
    std::size_t lookups_max = 16;  ///< under way
    IpFamilies families;           ///< in which datagrams can be sent
};

class Service {
public:
    /// Of a TALKREQ's protocol and request together, and of its answer.
    static constexpr std::size_t talk_bytes_max = Requests::talk_bytes_max;

    /// `key` and `entropy` outlive it. `record` is our own.
    Service(const ServiceConfig& config, const NodeKey& key, const Enr& record,
            EntropySource& entropy, Rng rng);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    ~Service() = default;

    const Id& id() const { return wire_.id(); }
    /// With another endpoint it is announced at once.
    void set_record(const Enr& record);
    const Enr& record() const { return wire_.record(); }
    /// A way into the network: heard of now, and again at each walk.
    void add_boot(Now now, const Enr& record) {
        if (const auto contact = contact_of(record)) walks_.add_boot(now, *contact);
    }
    /// The node where we can ask it; nothing if its record names no such endpoint.
    std::optional<Contact> contact_of(const Enr& record) const {
        return Contact::of(record, intake_.families());
    }
    std::vector<Contact> contacts_of(std::span<const Enr> records) const {
        return discv5::contacts_of(records, intake_.families());
    }
    /// A record that verified.
    void heard(Now now, const Enr& record) { (void)intake_.add(now, record, Origin::heard); }
    /// Nodes that others are never told of: they stay out of the table.
    void set_secret(std::function<bool(const NodeId&)> secret) {
        intake_.set_secret(std::move(secret));
    }
    /// Records that are known to verify, besides those of the table: saves doing it again.
    void set_verified(std::function<bool(const Id&, Bytes raw)> verified) {
        intake_.set_verified(std::move(verified));
    }

    // --- Driving ---

    /// A datagram came. One that is no packet for us is dropped and counted.
    void on_datagram(Now now, const Endpoint& from, Bytes datagram);
    /// Ends overdue requests, checks entries of the table, and walks. To be called at
    /// next_wakeup().
    void on_timer(Now now);
    Instant next_wakeup() const;
    /// Those to be sent. The caller clears them.
    DatagramBatch& outbox() { return wire_.outbox(); }

    // --- Requests: see Requests. Precondition: the node's record is verified. ---

    /// See Requests::ping().
    void ping(Now now, const Contact& node, OnAnswer<PingAnswer> done) {
        requests_.ping(now, node, std::move(done));
    }
    /// See Requests::find_nodes().
    void find_nodes(Now now, const Contact& node, std::vector<std::uint16_t> distances,
                    OnAnswer<std::vector<Enr>> done) {
        requests_.find_nodes(now, node, std::move(distances), std::move(done));
    }
    /// See Requests::talk().
    void talk(Now now, const Contact& node, Bytes protocol, Bytes request, OnAnswer<Buffer> done) {
        requests_.talk(now, node, protocol, request, std::move(done));
    }
    using LookupResult = discv5::LookupResult;
    /// See Lookups::start().
    bool lookup(Now now, Goal goal, const Id& target, OnLookup done) {
        return lookups_.start(now, goal, target, std::move(done));
    }

    // --- What others hear of ---

    /// Answers TALKREQ of one protocol, from a node at an endpoint: at most talk_bytes_max, else
    /// with nothing.
    using Talk = std::function<Buffer(Now, const Id&, const Endpoint&, Bytes request)>;
    /// From now on; replaces the function of a protocol that was served before.
    void serve_talk(std::string protocol, Talk talk) {
        talks_[std::move(protocol)] = std::move(talk);
    }
    /// Each new record that an answer or a handshake brought, and the endpoint of its sender.
    void on_record(Intake::OnRecord call) { intake_.on_record(std::move(call)); }
    /// `voter` saw us at `seen`.
    using OnVote = std::function<void(Now, const Endpoint& voter, const Endpoint& seen)>;
    /// Replaces the function that is called; an empty one ends the calls.
    void on_vote(OnVote call) { on_vote_ = std::move(call); }

    const Table& table() const { return table_; }
    std::size_t sessions() const { return wire_.sessions(); }
    std::size_t lookups() const { return lookups_.size(); }
    std::size_t requests() const { return requests_.size(); }
    /// Counts since the start.
    struct Counters : Wire::Counters, Requests::Counters {
        std::uint64_t answered = 0;  ///< requests of others
    };
    Counters counters() const { return {wire_.counters(), requests_.counters(), answered_}; }

private:
    void on_message(Now now, const Remote& from, const Message& message);
    void answer(Now now, const Remote& from, const Ping& ping);
    void answer(Now now, const Remote& from, const FindNode& find);
    void answer(Now now, const Remote& from, const TalkReq& talk);
    void on_pong(Now now, const Remote& from, const Pong& pong);
    void fetch_newer_record(Now now, const Remote& from, std::uint64_t sequence);
    void check_table(Now now);

    // Each part draws from the generator as it is made: the order decides what a seed gives.
    Rng rng_;
    Table table_;
    Wire wire_;
    Intake intake_;
    Requests requests_;
    Lookups lookups_;
    Walks walks_;
    std::map<std::string, Talk, std::less<>> talks_;
    OnVote on_vote_;
    std::uint64_t answered_ = 0;
};

}  // namespace parley::discovery::discv5
