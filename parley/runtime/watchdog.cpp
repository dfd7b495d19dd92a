#include <parley/runtime/watchdog.hpp>

#include <parley/runtime/clock.hpp>

#include <chrono>

namespace parley::runtime {

void Watchdog::enter(std::string_view topic) {
    if (depth_++ > 0) return;
    topic_ = topic;
    since_ = monotonic_now();
}

void Watchdog::leave() {
    if (--depth_ > 0) return;
    const Duration took = monotonic_now() - since_;
    if (took <= patience_) return;
    log_.write(LogLevel::warn, "watchdog", "module blocks the node",
               {{"topic", topic_},
                {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
}

}  // namespace parley::runtime
