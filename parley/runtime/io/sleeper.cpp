#include <parley/runtime/io/sleeper.hpp>

#include <ctime>

namespace parley::runtime {

void Semaphore::sleep_until(Instant deadline) {
    if (deadline == never) {
        ::sem_wait(&semaphore_);
        return;
    }
    const auto since = deadline.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    timespec until{};
    until.tv_sec = static_cast<time_t>(seconds.count());
    until.tv_nsec = static_cast<long>((since - seconds).count());
    ::sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until);
}

}  // namespace parley::runtime
