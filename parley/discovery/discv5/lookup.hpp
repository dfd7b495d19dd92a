// Lookup: the search for the 16 nodes closest to a target, or for one node by its ID (Node
// Discovery v5.1; devp2p, discv5-theory.md, "Lookup"). It sends nothing itself: next() says which
// node to ask for which distances, and the owner tells it what came of that.
// Three disjoint paths (Baumgart, Mies: "S/Kademlia", 2007) start from different seeds. A node that
// one path hears of is not used by another, and only one path asks it, so that a path that fell
// among liars does not lead the others there. Each path goes on until the 16 closest nodes that it
// heard of have answered. Few nodes of one network group are asked before others had their turn.
// The farthest of the 16 closest stand at the edge: in a part of the key space of which nodes
// nearer to the target know only as many as a bucket holds. So in the end some nodes at the edge
// are asked for their own neighbours.
// Bounded: candidates_max nodes are remembered, requests_max requests are made at most.
// Threading: the node's thread.
#pragma once

#include <parley/discovery/discv5/contact.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parley::discovery::discv5 {

/// What a lookup is for.
enum class Goal : std::uint8_t {
    closest,  ///< the 16 closest to the target
    resolve,  ///< the node whose ID the target is: ends as soon as its record is found
};

class Lookup {
public:
    static constexpr std::size_t results_max = 16;
    static constexpr std::size_t in_flight_max = 3;
    static constexpr std::size_t paths = 3;
    static constexpr std::size_t answer_records_max = 16;  ///< of one answer; the closest ones
    static constexpr unsigned edge_answers_min = 3;        ///< of nodes at the edge
    static constexpr std::size_t requests_max = 160;
    static constexpr std::size_t path_candidates_max = 64;  ///< that were not asked yet
    static constexpr std::size_t candidates_max = paths * path_candidates_max + requests_max;

    /// One FINDNODE to be sent: the node, and the log distances to ask it for.
    struct Request {
        Contact node;
        std::vector<std::uint16_t> distances;
    };

    /// `seeds`: known nodes, the best first; see Table::seeds(). `address_limits` false: network
    /// groups do not count; used to measure what the limits are worth.
    Lookup(Goal goal, const Id& self, const Id& target, std::span<const Contact> seeds,
           bool address_limits = true);

    const Id& target() const { return target_; }
    /// The next node to ask (FINDNODE); nothing while enough requests are under way, or done.
    std::optional<Request> next();
    /// All records of a node's answer, verified. Records that are not at a distance asked for are
    /// ignored, and so is a node that was not asked.
    void on_nodes(const Id& from, std::span<const Contact> nodes);
    /// Its answer is late: another is asked in its stead, but the answer is still taken. Ignored if
    /// the node was not asked.
    void on_late(const Id& from);
    /// No answer came, or none that counts. Ignored if the node was not asked.
    void on_failure(const Id& from);
    /// The node does not answer at the endpoint of the record found: goes on for a newer one.
    void refuse_found();
    /// True when there is nothing more to ask or to wait for.
    bool done();

    /// The closest that answered, at most 16, the closest first.
    std::vector<Contact> closest() const;
    /// The target's record, if the goal is `resolve` and was reached.
    const std::optional<Contact>& found() const { return found_; }

    // --- For measurements ---

    std::size_t requests() const { return requests_; }
    std::size_t candidates() const { return candidates_.size(); }
    /// How many answers, one after the other, led to the target (resolve) or to the closest that
    /// answered.
    unsigned hops() const;

private:
    enum class State : std::uint8_t { heard, asked, answered, failed };
    struct Candidate {
        Contact contact;
        std::uint64_t group = 0;  // 0: exempt
        State state = State::heard;
        std::uint8_t heard_by = 0;                  // a bit for each path
        std::uint8_t path = 0;                      // the one that asks it
        std::uint8_t tier = 0;                      // see view(); stays once it is asked
        std::uint8_t hops = 0;                      // answers that led to it
        bool spoke = false;                         // it answered once
        bool late = false;                          // asked, and no longer one of in_flight_max
        unsigned listed_at = 0;                     // log distance of the edge that it listed
        std::vector<std::uint16_t> distances = {};  // that it is asked for
    };
    using Place = std::vector<Candidate>::iterator;

    void hear(const Contact& contact, std::size_t path, unsigned hops);
    void prune(std::size_t path);
    Candidate* asked(const Id& id);
    bool in_view(const Candidate& candidate, std::size_t path) const;
    unsigned radius() const;
    std::vector<std::uint16_t> distances(const Id& node, std::size_t path) const;
    std::vector<Place> view(std::size_t path);
    Candidate* next_of(std::size_t path);
    bool waits() const;
    void release(Candidate& candidate);
    Candidate* next_of_edge();
    Request ask(Candidate& candidate, std::size_t path, std::vector<std::uint16_t> distances);

    Goal goal_;
    Id self_;
    Id target_;
    bool address_limits_;
    std::vector<Candidate> candidates_;  // the closest first
    std::optional<Contact> found_;
    std::uint64_t found_sequence_min_ = 0;  // older ones are of no use
    unsigned found_hops_ = 0;
    std::array<std::uint8_t, paths> in_flight_{};
    std::size_t requests_ = 0;
    std::size_t turn_ = 0;
};

}  // namespace parley::discovery::discv5
