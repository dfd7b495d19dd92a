// The address book's benchmarks: a million entries. Each run is a process of its own, so that no
// run finds the heap as another one left it.
#pragma once

#include "harness.hpp"

#include <string>
#include <vector>

namespace parley::bench {

const std::vector<TargetBenchmark>& book_benchmarks();

/// Prints one line: the median, the target, and figures beside.
void run_book_benchmark(const TargetBenchmark& benchmark);
/// The role of a run's process.
int book_run(const std::vector<std::string>& arguments);

}  // namespace parley::bench
