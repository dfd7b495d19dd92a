// StopSignals: turns SIGINT and SIGTERM into calls on a thread of its own, where, unlike in a
// signal handler, anything may be done.
#pragma once

#include <functional>
#include <memory>

namespace parley::runtime {

class StopSignals {
public:
    /// `on_signal` is called with the signal's number, each time one comes, until destruction. At
    /// most one object in a process at a time.
    explicit StopSignals(std::function<void(int)> on_signal);
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::runtime
