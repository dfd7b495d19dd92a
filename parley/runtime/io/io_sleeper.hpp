// IoSleeper: the Sleeper of a node's thread that serves the sockets itself: it sleeps in their
// io_context, and other threads wake it by an eventfd.
// Threading: as Sleeper says.
#pragma once

#include <parley/runtime/io/io_thread.hpp>
#include <parley/runtime/io/sleeper.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace parley::runtime {

class IoSleeper final : public Sleeper {
public:
    /// `io` was not started, and outlives this. Throws std::system_error if there is no eventfd.
    explicit IoSleeper(IoThread& io);

    void sleep_until(Instant deadline) override { io_.sleep_until(deadline); }
    void wake() noexcept override;

private:
    void await();

    IoThread& io_;
    boost::asio::posix::stream_descriptor event_;
};

}  // namespace parley::runtime
