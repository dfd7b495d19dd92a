// The scenario of a network with a consensus by work: miners are parted for ten minutes, each half
// makes a chain of its own, and the one with more work is followed by all.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/experiment/scenarios.hpp>

namespace parley::sim {

/// Five miners among the hosts, three of them on one side of the partition.
Scenario work_scenario();

}  // namespace parley::sim
