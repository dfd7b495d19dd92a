// Path: the time that bytes take from one host to another, in one direction. A stream keeps its
// order (Path); datagrams may be lost, doubled and overtaken (DatagramPath). Integers only, no
// function of libm: the same seed gives the same times with every compiler and library. Threading:
// one thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::sim {

/// Chances are given in parts of this.
inline constexpr std::uint32_t per_million = 1'000'000;

/// An exponentially distributed time with this mean (not negative), in nanoseconds rounded down;
/// at most 23 times the mean. One draw, or none if the mean is zero.
///
/// The exponential distribution forgets: with L = ln 2 times the mean, the number of whole L in a
/// time is how often a fair coin shows heads in a row (the draw's upper half, its leading zeros),
/// and the rest of it, below L, is -ln(1 - v/2) for v uniform in [0, 1) (the draw's lower half),
/// read from a table of 256 quantiles with straight lines between them. The table is made by the
/// compiler, from the series of the logarithm in fixed point. Its error is below 0.001 %.
Duration exponential(Duration mean, Rng& rng);

/// No duration is negative.
struct PathConfig {
    Duration base{};                     ///< one way, always
    Duration jitter_mean{};              ///< on top of it, exponential
    std::uint32_t tail_per_million = 0;  ///< chance of a much longer time (a lost segment)
    Duration tail_mean{};                ///< the time then added, exponential
    std::uint64_t bytes_per_second = 0;  ///< 0: unlimited
};

/// One direction of a stream.
class Path {
public:
    explicit Path(PathConfig config) : config_(config) {}

    /// When the last of these bytes arrives. They leave after earlier bytes, at the path's speed;
    /// then come base, jitter and perhaps tail. Never before earlier bytes. `now` does not go back
    /// between calls.
    Instant send(Instant now, std::size_t bytes, Rng& rng);

    /// When all bytes that were sent will have left the sender. Until then they are in its socket's
    /// buffer.
    Instant line_free_at() const { return rounded_up(); }

private:
    Instant rounded_up() const { return line_free_ + Duration{line_free_rest_ > 0 ? 1 : 0}; }

    PathConfig config_;
    // Exact, so that many small messages take as long as a large one: rest / bytes_per_second of
    // a nanosecond on top.
    Instant line_free_{};
    std::uint64_t line_free_rest_ = 0;
    Instant last_arrival_{};
};

/// Rates of loss, doubling and delay of datagrams, and the size that fits.
struct DatagramFaults {
    std::uint32_t loss = 0;       ///< per million, as the next two
    std::uint32_t duplicate = 0;  ///< arrives twice, the second time late
    std::uint32_t reorder = 0;    ///< arrives late, so that later ones overtake it
    /// Larger ones are lost. The default: Ethernet's 1,500 less the headers of IPv4 and UDP.
    std::size_t mtu = 1472;
    Duration late_min = 20ms;  ///< a late datagram is so by 1 to 2 times this
};

/// The times at which a datagram arrives, in order: none, one or two.
class Deliveries {
public:
    /// Precondition: fewer than two, and none of them later.
    void add(Instant when);
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    Instant operator[](std::size_t i) const { return times_[i]; }
    const Instant* begin() const { return times_.data(); }
    const Instant* end() const { return times_.data() + size_; }

private:
    std::array<Instant, 2> times_{};
    std::size_t size_ = 0;
};

/// One direction between two UDP sockets. Jitter and tail alone keep the order, as a queue on the
/// way does. A lost datagram is lost after the queue, where it has taken its time; one over the MTU
/// never enters it.
class DatagramPath {
public:
    DatagramPath(PathConfig config, DatagramFaults faults) : queue_(config), faults_(faults) {}

    /// The times at which a datagram of that size, sent now, arrives; it takes its place in the
    /// queue.
    Deliveries deliveries(Instant now, std::size_t bytes, Rng& rng);

private:
    Duration late(Rng& rng) const;

    Path queue_;
    DatagramFaults faults_;
};

}  // namespace parley::sim
