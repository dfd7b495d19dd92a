#include <parley/sim/world/faults.hpp>

#include <algorithm>

namespace parley::sim {

namespace {

constexpr std::array<std::string_view, fault_kinds> names{
    "tails",   "bandwidth", "segments", "resets", "half_open",  "slow_readers", "partitions",
    "one_way", "clogs",     "pauses",   "kills",  "power_cuts", "clocks",       "nat"};

}  // namespace

std::string_view name(Fault fault) {
    return names[static_cast<std::size_t>(fault)];
}

FaultSet FaultSet::all() {
    FaultSet out;
    out.bits_.set();
    return out;
}

std::optional<FaultSet> FaultSet::parse(std::string_view text) {
    if (text == "all") return all();
    FaultSet out;
    if (text == "none" || text.empty()) return out;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        const auto found = std::ranges::find(names, text.substr(0, comma));
        if (found == names.end()) return std::nullopt;
        out.bits_.set(static_cast<std::size_t>(found - names.begin()));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

std::string FaultSet::to_string() const {
    if (bits_.all()) return "all";
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!bits_.test(i)) continue;
        if (!out.empty()) out += ',';
        out += names[i];
    }
    return out.empty() ? "none" : out;
}

}  // namespace parley::sim
