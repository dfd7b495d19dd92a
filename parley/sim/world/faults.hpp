// Faults: the kinds of failure that a run may inject, by name, so that a failing run can be shrunk
// by switching them off one by one.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::sim {

/// Kinds of failure.
enum class Fault : std::uint8_t {
    tails,         ///< now and then a segment takes much longer
    bandwidth,     ///< some paths are narrow
    segments,      ///< streams arrive in pieces of random sizes
    resets,        ///< connections are reset
    half_open,     ///< connections fall silent; no end is told
    slow_readers,  ///< some hosts read slowly
    partitions,    ///< the network falls into two halves, or one host is cut off
    one_way,       ///< one host can send and not receive, or the other way round
    clogs,         ///< some hosts' latency grows for a while
    pauses,        ///< hosts stop for a while, as under SIGSTOP
    kills,         ///< processes die and come back
    power_cuts,    ///< hosts fall silent, and their disks lose writes not synced
    clocks,        ///< clocks drift, are off from the start, and step
    nat,           ///< some hosts cannot be called
};
inline constexpr std::size_t fault_kinds = 14;

inline constexpr auto all_faults = [] {
    std::array<Fault, fault_kinds> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Fault>(i);
    return out;
}();

/// "half_open".
std::string_view name(Fault fault);

/// A choice of faults; at first none.
class FaultSet {
public:
    FaultSet() = default;
    /// Every kind.
    static FaultSet all();
    /// "partitions,kills", "all" or "none". Nothing if a name is unknown.
    static std::optional<FaultSet> parse(std::string_view text);

    /// Whether it is chosen.
    bool has(Fault fault) const { return bits_.test(static_cast<std::size_t>(fault)); }
    /// Adds it, or takes it out. Returns itself, for chains.
    FaultSet& set(Fault fault, bool on = true) {
        bits_.set(static_cast<std::size_t>(fault), on);
        return *this;
    }
    bool empty() const { return bits_.none(); }
    /// As parse() takes it.
    std::string to_string() const;
    friend bool operator==(const FaultSet&, const FaultSet&) = default;

private:
    std::bitset<fault_kinds> bits_;
};

}  // namespace parley::sim
