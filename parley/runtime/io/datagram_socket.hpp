// DatagramSocket: a non-blocking UDP socket that reads and writes many datagrams with one system
// call (recvmmsg, sendmmsg).
// Threading: one thread receives, and one (the same or another) sends.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/start_error.hpp>

#include <cstddef>
#include <memory>

namespace parley::runtime {

class DatagramSocket {
public:
    /// Most datagrams that one call reads.
    static constexpr std::size_t batch_max = 64;
    /// Longer datagrams are dropped when they come. discovery v5 sends at most 1280 bytes.
    static constexpr std::size_t size_bytes_max = 1500;

    /// Port 0: the system chooses. An IPv6 socket takes no IPv4. The error names the endpoint, and
    /// why it cannot be bound.
    static Result<DatagramSocket, StartError> bind(const Endpoint& endpoint);
    DatagramSocket(DatagramSocket&&) noexcept;
    DatagramSocket& operator=(DatagramSocket&&) noexcept;
    ~DatagramSocket();

    int fd() const { return fd_.get(); }
    /// The endpoint that it is bound to, with the port that the system chose.
    const Endpoint& local() const { return local_; }
    /// Appends the datagrams that wait, at most batch_max. True if there may be more.
    bool receive(DatagramBatch& out);
    /// Sends the datagrams to addresses of the socket's family, in order, and skips the others.
    /// Those that the system has no room for, or no route to, are lost, as datagrams are. Returns
    /// how many the system took.
    std::size_t send(const DatagramBatch& batch);

private:
    struct Headers;
    DatagramSocket(UniqueFd fd, const Endpoint& local);

    UniqueFd fd_;
    Endpoint local_;
    std::unique_ptr<Headers> in_, out_;
};

}  // namespace parley::runtime
