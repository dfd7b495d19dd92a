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
#include <span>

namespace parley::runtime {

/// One to be sent.
struct OutgoingDatagram {
    Endpoint to;
    /// Of this machine; unspecified, or one that it no longer has: the system chooses.
    IpAddress from;
    Bytes bytes;
};

/// What became of those that were to be sent.
struct SendResult {
    std::size_t sent = 0;
    std::size_t no_room = 0;  ///< in the system's buffer: lost, as datagrams are
    std::size_t refused = 0;  ///< by the system: no route, a firewall of this machine
    int error = 0;            ///< errno of the last of these
    Endpoint refused_to;      ///< where that one was to go
};

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
    /// Whether it takes what is sent to any address of this machine.
    bool is_wildcard() const { return local_.address.is_unspecified(); }
    /// Appends the datagrams that wait, at most batch_max, those of a wildcard socket with the
    /// address that each was sent to. True if there may be more.
    bool receive(DatagramBatch& out);
    /// Sends them in order. Precondition: all are of the socket's family.
    SendResult send(std::span<const OutgoingDatagram> datagrams);
    /// Sends those of the socket's family, from the address that the system chooses.
    SendResult send(const DatagramBatch& batch);

private:
    struct Headers;
    DatagramSocket(UniqueFd fd, const Endpoint& local);
    SendResult flush(std::span<const OutgoingDatagram> datagrams);

    UniqueFd fd_;
    Endpoint local_;
    std::unique_ptr<Headers> in_, out_;
};

}  // namespace parley::runtime
