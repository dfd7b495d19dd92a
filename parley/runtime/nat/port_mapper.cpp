#include <parley/runtime/nat/port_mapper.hpp>

#include <parley/runtime/clock.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace parley::runtime {

struct PortMapper::State {
    State(nat::PortMappingConfig config, Rng rng, Ask a, Changed c)
        : core(config, rng), ask(std::move(a)), changed(std::move(c)) {}

    std::mutex mutex;
    std::condition_variable wake;   // of the thread
    std::condition_variable ended;  // of who waits for it
    nat::PortMapping core;
    Ask ask;  // without the lock
    Changed changed;
    bool stopping = false;
    Instant stop_from = never;
    bool over = false;
};

PortMapper::PortMapper(nat::PortMappingConfig config, Rng rng, Ask ask, Changed changed,
                       Duration stop_timeout)
    : state_(std::make_shared<State>(config, rng, std::move(ask), std::move(changed))),
      stop_timeout_(stop_timeout),
      thread_([state = state_] { work(state); }) {}

PortMapper::~PortMapper() {
    begin_stop();
    std::unique_lock lock{state_->mutex};
    const Duration left = state_->stop_from + stop_timeout_ - monotonic_now();
    const bool over = state_->ended.wait_for(lock, std::max<Duration>(left, 0ns),
                                             [this] { return state_->over; });
    lock.unlock();
    if (over) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

void PortMapper::begin_stop() {
    const std::scoped_lock lock{state_->mutex};
    if (std::exchange(state_->stopping, true)) return;
    state_->stop_from = monotonic_now();
    state_->core.stop();
    state_->wake.notify_one();
}

void PortMapper::work(const std::shared_ptr<State>& state) {
    std::unique_lock lock{state->mutex};
    nat::MappingStatus told = state->core.status();
    const auto tell = [&] {
        if (state->stopping || state->core.status() == told) return;
        told = state->core.status();
        state->changed(told);
    };
    while (!state->core.stopped()) {
        if (const auto request = state->core.next(now())) {
            lock.unlock();
            const auto result = state->ask(*request);
            lock.lock();
            state->core.on_result(now(), result);
        } else if (const Instant until = state->core.next_wakeup(); until != never) {
            const Instant time = monotonic_now();
            if (until > time) state->wake.wait_for(lock, until - time);
        } else if (!state->stopping) {
            state->wake.wait(lock);
        }
        tell();
    }
    state->over = true;
    state->ended.notify_all();
}

}  // namespace parley::runtime
