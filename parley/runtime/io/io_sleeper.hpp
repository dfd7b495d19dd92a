// IoSleeper: the Sleeper of a node's thread that serves the sockets itself: it sleeps where they
// are waited for. Threading: as Sleeper says.
#pragma once

#include <parley/runtime/io/io_thread.hpp>
#include <parley/runtime/io/sleeper.hpp>

namespace parley::runtime {

class IoSleeper final : public Sleeper {
public:
    /// `io` was not started, and outlives this.
    explicit IoSleeper(IoThread& io) : io_(io) {}

    void sleep_until(Instant deadline) override { io_.sleep_until(deadline); }
    void wake() noexcept override { io_.poller().wake(); }

private:
    IoThread& io_;
};

}  // namespace parley::runtime
