// The transaction pool: how quickly it takes, lists and ranks, and what an entry takes of memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {

/// Signed transfers a second that are decoded, checked and taken into a pool with the state of
/// their accounts, their senders recovered in Jobs, on two cores.
double pool_admit();
/// The recovery of the same senders alone with libsecp256k1, on two cores.
double pool_admit_limit();

struct PoolBenchmark {
    std::string_view name;
    std::string_view unit;
    double target;
    bool more_is_better;
    unsigned runs;
};
/// On one core. Each run is a process of its own, so that no run finds the heap as another left it.
const std::vector<PoolBenchmark>& pool_benchmarks();
/// Prints one line: the median, the target, and figures beside.
void run(const PoolBenchmark& benchmark);
/// The role of a run's process.
int pool_run(const std::vector<std::string>& arguments);

}  // namespace parley::bench
