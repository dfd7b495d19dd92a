// Sleeper: the way in which the node's thread waits for inputs: on a semaphore, or, where it serves
// the sockets itself, where they are waited for (IoSleeper).
#pragma once

#include <parley/base/time.hpp>

#include <semaphore.h>

namespace parley::runtime {

class Sleeper {
public:
    virtual ~Sleeper() = default;
    /// Returns after wake(), also if that came before, at `deadline`, or for no reason.
    virtual void sleep_until(Instant deadline) = 0;
    /// From any thread; async-signal-safe.
    virtual void wake() noexcept = 0;
};

/// For a node's thread that waits for nothing but its inbox.
class Semaphore final : public Sleeper {
public:
    Semaphore() { ::sem_init(&semaphore_, 0, 0); }
    ~Semaphore() override { ::sem_destroy(&semaphore_); }
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    void sleep_until(Instant deadline) override;
    void wake() noexcept override { ::sem_post(&semaphore_); }

private:
    sem_t semaphore_;
};

}  // namespace parley::runtime
