// Honest gossip through a node that others flood: transactions with signatures that cost their
// maker nothing, since any point is some sender's, and the node its full check.
#pragma once

#include "harness.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace parley::bench {

inline constexpr std::size_t flooding_links = 36;

/// Milliseconds, the median, from one honest peer through the node to another one, while so many
/// links flood.
double gossip_time(std::size_t flooders);

/// A node that relays transactions; prints where it listens.
int flood_node(const std::vector<std::string>& arguments);
/// `TARGET LINKS`: floods.
int flood_links(const std::vector<std::string>& arguments);

}  // namespace parley::bench
