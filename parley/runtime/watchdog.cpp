#include <parley/runtime/watchdog.hpp>

#include <parley/runtime/clock.hpp>

#include <chrono>
#include <utility>

namespace parley::runtime {

void Watchdog::enter(std::string_view topic, std::string_view call) {
    if (depth_++ > 0) return;
    const std::scoped_lock lock{mutex_};
    call_.topic = topic;
    call_.call = call;
    since_ = monotonic_now();
}

void Watchdog::leave() {
    if (--depth_ > 0) return;
    const Duration took = monotonic_now() - since_;
    Call call;
    {
        const std::scoped_lock lock{mutex_};
        std::swap(call, call_);
    }
    if (took <= patience_) return;
    log_.write(LogLevel::warn, "watchdog", "module blocks the node",
               {{"topic", call.topic},
                {"call", call.call},
                {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
}

Watchdog::Call Watchdog::current() const {
    const std::scoped_lock lock{mutex_};
    return call_;
}

}  // namespace parley::runtime
