// StallWatch: says in the log when the node's thread has not come back for long, what it is at, and
// when it is back. A thread of its own, which waits nearly always. Peers are told by their
// links (transport/link/node_turn.hpp).
#pragma once

#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/runtime/watchdog.hpp>
#include <parley/transport/link/node_turn.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace parley::runtime {

/// What there is to say about it: a line when it has been away for `patience`, one when it is back.
class StallReport {
public:
    static constexpr Duration patience = std::chrono::seconds{10};

    /// All outlive it.
    StallReport(const transport::NodeTurn& turn, const Watchdog& watchdog, Log& log)
        : turn_(turn), watchdog_(watchdog), log_(log) {}
    void look(Instant now);

private:
    const transport::NodeTurn& turn_;
    const Watchdog& watchdog_;
    Log& log_;
    bool said_ = false;
};

class StallWatch {
public:
    /// All outlive it.
    StallWatch(const transport::NodeTurn& turn, const Watchdog& watchdog, Log& log);
    ~StallWatch();
    StallWatch(const StallWatch&) = delete;
    StallWatch& operator=(const StallWatch&) = delete;

private:
    void run();

    StallReport report_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace parley::runtime
