// Requests: what we ask other nodes by Node Discovery v5.1 (devp2p, discv5-wire.md, "Protocol
// Messages"), and what becomes of it.
//   - Each request has exactly one outcome, its `done`: the answer, or why there is none.
//   - To one node at one endpoint one request is under way at a time, so that its session is made
//     once; others wait in a queue.
//   - While an answer or a challenge is late, the request is sent again, as packets get lost. A
//     TALKREQ, which may change something there, is not: its handshake alone repeats it.
//   - An answer or a challenge that no request waits for is ignored.
// The table is told of each outcome: it shows whether the node lives.
// Bounded: requests_max in all, peer_requests_max for one node at one endpoint; once it is under
// way, a request lives for sends_max times the time after which an answer is late, and for as long
// again after each of four handshakes.
// Threading: the node's thread. `done` is called on it, perhaps before the call that asks returns.
//
//     requests.ping(now, contact, [&](Now, const auto& answer) { use(answer); });
//     // Wire::receive() is Heard with a Pong: on_pong()
//     requests.on_timer(now);  // at next_wakeup()
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/dht.hpp>
#include <parley/discovery/discv5/contact.hpp>
#include <parley/discovery/discv5/intake.hpp>
#include <parley/discovery/discv5/message.hpp>
#include <parley/discovery/discv5/table.hpp>
#include <parley/discovery/discv5/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::discovery::discv5 {

/// Times and limits of requests.
struct RequestsConfig {
    unsigned sends_max = 4;  ///< of one request, and of it again in its handshake
    /// When an answer is late: a quarter longer than answers take on average, within these.
    Duration late_after_min = 150ms, late_after_max = 350ms;
    std::size_t requests_max = 512;  ///< under way or waiting
    /// Of those to one node at one endpoint: it may be silent, and they wait for each other.
    std::size_t peer_requests_max = 32;
};

/// Reasons for which a request has no answer.
enum class RequestErrc : std::uint8_t {
    timed_out,   ///< no answer
    bad_answer,  ///< totals that contradict each other, or too many records
    unsent,      ///< the address has not answered many others: see WireConfig
    overloaded,  ///< too many requests under way
    too_large,   ///< a TALKREQ of more than talk_bytes_max
};
/// In words, such as "no answer in time".
std::string_view name(RequestErrc error);

/// What became of a request.
template <class Answer>
using OnAnswer = std::move_only_function<void(Now, std::expected<Answer, RequestErrc>)>;

/// An answer is late, and may still come.
using OnLate = std::move_only_function<void(Now)>;

/// A PONG, without its request's ID.
struct PingAnswer {
    std::uint64_t record_sequence = 0;
    Endpoint seen;  ///< from where our PING came
};

class Requests {
public:
    using Serial = std::uint64_t;
    /// Of a TALKREQ's protocol and request together: they must fit in a handshake packet with a
    /// record.
    static constexpr std::size_t talk_bytes_max = Dht::talk_bytes_max;

    /// The parts that it refers to outlive it. Draws the first serial number.
    Requests(const RequestsConfig& config, Wire& wire, Table& table, Intake& intake, Rng& rng);

    // --- Asking. Precondition: the node's record is verified. ---

    /// The outcome also tells the table whether the node lives.
    void ping(Now now, const Contact& node, OnAnswer<PingAnswer> done);
    /// Those records of the answer that verify, stand at the distances asked for and can be reached
    /// from here. If messages of it are missing at the deadline: what came.
    void find_nodes(Now now, const Contact& node, std::vector<std::uint16_t> distances,
                    OnAnswer<std::vector<Enr>> done, OnLate late = {});
    /// TALKREQ. More than talk_bytes_max fails at once with too_large.
    void talk(Now now, const Contact& node, Bytes protocol, Bytes request, OnAnswer<Buffer> done);
    /// Requests and lookups share one series of numbers: takes one.
    Serial take_serial() { return next_serial_++; }

    // --- Driving ---

    /// A WHOAREYOU came: the request that it names goes out again, in a handshake. Each request is
    /// greeted once; challenges of any other are ignored.
    void on_challenge(Now now, const Wire::Challenged& challenge);
    /// A handshake showed that the node speaks from there: a request that is late, at another
    /// endpoint of the node, goes there, with those that wait for it.
    void on_greeted(Now now, const Remote& from);
    /// False: no request waited for it.
    bool on_pong(Now now, const Remote& from, const Pong& pong);
    /// Ignored if no request to that node waits for it.
    void on_nodes(Now now, const Remote& from, const Nodes& nodes);
    /// Ignored if no request to that node waits for it.
    void on_talk_response(Now now, const Remote& from, const TalkResp& talk);
    /// Repeats those whose answer is late, and ends those that are out of time.
    void on_timer(Now now);
    Instant next_wakeup() const;

    /// Whether a request to that node at that endpoint is under way.
    bool busy(const PeerKey& peer) const { return peers_.contains(peer); }
    std::size_t size() const { return requests_.size(); }
    /// In which nodes can be asked.
    IpFamilies families() const { return intake_.families(); }
    /// Counts since the start.
    struct Counters {
        std::uint64_t requests = 0;  ///< sent, each counted once
        std::uint64_t timeouts = 0;
        std::uint64_t answers = 0;  ///< also when a part is missing
        std::uint64_t bad_answers = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    using Answer = std::variant<PingAnswer, std::vector<Enr>, Buffer>;
    struct Request {
        Contact node;
        PeerKey peer{};
        Buffer plain;
        OnAnswer<Answer> done;
        OnLate late;
        std::vector<std::uint16_t> distances;
        std::vector<Nonce> nonces;  // of the packets that carried it, but for handshakes
        bool repeatable = true;
        bool moved = false;  // to where its node greeted us
        // Since it began, or its handshake did
        Instant since;
        Duration late_after{};
        Instant wakeup = never;  // it is late again, or at its end
        unsigned handshakes = 0;
        bool greeted = false;  // by a handshake, since it was sent last
        // The parts of an answer in several messages
        std::uint64_t total = 0, parts = 0;
        std::size_t records_seen = 0;
        std::vector<Enr> records;
    };

    void ask(Now now, const Contact& node, const Message& message, OnAnswer<Answer> done,
             OnLate late = {}, std::vector<std::uint16_t> distances = {});
    void begin(Now now, Serial serial, Request& request);
    bool send(Now now, Serial serial, Request& request);
    void await(Now now, Serial serial, Request& request);
    void move(Now now, const PeerKey& from, const Remote& to);
    void wake_at(Instant when, Serial serial, Request& request);
    Instant deadline(const Request& request) const;
    void on_late(Now now, Serial serial, Request& request);
    void note_time(Now now, const Request& request);
    /// The request of that kind which is under way at the peer; null if it is not of that ID.
    template <class Kind>
    Request* under_way(const PeerKey& peer, const RequestId& id);
    void take_record(const Remote& from, Request& request, Bytes raw) const;
    /// Ends the peer's request that is under way, and begins the next one.
    void end(Now now, const PeerKey& peer, std::expected<Answer, RequestErrc> outcome);

    RequestsConfig config_;
    Wire& wire_;
    Table& table_;
    Intake& intake_;
    // The requests under way and those that wait, by serial number; each peer's in order, the first
    // of which is under way.
    std::map<Serial, Request> requests_;
    std::map<PeerKey, std::deque<Serial>> peers_;
    std::map<Nonce, Serial> by_nonce_;
    std::set<std::pair<Instant, Serial>> wakeups_;
    Serial next_serial_;
    Duration late_after_;
    Counters counters_;
};

}  // namespace parley::discovery::discv5
