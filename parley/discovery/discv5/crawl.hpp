// Crawl: the walk through a whole network of Node Discovery v5.1 (devp2p, discv5-theory.md): each
// node that is heard of is asked for the nodes that it knows, bucket by bucket, the farthest first.
// It sends nothing itself: next() says which node to ask for which distances, and the owner tells
// it what came of that.
// An answer holds 16 records at most, as many as a bucket: so a node is asked for one distance at a
// time, as long as its answers are not empty; below that for several at once, until they are.
//   - A node has one request under way at a time, from its first to its last without a break, so
//     that its session is still known; a node that does not answer is asked again after all others.
//   - An address that never answers is given up, however many nodes are said to stand there.
// Bounded: nodes_max nodes are remembered, each asked requests_max times at most, whatever they
// tell.
// Threading: one thread at a time.
#pragma once

#include <parley/base/time.hpp>
#include <parley/discovery/discv5/contact.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace parley::discovery::discv5 {

/// The limits of a crawl.
struct CrawlConfig {
    std::size_t nodes_max = 100'000;  ///< those heard of later are ignored
    std::size_t in_flight_max = 64;   ///< nodes that are asked at a time
    unsigned attempts_max = 2;        ///< of one request
    unsigned requests_max = 24;       ///< of one node, without further attempts
    /// Failures at one public address (IPv6: /64) since a further node answered there. Beyond them
    /// no node there is asked that has not answered: anyone can sign records that name any address.
    unsigned address_failures_max = 64;
};

/// A node of the network, as far as it is known.
struct CrawledNode {
    Contact contact;        ///< where it was asked; its newest record
    bool answered = false;  ///< at least once
    bool ended = false;     ///< nothing more will be asked of it
    /// The shortest of its answers in a session: the first, with the handshake, does not count.
    std::optional<Duration> round_trip = {};
    std::size_t neighbours = 0;  ///< in its answers, each counted once
};

class Crawl {
public:
    /// As many distances in one request as all known implementations take.
    static constexpr unsigned wide = 8;
    static constexpr unsigned wide_empty_max = 2;  ///< such answers without a record end it

    /// One FINDNODE to be sent: the node, and the log distances to ask it for.
    struct Request {
        Contact node;
        std::vector<std::uint16_t> distances;
    };

    Crawl(const Id& self, std::span<const Contact> seeds, const CrawlConfig& config = {});

    /// The next node to ask (FINDNODE), now; nothing while enough are asked, or done.
    std::optional<Request> next(Now now);
    /// All records of a node's answer, verified. Records that are not at a distance asked for are
    /// ignored, and so is a node that was not asked.
    void on_nodes(Now now, const Id& from, std::span<const Contact> nodes);
    /// No answer came: the node is asked again, up to attempts_max times. Ignored if it was not
    /// asked.
    void on_failure(const Id& from);
    /// True when there is nothing more to ask or to wait for.
    bool done() const { return in_flight_ == 0 && begun_.empty() && waiting_.empty(); }

    /// Counts so far, of nodes but for `requests`.
    struct Progress {
        std::size_t found = 0;
        std::size_t answered = 0;
        std::size_t silent = 0;  ///< did not answer once
        std::size_t ended = 0;   ///< nothing more will be asked of them
        std::size_t in_flight = 0;
        std::uint64_t requests = 0;
        bool full = false;  ///< there are more than nodes_max
    };
    Progress progress() const;
    /// Null if it was never heard of. Valid until the next call that is not const.
    const CrawledNode* find(const Id& id) const;
    /// In the order of their IDs.
    void for_each(const std::function<void(const CrawledNode&)>& visit) const;

private:
    struct Node {
        CrawledNode known;
        // Its requests: the first is for its own record.
        unsigned requests = 0;
        unsigned attempts = 0;  // of the present one
        unsigned empty = 0;     // wide answers without a record, one after the other
        unsigned width = 0;     // distances of the present request; 0: its own record
        std::uint16_t top = log_distance_max;  // the first of them
        bool asked = false;                    // an answer is awaited
        Instant asked_at{};
    };

    void hear(const Contact& contact);
    Node* asked(const Id& id);
    void end(Node& node);
    bool given_up(const Node& node) const;
    static std::vector<std::uint16_t> distances(const Node& node);
    std::size_t learn(Node& teller, std::span<const Contact> nodes);
    bool proceed(Node& node, std::size_t told) const;

    CrawlConfig config_;
    Id self_;
    std::map<Id, Node> nodes_;
    std::map<NetworkGroup, unsigned> failures_;  // at an address, of nodes that never answered
    std::deque<Id> begun_;                       // have answered, and are to be asked more
    std::deque<Id> waiting_;                     // the others that are to be asked
    std::size_t in_flight_ = 0, answered_ = 0, silent_ = 0, ended_ = 0;
    std::uint64_t requests_ = 0;
    bool full_ = false;
};

}  // namespace parley::discovery::discv5
