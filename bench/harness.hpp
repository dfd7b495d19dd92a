// What every benchmark shares: ours and its limit run alternately in one process pair each; a
// line of JSON says the medians and the spread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {

struct Benchmark {
    std::string name;
    std::string unit;
    std::string limit_of;  ///< what the limit measures
    std::function<double()> ours;
    std::function<double()> limit;
    std::size_t runs = 7;
    /// Why it cannot run on this machine; empty: it can. Nothing: it always can.
    std::function<std::string()> obstacle = {};
    /// Members of JSON to print beside, about the runs just made.
    std::function<std::string()> beside = {};
};

/// Runs ours and the limit alternately and prints one line.
void run(const Benchmark& benchmark);

/// The other side of a benchmark: this program again, as `parley-bench --peer ROLE ARGS...`.
/// It is ended, by its id, when the object goes.
class PeerProcess {
public:
    explicit PeerProcess(const std::vector<std::string>& arguments);
    PeerProcess(const PeerProcess&) = delete;
    PeerProcess& operator=(const PeerProcess&) = delete;
    ~PeerProcess();
    /// A line that the peer printed, without its end. Waits for it.
    std::string read_line();
    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = -1;
    int output_ = -1;
};

/// What is held against a figure that it must reach, not against a limit of the same run.
struct TargetBenchmark {
    std::string_view name;
    std::string_view unit;
    double target;
    bool more_is_better;
    unsigned runs;
};
/// Prints one line: the median, the target, and figures beside. Each run is a PeerProcess of these
/// arguments, so that none finds the heap as another left it; it prints its value, and after that
/// what comes beside.
void run_processes(const TargetBenchmark& benchmark, const std::vector<std::string>& arguments);

/// A role that a PeerProcess plays. Returns the exit code.
using Role = std::function<int(const std::vector<std::string>& arguments)>;

double seconds_now();
/// Time that the processor spent on this thread, in the system too.
double thread_seconds_now();
/// Memory of a process (0: this one), without pages of files.
double resident_bytes(pid_t process = 0);

}  // namespace parley::bench
