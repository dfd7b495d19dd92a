// The address book's benchmarks: a million entries. Each run is a process of its own, so that no
// run finds the heap as another one left it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {

struct BookBenchmark {
    std::string_view name;
    std::string_view unit;
    double target;
    bool more_is_better;
    unsigned runs;
};
const std::vector<BookBenchmark>& book_benchmarks();

/// Prints one line: the median, the target, and figures beside.
void run(const BookBenchmark& benchmark);
/// The role of a run's process.
int book_run(const std::vector<std::string>& arguments);

}  // namespace parley::bench
