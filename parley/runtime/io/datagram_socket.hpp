// DatagramSocket: a UDP socket that reads and writes many datagrams with one system call.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/start_error.hpp>

#include <cstddef>
#include <memory>

namespace parley::runtime {

/// Non-blocking. Threading: one thread receives, and one (the same or another) sends.
class DatagramSocket {
public:
    /// What one call reads at most.
    static constexpr std::size_t batch_max = 64;
    /// Longer ones are dropped as they come. No protocol here sends any of above 1280 bytes.
    static constexpr std::size_t size_bytes_max = 1500;

    /// Port 0: the system chooses. IPv6 means IPv6 alone.
    static Result<DatagramSocket, StartError> bind(const Endpoint& endpoint);
    DatagramSocket(DatagramSocket&&) noexcept;
    DatagramSocket& operator=(DatagramSocket&&) noexcept;
    ~DatagramSocket();

    int fd() const { return fd_.get(); }
    const Endpoint& local() const { return local_; }
    /// Appends what waits, at most batch_max. True if there may be more.
    bool receive(DatagramBatch& out);
    /// Sends those to addresses of its own family, in order. What the system has no room for, or no
    /// way to, is lost, as datagrams are. Returns how many were taken.
    std::size_t send(const DatagramBatch& batch);

private:
    struct Headers;
    DatagramSocket(UniqueFd fd, const Endpoint& local);

    UniqueFd fd_;
    Endpoint local_;
    std::unique_ptr<Headers> in_, out_;
};

}  // namespace parley::runtime
