// Consensus by votes in the simulator, its validators all over the world.
#pragma once

#include "harness.hpp"

#include <span>
#include <string>
#include <vector>

namespace parley::bench {

struct WorldConsensusBenchmark {
    TargetBenchmark figure;
    std::size_t validators;
    bool is_linked;  ///< each with each; else by some ten links of each
};
/// How long a block takes from its proposal until it is final, at the median of all validators and
/// blocks, without what verifying takes, in median one-way delays. Beside it: blocks in rounds
/// above 0, of which there must be none, and seconds until the next block after the proposer whose
/// turn it is dies.
std::span<const WorldConsensusBenchmark> world_consensus_benchmarks();
void run_world_consensus(const WorldConsensusBenchmark& benchmark);

/// The role of one run: VALIDATORS, and "linked" or "relayed".
int consensus_world(const std::vector<std::string>& arguments);

}  // namespace parley::bench
