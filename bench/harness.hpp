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

/// A role that a PeerProcess plays. Returns the exit code.
using Role = std::function<int(const std::vector<std::string>& arguments)>;

double seconds_now();
/// Time that the processor spent on this thread, in the system too.
double thread_seconds_now();
/// Memory of a process (0: this one), without pages of files.
double resident_bytes(pid_t process = 0);

}  // namespace parley::bench
