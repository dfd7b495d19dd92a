// Geography: the places of hosts and the latencies between them. Ten regions in which the large
// clouds have data centres, since most public nodes run there.
// Threading: any; pure functions.
#pragma once

#include <parley/base/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parley::sim {

/// A place of hosts, named after its data centres.
enum class Region : std::uint8_t {
    virginia,
    oregon,
    sao_paulo,
    ireland,
    frankfurt,
    mumbai,
    singapore,
    tokyo,
    sydney,
    cape_town,
};

inline constexpr std::array all_regions{
    Region::virginia, Region::oregon,    Region::sao_paulo, Region::ireland, Region::frankfurt,
    Region::mumbai,   Region::singapore, Region::tokyo,     Region::sydney,  Region::cape_town};

/// "Frankfurt".
std::string_view name(Region region);

/// The share of hosts in a region, in percent: most are in North America and Europe.
std::size_t weight_percent(Region region);

/// The region of a host (its HostId). Any 100 hosts in a row have the weights exactly, and few in a
/// row are already spread over the world.
Region region_of(std::size_t host);

/// The typical latency one way, without jitter. The same in both directions.
Duration base_latency(Region from, Region to);

}  // namespace parley::sim
