// NodeInbox: the inputs of the node's thread, left by all other threads. The node's thread takes
// them all at once, or sleeps until there are some.
// Bounds: none of its own; see io_batches.hpp for those of each kind of input.
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
    /// Sets how the node's thread sleeps. Before anything else; `sleeper` outlives this.
    /// For `spin` after inputs were taken it looks for more before it sleeps.
    void sleep_with(Sleeper& sleeper, Duration spin) {
        sleeper_ = &sleeper;
        spin_ = spin;
    }

    // Each wakes the node's thread if it sleeps. Never blocks but for the mutex.
    /// Events of links, from an I/O thread.
    void push(LinkEventBatch batch);
    /// Callers, from a listener.
    void push(std::vector<Accepted> accepted);
    /// Datagrams.
    void push(Received received);
    /// A Job that a worker ended.
    void push(Job finished);
    /// A call to be run on the node's thread.
    void push(std::move_only_function<void(Now)> posted);

    /// Takes all inputs, and leaves none.
    NodeInputs take();
    /// Returns when there is something to take, after wake(), at `deadline`, or for no reason.
    void wait_until(Instant deadline);
    /// Makes wait_until() return. Async-signal-safe.
    void wake() noexcept { sleeper_->wake(); }

private:
    void wake_if_asleep() noexcept {
        if (asleep_.exchange(false)) wake();
    }
    bool empty();
    void note_arrival();  ///< the mutex is held
    bool spin(Instant deadline) const;

    std::mutex mutex_;
    NodeInputs inputs_;
    std::atomic<bool> waits_{false};  // inputs_ has some
    std::atomic<bool> asleep_{false};
    Duration spin_{};
    Instant taken_at_{};
    Sleeper* sleeper_ = nullptr;
};

}  // namespace parley::runtime
