// AnswerQueue: who of those that asked about the state is answered next: in the order in which they
// asked, within a budget of bytes for each peer and one for all, and so many at a time. Those that
// must wait do so here, which costs them nothing but time.
//
// Bounded: one question a peer. Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>

namespace parley::chain {

/// The bounds of an AnswerQueue. Each burst holds one answer of the largest size at least.
struct AnswerQueueConfig {
    std::size_t under_way_max = 4;                    ///< answers that are being made
    double peer_bytes_per_second = 4.0 * (1U << 20);  ///< of answers to one peer
    double peer_burst_bytes = 8.0 * (1U << 20);
    double bytes_per_second = 16.0 * (1U << 20);  ///< of all answers
    double burst_bytes = 32.0 * (1U << 20);
};

class AnswerQueue {
public:
    using PeerId = std::uint64_t;
    /// Begins to make an answer. False: it cannot be begun now, and is tried again.
    using Start = std::move_only_function<bool(Now)>;

    explicit AnswerQueue(AnswerQueueConfig config)
        : config_(config), bytes_(config.bytes_per_second, config.burst_bytes) {}

    /// False: its last question is not answered yet. `bytes`: of the answer, at most.
    [[nodiscard]] bool push(Now now, PeerId peer, std::uint32_t bytes, Start start);
    /// The answer is made, and has so many bytes.
    void finish(Now now, PeerId peer, std::size_t bytes);
    /// Its question is forgotten, if it still waits.
    void remove_peer(PeerId peer);
    void on_timer(Now now);
    Instant next_wakeup() const { return wake_at_; }

    std::size_t under_way() const { return under_way_; }

private:
    struct Question {
        PeerId peer;
        std::uint32_t bytes;
        Start start;
    };
    struct Peer {
        TokenBucket bytes;
        bool has_question = false;
        std::uint32_t taken = 0;  // of the budgets, by what is under way
    };

    void start(Now now);
    bool start_one(Now now, Question& question);

    AnswerQueueConfig config_;
    TokenBucket bytes_;
    std::map<PeerId, Peer> peers_;
    std::deque<Question> waiting_;
    std::size_t under_way_ = 0;
    Instant wake_at_ = never;
};

}  // namespace parley::chain
