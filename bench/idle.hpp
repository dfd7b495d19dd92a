// What an idle link costs in memory: 10,000 of them on one node, which either listens or dials.
#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace parley::bench {

inline constexpr auto idle_name = "transport.idle";

/// Prints one line: KiB a link on the listening and on the dialing side.
void run_idle();
/// The node, in a process of its own: `listen COUNT`, or `dial COUNT PORT` with a LinkCrowd there.
int idle_node(const std::vector<std::string>& arguments);

}  // namespace parley::bench
