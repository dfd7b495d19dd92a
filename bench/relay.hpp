// The relay of blocks in compact form, in the simulator.
#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace parley::bench {

/// Blocks of 1,000 transfers cross 50 nodes, which had the transfers from gossip: what all of them
/// received of the relay, against each block whole once for each node that did not make it. Beside
/// it: the share of compact blocks that the pool completed, without a question.
inline constexpr TargetBenchmark relay_block{"relay.block", "% of whole blocks", 8, false, 1};
void run_relay_block();

/// The role of one run: SEED.
int relay_world(const std::vector<std::string>& arguments);

}  // namespace parley::bench
