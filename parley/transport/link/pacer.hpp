// Pacer: keeps bytes at a rate. A link that moves some is told when it may move more; of several
// links that share one, each goes on when its own bytes are paid for, so that all have their turn.
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

    /// The longest wait.
    static constexpr Duration debt_max = 4s;

    /// Another rate, from the next bytes on.
    void set_rate(std::uint64_t bytes_per_second) { bytes_per_second_ = bytes_per_second; }
    std::uint64_t rate() const { return bytes_per_second_; }
    /// False: it lets everything pass.
    bool limits() const { return rate() > 0; }
    /// Bytes were moved; returns when more may be. What was not used lately is there for a burst of
    /// a quarter of a second. No wait is longer than debt_max: where there are so many links that
    /// each would wait longer, the limit gives way, and not the links.
    Instant spend(Instant now, std::uint64_t bytes);
    /// How many bytes to move at a time, so that turns come often: a sixteenth of a second's worth.
    std::size_t turn_bytes() const;

private:
    std::atomic<std::uint64_t> bytes_per_second_;
    std::atomic<Instant::rep> paid_until_{0};
};

}  // namespace parley::transport
