// CheckQueue: transactions that wait for the recovery of their sender, a queue a peer. Served next
// is whose checks took the least processor time (start-time fair queueing: Goyal, Vin, Cheng,
// 1996), so that who floods delays itself and nobody else; what ended in the pool counts a quarter.
// The own user comes first. Knows no clock: a check's cost is an estimate, the same for all.
// Bounded in memory, as CheckQueueConfig says. Threading: the node's thread.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/gossip/tree.hpp>
#include <parley/transport/message.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace parley::chain {

/// Why a submitted transaction did not enter the pool, in words for its sender.
struct SubmitError {
    std::string message;
    bool is_busy = false;  ///< nothing was checked: try again later
};

/// A transaction on its way to its check.
struct Unchecked {
    Transaction tx;
    transport::Message credit;  ///< empty of bytes; holds the sender's credit until the verdict
    gossip::PeerId from{};      ///< 0: our own user
    Origin origin;
    std::move_only_function<void(Result<Hash256, SubmitError>)> done;  ///< empty for a peer's
    // Set by the queue, for its own use.
    std::size_t memory_bytes = 0;
    Duration cost{};  // of its check, in processor time
};

/// Bounds of a CheckQueue, in bytes of memory.
struct CheckQueueConfig {
    std::size_t bytes_max = 16U << 20;     ///< of all peers, waiting or being checked
    std::size_t own_bytes_max = 4U << 20;  ///< of the own user, beside them
};

class CheckQueue {
public:
    explicit CheckQueue(CheckQueueConfig config) : config_(config) {}

    /// From our own user. It comes back if there is no room.
    std::optional<Unchecked> push_own(Unchecked unchecked);
    /// From a peer. When there is no room, the newest of whoever has most waiting leave: they are
    /// returned, and the new one may be among them.
    std::vector<Unchecked> push(Unchecked unchecked);
    /// The next to be checked; it counts for the bounds until it is settled.
    std::optional<Unchecked> pop();
    /// It was checked. Useful: it entered the pool.
    void settle(const Unchecked& unchecked, bool useful);
    /// The peer will bring no more. What it brought stays.
    void remove_peer(gossip::PeerId peer);

    bool empty() const { return own_.empty() && order_.empty(); }
    /// Of the own user and of all peers, waiting or being checked.
    std::size_t bytes() const { return own_bytes_ + bytes_; }

private:
    struct Source {
        std::deque<Unchecked> waiting;
        std::size_t bytes = 0;      // of those
        std::size_t under_way = 0;  // taken and not settled
        Duration served{};          // what its checks cost, from where it began
        bool gone = false;
    };
    using Sources = std::map<gossip::PeerId, Source>;

    void forget_if_done(Sources::iterator source);
    void change(gossip::PeerId id, Source& source, auto&& f);
    Unchecked drop_newest();

    CheckQueueConfig config_;
    std::deque<Unchecked> own_;
    std::size_t own_bytes_ = 0;
    std::size_t bytes_ = 0;
    Sources sources_;                                        // of live peers, or with entries
    std::set<std::pair<Duration, gossip::PeerId>> order_;    // of those with some waiting
    std::set<std::pair<std::size_t, gossip::PeerId>> load_;  // the same, by bytes waiting
    Duration now_{};  // where the last one served began: who was idle begins here, not before
};

}  // namespace parley::chain
