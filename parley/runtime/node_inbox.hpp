// NodeInbox: where all other threads leave what is for the node's thread, which sleeps on it.
// Threading: push and wake from any thread; take and wait_until on the node's.
#pragma once

#include <parley/runtime/io_batches.hpp>

#include <semaphore.h>

#include <atomic>
#include <mutex>
#include <vector>

namespace parley::runtime {

class NodeInbox {
public:
    NodeInbox() { ::sem_init(&wake_, 0, 0); }
    ~NodeInbox() { ::sem_destroy(&wake_); }
    NodeInbox(const NodeInbox&) = delete;
    NodeInbox& operator=(const NodeInbox&) = delete;

    void push(LinkEventBatch batch);
    void push(std::vector<Accepted> accepted);
    void push(Job finished);
    void push(std::move_only_function<void(Now)> posted);

    /// Everything at once.
    NodeInputs take();
    /// Returns when there is something to take, after wake(), at `deadline`, or for no reason.
    void wait_until(Instant deadline);
    /// Async-signal-safe.
    void wake() noexcept { ::sem_post(&wake_); }

private:
    void wake_if_asleep() noexcept {
        if (asleep_.exchange(false)) wake();
    }
    bool empty();

    std::mutex mutex_;
    NodeInputs inputs_;
    std::atomic<bool> asleep_{false};
    sem_t wake_;
};

}  // namespace parley::runtime
