#include <parley/runtime/clock.hpp>

#include <chrono>

namespace parley::runtime {

Instant monotonic_now() {
    return Instant{
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

Now now() {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {monotonic_now(), UnixTime{std::chrono::duration_cast<std::chrono::milliseconds>(wall)}};
}

}  // namespace parley::runtime
