// FrameServer: answers frames at a Unix socket, each the size of its bytes in four, then those: for
// a process that serves others of the same user. A connection asks one thing after the other.
//
// Bounded: a frame by request_bytes_max, callers by connections_max, of whom the oldest gives
// way, each silent for idle_max at most. Threading: the handler is called
// on the server's own thread, one frame at a time, and may block: the others wait meanwhile.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/runtime/start_error.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace parley::runtime {

struct FrameServerConfig {
    std::string path;  ///< of the socket, whose mode is 0600
    std::size_t request_bytes_max = std::size_t{1} << 20;
    std::size_t connections_max = 16;
    Duration idle_max = std::chrono::seconds{30};
};

class FrameServer {
public:
    /// The answer to a frame.
    using Handler = std::function<SharedBytes(const SharedBytes& request)>;

    /// Fails if another process listens there, or the file is no socket.
    static Result<std::unique_ptr<FrameServer>, StartError> start(FrameServerConfig config,
                                                                  Handler handler, Log& log);
    /// Waits for the handler; the socket's file is gone then.
    ~FrameServer();
    FrameServer(const FrameServer&) = delete;
    FrameServer& operator=(const FrameServer&) = delete;

private:
    class Impl;
    explicit FrameServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::runtime
