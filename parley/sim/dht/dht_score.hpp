// Scores of lookups in a DhtWorld: how many are right, and what they cost.
#pragma once

#include <parley/sim/dht/dht_world.hpp>

#include <cstddef>
#include <functional>
#include <vector>

namespace parley::sim {

/// The outcome of a number of lookups. Times are virtual.
struct DhtScore {
    std::size_t lookups = 0;
    std::size_t right = 0;
    std::vector<double> hops, requests, seconds;  ///< of each

    double share() const;  ///< right ones; 0 to 1
};
/// Of any number of samples; 0 for none.
double median(const std::vector<double>& samples);
/// The same for the largest of them.
double largest(const std::vector<double>& samples);

/// Lookups of random targets by honest hosts, 20 a second. Right: the result is the true 16 closest
/// nodes, or all if there are fewer.
DhtScore score_closest(DhtWorld& world, std::size_t lookups);
/// Searches for one honest host by others that do not have it in their tables. Right: its record is
/// found, and it answers.
DhtScore score_resolve(DhtWorld& world, HostId target, std::size_t lookups);
/// New hosts that start one after the other, one a second, and look up a random target each second
/// from then on. Right: one of these was right within `limit` of its start. `seconds`: until then.
DhtScore score_newcomers(DhtWorld& world, std::size_t count, Duration limit);

}  // namespace parley::sim
