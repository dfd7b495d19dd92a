#include <parley/chain/types/fork.hpp>

#include <fmt/format.h>

namespace parley::chain {
namespace {

using Point = std::optional<std::uint64_t>;

std::unexpected<ForkError> without(Fork missing, Fork fork) {
    return fail(ForkErrc::missing, static_cast<std::uint64_t>(missing),
                static_cast<std::uint64_t>(fork));
}

/// Adds a point above those that are there.
void add_point(std::vector<std::uint64_t>& points, const Point& point, std::uint64_t above) {
    if (point && *point > (points.empty() ? above : points.back())) points.push_back(*point);
}

}  // namespace

std::string_view name(Fork fork) {
    switch (fork) {
        case Fork::berlin:
            return "berlin";
        case Fork::london:
            return "london";
        case Fork::paris:
            return "paris";
        case Fork::shanghai:
            return "shanghai";
        case Fork::cancun:
            return "cancun";
    }
    return "unknown";
}

std::string message(const ForkError& error) {
    const auto& [code, expected, actual] = error;
    switch (code) {
        case ForkErrc::missing:
            return fmt::format("{} without {}", name(static_cast<Fork>(actual)),
                               name(static_cast<Fork>(expected)));
        case ForkErrc::out_of_order:
            return fmt::format("a fork at {} follows one at {}", actual, expected);
    }
    return "malformed";
}

Fork ForkSchedule::at(std::uint64_t number, std::uint64_t time_s, bool merged) const {
    if (!london_block || number < *london_block) return Fork::berlin;
    if (!merged) return Fork::london;
    if (cancun_time && time_s >= *cancun_time) return Fork::cancun;
    if (shanghai_time && time_s >= *shanghai_time) return Fork::shanghai;
    return Fork::paris;
}

Fork ForkSchedule::after(const Uint256& total_difficulty, std::uint64_t number,
                         std::uint64_t time_s) const {
    return at(number, time_s,
              terminal_total_difficulty && total_difficulty >= *terminal_total_difficulty);
}

Result<void, ForkError> ForkSchedule::validate() const {
    if (terminal_total_difficulty && !london_block) return without(Fork::london, Fork::paris);
    if (merge_netsplit_block) {
        if (!london_block) return without(Fork::london, Fork::paris);
        if (*merge_netsplit_block < *london_block) {
            return fail(ForkErrc::out_of_order, *london_block, *merge_netsplit_block);
        }
    }
    if (shanghai_time && !terminal_total_difficulty) return without(Fork::paris, Fork::shanghai);
    if (!cancun_time) return {};
    if (!shanghai_time) return without(Fork::shanghai, Fork::cancun);
    if (*cancun_time < *shanghai_time) {
        return fail(ForkErrc::out_of_order, *shanghai_time, *cancun_time);
    }
    return {};
}

ForkPoints ForkSchedule::fork_points(std::uint64_t genesis_time_s) const {
    ForkPoints out;
    add_point(out.blocks, london_block, 0);
    add_point(out.blocks, merge_netsplit_block, 0);
    add_point(out.times, shanghai_time, genesis_time_s);
    add_point(out.times, cancun_time, genesis_time_s);
    return out;
}

}  // namespace parley::chain
