// The simulator's benchmarks: virtual seconds a second, one thread a world, after the joining
// phase.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {

struct SimBenchmark {
    std::string_view name;
    std::size_t nodes;
    double rate;                ///< transactions a second, in all
    bool stub;                  ///< cheap cryptography, no disks, books of 128 entries
    unsigned join_seconds;      ///< virtual; joining, and until peer exchange has become seldom
    unsigned measured_seconds;  ///< virtual, of each run
    unsigned runs;
    bool only_when_named;  ///< takes many minutes
};
const std::vector<SimBenchmark>& sim_benchmarks();

/// Runs it in a process of its own and prints one line.
void run(const SimBenchmark& benchmark);
/// The role of that process.
int sim_world(const std::vector<std::string>& arguments);

}  // namespace parley::bench
