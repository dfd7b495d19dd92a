// The transaction pool: how quickly it takes, lists and ranks, and what an entry takes of memory.
#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace parley::bench {

/// Signed transfers a second that are decoded, checked and taken into a pool with the state of
/// their accounts, their senders recovered in Jobs, on two cores.
double pool_admit();
/// The recovery of the same senders alone with libsecp256k1, on two cores.
double pool_admit_limit();

/// On one core. Each run is a process of its own, so that no run finds the heap as another left it.
const std::vector<TargetBenchmark>& pool_benchmarks();
/// Prints one line: the median, the target, and figures beside.
void run_pool_benchmark(const TargetBenchmark& benchmark);
/// The role of a run's process.
int pool_run(const std::vector<std::string>& arguments);

}  // namespace parley::bench
