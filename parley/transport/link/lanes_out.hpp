// LanesOut: the messages that wait to be sent, a queue per lane, and the order in which they go: by
// priority, with a share for each lane, and only as far as the receiver granted credit.
// docs/formats/link.md.
// Threading: one thread at a time. Bounded by the send budgets, which the Switch keeps.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/control.hpp>
#include <parley/transport/link/link_error.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/types.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace parley::transport {

/// What a message costs of a lane's credit beside its bytes, so that tiny ones are not free.
inline constexpr std::uint64_t message_overhead_bytes = 64;
/// Bytes of a lane's credit that a message of this size takes.
constexpr std::uint64_t credit_cost(std::size_t message_bytes) {
    return message_bytes + message_overhead_bytes;
}
/// The credit at a lane's start: at least one message of the largest size.
constexpr std::uint64_t initial_credit(const HelloTopic& receiver) {
    return std::max<std::uint64_t>(receiver.window_bytes, credit_cost(receiver.message_bytes_max));
}

/// What left a lane is told its sender by so many bytes of credit_cost, as long as nobody waits.
constexpr std::uint64_t drained_told_min(std::uint64_t send_budget_bytes) {
    return std::clamp<std::uint64_t>(send_budget_bytes / 8, 1, 2048);
}

/// A window that grew is given back when so many Beats (about a minute) passed without a message.
inline constexpr unsigned idle_beats_max = 4;

/// A window may grow to this while a link lives.
inline constexpr std::uint64_t lane_window_bytes_max = std::uint64_t{64} << 20;

class LanesOut {
public:
    /// Adds the next lane, from 1 on, at most lanes_max. `window` is the receiver's.
    /// `told_min` as from drained_told_min.
    void add(Priority priority, std::uint64_t window, std::uint32_t message_bytes_max,
             std::uint64_t told_min = 1);
    LaneId lane_max() const { return static_cast<LaneId>(lanes_.size()); }

    /// False, and nothing queued: no such lane, or larger than the receiver takes.
    [[nodiscard]] bool push(LaneId lane, Code code, SharedBytes message);
    /// Adds whole messages of the lane, from lay_out, with their cost. Precondition: the lane is
    /// there, and the receiver takes their size.
    void push_chunks(LaneId lane, Buffer&& chunks, std::uint64_t cost);
    /// More credit came. Returns for how long messages had waited for it and nothing else, as far
    /// as note_blocked knows.
    /// Errors: unknown_lane, credit_not_raised, credit_beyond_sent.
    Result<Duration, LinkError> on_credit(LaneId lane, std::uint64_t limit, Instant now);
    /// From now on, if not before, some lanes have messages that credit does not allow to send.
    void note_blocked(Instant now);

    /// Called with each Beat. A lane that sent nothing for some of them and has more credit than
    /// its first window gives back what is beyond: the limit that it gives up, one lane a call.
    std::optional<CreditMessage> give_back(LaneId lane);

    /// Something is queued that credit allows to send.
    bool sendable() const;
    /// Adds chunks until the writer is full or nothing is sendable.
    void fill(ChunkWriter& out);
    /// From now on the lane counts in take_drained() whatever left it.
    void tell_drained(LaneId lane);
    /// Calls `visit(lane, bytes)` for each lane that messages left and that was not visited since,
    /// if they come to the lane's `told_min`, or `all` are asked for.
    template <class Visit>
    void take_drained(bool all, Visit visit) {
        for (LaneId lane = 1; lane <= lane_max(); ++lane) {
            auto& [bytes, told_min] = lanes_[lane - 1U].drained;
            if (bytes >= (all ? 1 : told_min)) visit(lane, std::exchange(bytes, 0));
        }
    }
    /// Bytes queued, with the headers that they need.
    std::size_t queued_bytes() const { return queued_bytes_; }
    /// Drops all that is queued.
    void clear();
    /// Gives memory back that empty queues hold.
    void trim();

private:
    /// A message, or several that are laid out as chunks.
    struct Waiting {
        SharedBytes bytes;
        Code code;
        bool laid_out;
        std::uint64_t cost = 0;  // of what is laid out and was not sent
    };
    struct Lane {
        Priority priority;
        std::uint32_t message_bytes_max;
        std::uint64_t window;
        std::uint64_t limit;             // cumulative cost that the receiver granted
        std::uint64_t cost_sent = 0;     // cumulative, counted whole at a message's first chunk
        std::uint64_t cost_at_beat = 0;  // cost_sent at the last Beat
        unsigned idle_beats = 0;         // in a row, without anything sent
        std::vector<Waiting> queue;      // from `head` on
        std::size_t head = 0;
        std::size_t sent_of_head = 0;
        bool head_begun = false;  // never of chunks that are laid out
        struct {
            std::uint64_t bytes = 0;
            std::uint64_t told_min = 1;
        } drained;
        Instant blocked_since = never;

        bool empty() const { return head == queue.size(); }
        bool sendable() const {
            return !empty() && (head_begun || cost_sent + credit_cost(next_size()) <= limit);
        }
        /// Of the message whose turn it is.
        std::size_t next_size() const {
            const auto& next = queue[head];
            return next.laid_out ? first_laid_out(next.bytes.view().subspan(sent_of_head))
                                 : next.bytes.size();
        }
        void pop();
    };
    static constexpr std::size_t classes = 5;  // as many as Priority has
    struct Turn {
        std::size_t lane;       // index into lanes_
        std::size_t bytes_max;  // then others get theirs
    };

    using LaneMask = std::uint32_t;
    std::array<LaneMask, classes> sendable_by_class() const;
    Turn next_turn(const std::array<LaneMask, classes>& masks);
    void count_turn(std::size_t lane, std::size_t bytes,
                    const std::array<LaneMask, classes>& masks);
    bool fill_from(Lane& lane, LaneId id, std::size_t bytes_max, ChunkWriter& out);
    bool put_chunk(Lane& lane, LaneId id, std::size_t bytes_max, ChunkWriter& out);
    bool put_laid_out(Lane& lane, std::size_t bytes_max, ChunkWriter& out);

    std::vector<Lane> lanes_;
    std::size_t queued_bytes_ = 0;
    std::array<std::size_t, classes> last_lane_{};   // whose turn was last in each class
    std::array<std::size_t, classes> owed_bytes_{};  // to a class that waited while others sent
};

}  // namespace parley::transport
