#include <parley/runtime/stall_watch.hpp>

#include <parley/runtime/clock.hpp>

#include <utility>

namespace parley::runtime {

StallWatch::StallWatch(const transport::NodeTurn& turn, const Watchdog& watchdog, Log& log)
    : turn_(turn), watchdog_(watchdog), log_(log), thread_([this] { run(); }) {}

StallWatch::~StallWatch() {
    {
        const std::scoped_lock lock{mutex_};
        ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void StallWatch::run() {
    std::unique_lock lock{mutex_};
    while (!wake_.wait_for(lock, patience / 4, [this] { return ending_; })) look();
}

void StallWatch::look() {
    const Duration stalled = turn_.length(monotonic_now());
    if (stalled < patience) {
        if (std::exchange(said_, false)) {
            log_.write(LogLevel::info, "watchdog", "the node goes on", {});
        }
        return;
    }
    if (std::exchange(said_, true)) return;
    const auto topic = watchdog_.current();
    log_.write(LogLevel::error, "watchdog", "the node is stuck",
               {{"seconds", stalled / std::chrono::seconds{1}},
                {"module", topic.empty() ? "none" : topic}});
}

}  // namespace parley::runtime
