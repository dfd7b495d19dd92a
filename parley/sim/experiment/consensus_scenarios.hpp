// The scenario of a network with a consensus by votes: validators die, restart and are parted.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/experiment/scenarios.hpp>

namespace parley::sim {

/// Four validators among the hosts. After each trouble blocks go on, on one chain.
Scenario votes_scenario();

}  // namespace parley::sim
