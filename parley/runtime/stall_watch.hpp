// StallWatch: says in the log when the node's thread has not come back for long, in which module,
// and when it is back. A thread of its own, which waits nearly always. Peers are told by their
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

class StallWatch {
public:
    static constexpr Duration patience = std::chrono::seconds{10};

    /// All outlive it.
    StallWatch(const transport::NodeTurn& turn, const Watchdog& watchdog, Log& log);
    ~StallWatch();
    StallWatch(const StallWatch&) = delete;
    StallWatch& operator=(const StallWatch&) = delete;

private:
    void run();
    void look();

    const transport::NodeTurn& turn_;
    const Watchdog& watchdog_;
    Log& log_;
    bool said_ = false;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace parley::runtime
