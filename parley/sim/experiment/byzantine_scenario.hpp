// The scenario of validators some of whom break the rules, while hosts die, disks fail in the
// middle of a vote, clocks are off by seconds and the network falls apart: no two blocks are final
// at one height, and once all is healed blocks go on. Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/experiment/scenarios.hpp>

namespace parley::sim {

/// All hosts are validators; attackers as many as may be faulty (beyond that they have no vote).
Scenario byzantine_scenario();

}  // namespace parley::sim
