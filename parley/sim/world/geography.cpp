#include <parley/sim/world/geography.hpp>

#include <algorithm>
#include <numeric>

namespace parley::sim {

namespace {

constexpr std::size_t region_count = all_regions.size();
constexpr std::size_t percent = 100;

constexpr std::array<std::string_view, region_count> names{
    "N. Virginia", "Oregon",    "Sao Paulo", "Ireland", "Frankfurt",
    "Mumbai",      "Singapore", "Tokyo",     "Sydney",  "Cape Town"};

constexpr std::array<std::size_t, region_count> weights{22, 14, 4, 12, 24, 4, 7, 6, 5, 2};
static_assert(std::accumulate(weights.begin(), weights.end(), std::size_t{0}) == percent);

/// Half of the round trips that one sees between public clouds, rounded, in milliseconds. Of each
/// pair the earlier region is the column; one region with itself is `within_region`.
constexpr std::array<std::array<int, region_count>, region_count> one_way_ms{{
    {},                                           // N. Virginia
    {34},                                         // Oregon
    {57, 88},                                     // Sao Paulo
    {35, 62, 90},                                 // Ireland
    {45, 72, 102, 13},                            // Frankfurt
    {95, 110, 150, 61, 60},                       // Mumbai
    {110, 82, 163, 88, 80, 30},                   // Singapore
    {75, 49, 128, 102, 112, 62, 35},              // Tokyo
    {100, 70, 155, 128, 125, 76, 46, 54},         // Sydney
    {113, 140, 170, 80, 78, 120, 145, 175, 190},  // Cape Town
}};
constexpr Duration within_region = 750us;

constexpr std::size_t index(Region region) {
    return static_cast<std::size_t>(region);
}

}  // namespace

std::string_view name(Region region) {
    return names[index(region)];
}

std::size_t weight_percent(Region region) {
    return weights[index(region)];
}

Region region_of(std::size_t host) {
    // Steps of nearly the golden ratio fill the hundred evenly, and as 61 and 100 have no common
    // factor, every place is met once in a hundred hosts.
    std::size_t place = host % percent * 61 % percent;
    for (const Region region : all_regions) {
        if (place < weights[index(region)]) return region;
        place -= weights[index(region)];
    }
    return all_regions.back();  // not reached: the weights add up to 100
}

Duration base_latency(Region from, Region to) {
    if (from == to) return within_region;
    const auto earlier = std::min(index(from), index(to));
    const auto later = std::max(index(from), index(to));
    return std::chrono::milliseconds{one_way_ms[later][earlier]};
}

}  // namespace parley::sim
