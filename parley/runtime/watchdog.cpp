#include <parley/runtime/watchdog.hpp>

#include <parley/runtime/clock.hpp>

#include <chrono>

namespace parley::runtime {

void Watchdog::enter(std::string_view topic) {
    if (depth_++ > 0) return;
    const std::scoped_lock lock{mutex_};
    topic_ = topic;
    since_ = monotonic_now();
}

void Watchdog::leave() {
    if (--depth_ > 0) return;
    const Duration took = monotonic_now() - since_;
    std::string topic;
    {
        const std::scoped_lock lock{mutex_};
        topic.swap(topic_);
    }
    if (took <= patience_) return;
    log_.write(LogLevel::warn, "watchdog", "module blocks the node",
               {{"topic", topic},
                {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
}

std::string Watchdog::current() const {
    const std::scoped_lock lock{mutex_};
    return topic_;
}

}  // namespace parley::runtime
