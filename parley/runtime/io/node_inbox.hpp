// NodeInbox: where all other threads leave what is for the node's thread, which sleeps on it.
// Threading: push and wake from any thread; take and wait_until on the node's.
#pragma once

#include <parley/runtime/io/io_batches.hpp>
#include <parley/runtime/io/sleeper.hpp>

#include <atomic>
#include <mutex>
#include <vector>

namespace parley::runtime {

class NodeInbox {
public:
    /// Before anything else: how the node's thread sleeps. It outlives this.
    void sleep_with(Sleeper& sleeper) { sleeper_ = &sleeper; }

    void push(LinkEventBatch batch);
    void push(std::vector<Accepted> accepted);
    void push(Received received);
    void push(Job finished);
    void push(std::move_only_function<void(Now)> posted);

    /// Everything at once.
    NodeInputs take();
    /// Returns when there is something to take, after wake(), at `deadline`, or for no reason.
    void wait_until(Instant deadline);
    /// Async-signal-safe.
    void wake() noexcept { sleeper_->wake(); }

private:
    void wake_if_asleep() noexcept {
        if (asleep_.exchange(false)) wake();
    }
    bool empty();
    void note_arrival();  ///< the mutex is held

    std::mutex mutex_;
    NodeInputs inputs_;
    std::atomic<bool> asleep_{false};
    Sleeper* sleeper_ = nullptr;
};

}  // namespace parley::runtime
