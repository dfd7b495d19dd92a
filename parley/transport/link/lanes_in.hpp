// LanesIn: puts messages together from chunks, lane by lane, holds the sender to the credit that
// it was granted and to the rules of chunks, and says what credit to grant. docs/formats/link.md.
// Threading: one thread at a time. Bounded by the lanes' windows.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/control.hpp>
#include <parley/transport/link/link_error.hpp>
#include <parley/transport/link/link_events.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace parley::transport {

class LanesIn {
public:
    /// Adds the next lane, from 1 on, at most lanes_max.
    void add(std::uint64_t window, std::uint32_t message_bytes_max);
    LaneId lane_max() const { return static_cast<LaneId>(lanes_.size()); }

    /// Takes a chunk of a lane from 1 on; a message that is complete goes to `out`.
    /// Errors: unknown_lane to over_credit of LinkErrc.
    Result<void, LinkError> take(const Chunk& chunk, Delivered& out);
    /// Modules let go of messages that cost `cost` in all.
    void consumed(LaneId lane, std::uint64_t cost);
    /// The next grant that is due; it counts as given.
    std::optional<CreditMessage> next_grant();
    bool grant_due() const { return grants_due_ != 0; }
    /// By how many bytes the window of a lane should grow whose sender had to wait for credit: none
    /// where what the module holds on to is what keeps the credit back.
    std::uint64_t growth_wanted(LaneId lane);
    /// The lane's window is larger from now on; the credit goes out with the next grant.
    void grow(LaneId lane, std::uint64_t bytes);
    /// Its sender gave up a limit and has the first window's again, unless a Credit crosses that.
    /// Returns by how much the window is smaller. Errors: unknown_lane.
    Result<std::uint64_t, LinkError> on_returned(const CreditMessage& returned);
    /// Drops messages that are not complete.
    void clear();

private:
    struct Lane {
        std::uint64_t first_window;
        std::uint64_t window;
        std::uint64_t limit;          // granted
        std::uint64_t cost_in = 0;    // received
        std::uint64_t cost_done = 0;  // of it, let go of
        std::uint64_t asked_at = 0;   // cost_in when growth was wanted last
        std::uint32_t message_bytes_max;
        bool open = false;  // a message waits for its rest
        Code code = 0;
        std::uint32_t total = 0;
        Buffer message;
    };
    Result<void, LinkError> take_first(Lane& lane, const Chunk& chunk, Delivered& out);
    Result<void, LinkError> take_next(Lane& lane, const Chunk& chunk, Delivered& out);
    void note_grant(LaneId lane);

    std::vector<Lane> lanes_;
    std::uint32_t grants_due_ = 0;  // bit n: lane n + 1
};

}  // namespace parley::transport
