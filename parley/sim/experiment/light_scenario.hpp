// The scenario "light": light nodes follow a chain by votes and ask full nodes for balances, while
// most full nodes lie to them. No light node may take a wrong header or a wrong balance, and the
// answers must not take longer for it. Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/experiment/scenarios.hpp>

namespace parley::sim {

Scenario light_scenario();

}  // namespace parley::sim
