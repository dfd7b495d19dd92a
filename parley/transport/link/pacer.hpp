// Pacer: keeps bytes at a rate. Who moves some is told when it may move more; of several who share
// one, each goes on when its own bytes are paid for, so that all have their turn.
// Threading: any thread.
#pragma once

#include <parley/base/time.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace parley::transport {

class Pacer {
public:
    /// 0: no limit.
    explicit Pacer(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

    static constexpr Duration debt_max = 4s;

    bool limits() const { return bytes_per_second_ > 0; }
    /// Bytes were moved. What was not used lately is there for a burst of a quarter of a second.
    /// Nobody waits longer than debt_max: where so many move bytes that each would, the limit
    /// gives way, and not the links.
    Instant spend(Instant now, std::uint64_t bytes);
    /// What to move at a time, so that turns come often: a sixteenth of a second's worth.
    std::size_t turn_bytes() const;

private:
    std::uint64_t bytes_per_second_;
    std::atomic<Instant::rep> paid_until_{0};
};

}  // namespace parley::transport
