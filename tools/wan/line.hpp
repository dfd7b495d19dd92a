// Line: one direction of one access line, as a pure machine: what becomes of a packet that enters
// it now. Delay, rate with a bounded queue, loss, reordering; down, it swallows everything.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::wan {

struct LineSettings {
    Duration delay = 0ms;
    std::uint64_t bits_per_second = 0;  ///< 0: no limit
    /// Bytes that may wait for their turn; 0: what the rate passes in 100 ms, 64 KiB at least.
    std::uint64_t queue_bytes = 0;
    double loss = 0;     ///< of all packets, 0 to 1
    double reorder = 0;  ///< this share is not delayed, and so overtakes the others
    bool up = true;

    std::uint64_t queue_bytes_max() const;
    friend bool operator==(const LineSettings&, const LineSettings&) = default;
};

/// Changes one setting: "down", "up", "delay 100ms", "rate 1mbit", "queue 64k", "loss 5%",
/// "reorder 2%", "clear" (a perfect line). The error says what was expected.
Result<void, std::string> change(LineSettings& settings, std::string_view words);

struct LineCounts {
    std::uint64_t passed = 0;
    std::uint64_t lost = 0;       ///< by chance
    std::uint64_t overflown = 0;  ///< no room in the queue
    std::uint64_t cut = 0;        ///< while down
    std::uint64_t reordered = 0;
};

class Line {
public:
    Line(LineSettings settings, Rng rng) : settings_(settings), rng_(rng) {}

    /// When a packet that enters now comes out; nothing if it never does.
    std::optional<Instant> enter(Instant now, std::size_t bytes);
    /// Packets on their way keep their time.
    void set(const LineSettings& settings) { settings_ = settings; }
    const LineSettings& settings() const { return settings_; }
    const LineCounts& counts() const { return counts_; }

private:
    LineSettings settings_;
    Rng rng_;
    LineCounts counts_;
    Instant free_at_{};  // what waits has gone by then
};

}  // namespace parley::wan
