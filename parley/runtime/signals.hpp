// StopSignals: SIGINT and SIGTERM as a call on a thread of its own.
#pragma once

#include <functional>
#include <memory>

namespace parley::runtime {

class StopSignals {
public:
    /// `on_signal` is called with the signal's number, each time one comes, until destruction.
    /// One object at a time in a process.
    explicit StopSignals(std::function<void(int)> on_signal);
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::runtime
