// RunLog: the last lines that the nodes of a run logged, up to the first failure.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/events/log.hpp>
#include <parley/sim/world/world.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace parley::sim {

class RunLog {
public:
    explicit RunLog(LogLevel level = LogLevel::debug, std::size_t lines_max = 60)
        : level_(level), lines_max_(lines_max) {}

    /// Begins to keep lines, with the time of this world, which outlives this or freeze().
    void watch(const World& world) { world_ = &world; }
    /// The log of one host's nodes.
    Log& of(HostId host);
    /// Keeps the lines that are there, and takes no more.
    void freeze() { world_ = nullptr; }
    /// The oldest first.
    const std::deque<std::string>& lines() const { return lines_; }

private:
    class HostLog;
    LogLevel level_;
    std::size_t lines_max_;
    const World* world_ = nullptr;
    std::vector<std::unique_ptr<Log>> logs_;
    std::deque<std::string> lines_;
};

}  // namespace parley::sim
