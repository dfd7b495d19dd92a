// Blocking TCP sockets on the loopback, for the bare programs.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstdint>

namespace parley::bench {

class Socket {
public:
    explicit Socket(int fd) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Socket& operator=(Socket&&) = delete;
    ~Socket();
    int fd() const { return fd_; }
    /// Throws on any failure or early end.
    void write_all(Bytes bytes);
    void read_all(MutableBytes bytes);
    /// At least one byte; 0 at the end.
    std::size_t read_some(MutableBytes bytes);

private:
    int fd_;
};

class Listener {
public:
    Listener();
    std::uint16_t port() const { return port_; }
    Socket accept();
    int fd() const { return socket_.fd(); }

private:
    Socket socket_;
    std::uint16_t port_ = 0;
};

Socket connect_to(std::uint16_t port);

}  // namespace parley::bench
