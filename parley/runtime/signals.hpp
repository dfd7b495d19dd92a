// Signals: turns SIGINT, SIGTERM and SIGHUP into calls on a thread of their own, where, unlike in a
// signal handler, anything may be done. SIGUSR1 and SIGUSR2, which would end the process, are
// ignored meanwhile.
#pragma once

#include <functional>
#include <memory>

namespace parley::runtime {

/// Calls `on_signal` with the signal's number, each time that SIGINT, SIGTERM or SIGHUP comes,
/// until destruction. At most one object in a process at a time.
class Signals {
public:
    explicit Signals(std::function<void(int)> on_signal);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::runtime
