// The scenario "snapshot": a node fetches the state of a chain with many accounts while the head
// moves, a third of its peers lie, and it is killed again and again. What it received is compared
// with what it receives where the chain stands still and nobody lies or is killed.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/experiment/scenarios.hpp>

namespace parley::sim {

Scenario snapshot_scenario();

}  // namespace parley::sim
