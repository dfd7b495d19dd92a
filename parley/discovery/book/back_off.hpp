// BackOff: how long an entry waits before it may be dialed again. Each outcome of a dial or link
// has its rule: failures double the wait up to a cap by kind of address; a node that had no room,
// or whose link ended without fault, waits for seconds; one that cannot be of use for half an hour.
// Each function counts its outcome in the entry and returns the wait, before jitter; the state and
// the time of the next attempt are the book's to set.
// Threading: pure functions on the entry and the configuration.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/book_config.hpp>
#include <parley/discovery/book/entry.hpp>
#include <parley/transport/types.hpp>

namespace parley::discovery {

/// The policy of waits; see the head of this file.
class BackOff {
public:
    /// `config` is copied.
    explicit BackOff(const BackOffConfig& config) : config_(config) {}

    /// After a dial that was not answered.
    Duration after_failure(Entry& entry) const;
    /// The same while this node itself seems to be cut off, after so many dials of all nodes came
    /// to nothing. Counts nothing.
    Duration in_outage(const Entry& entry, std::uint32_t failures) const;
    /// After a link that lasted for `age`. One that was stable clears the failures.
    Duration after_link(Entry& entry, transport::CloseReason reason, Duration age) const;
    /// After a dial that was answered with a refusal: the node is alive.
    Duration after_turning_away(Entry& entry, transport::CloseReason reason) const;

    /// A wait with the configured jitter. One draw.
    Duration jittered(Duration wait, Rng& rng) const { return rng.jitter(wait, config_.jitter); }
    /// The longest that an entry still waits once its record names another endpoint. One draw.
    Duration after_move(Rng& rng) const { return jittered(config_.moved, rng); }

private:
    Duration longest(const Entry& entry) const;
    Duration incompatible(const Entry& entry) const;

    BackOffConfig config_;
};

}  // namespace parley::discovery
