#include <parley/runtime/stall_watch.hpp>

#include <parley/runtime/clock.hpp>

#include <utility>

namespace parley::runtime {

StallWatch::StallWatch(const transport::NodeTurn& turn, const Watchdog& watchdog, Log& log)
    : report_(turn, watchdog, log), thread_([this] { run(); }) {}

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
    while (!wake_.wait_for(lock, StallReport::patience / 4, [this] { return ending_; })) {
        report_.look(monotonic_now());
    }
}

void StallReport::look(Instant now) {
    const Duration stalled = turn_.length(now);
    if (stalled < patience) {
        if (std::exchange(said_, false)) {
            log_.write(LogLevel::info, "watchdog", "the node goes on", {});
        }
        return;
    }
    if (std::exchange(said_, true)) return;
    const auto module = watchdog_.current();
    log_.write(LogLevel::error, "watchdog", "the node is stuck",
               {{"seconds", stalled / std::chrono::seconds{1}},
                {"in", module.topic.empty() ? std::string_view{turn_.what()} : module.call},
                {"module", module.topic.empty() ? "none" : module.topic}});
}

}  // namespace parley::runtime
