#include "sockets.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <stdexcept>

namespace parley::bench {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

Socket with_no_delay(int fd) {
    if (fd < 0) throw std::runtime_error{"socket failed"};
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // As links do inside one machine: pacing (BBR) would make the limit lower than it is.
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    return Socket{fd};
}

}  // namespace

Socket::~Socket() {
    if (fd_ >= 0) close(fd_);
}

void Socket::write_all(Bytes bytes) {
    while (!bytes.empty()) {
        const auto n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) throw std::runtime_error{"send failed"};
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
}

void Socket::read_all(MutableBytes bytes) {
    while (!bytes.empty()) {
        const auto n = read_some(bytes);
        if (n == 0) throw std::runtime_error{"the stream ended early"};
        bytes = bytes.subspan(n);
    }
}

std::size_t Socket::read_some(MutableBytes bytes) {
    const auto n = recv(fd_, bytes.data(), bytes.size(), 0);
    if (n < 0) throw std::runtime_error{"recv failed"};
    return static_cast<std::size_t>(n);
}

Listener::Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof address;
    auto* raw = std::bit_cast<sockaddr*>(&address);
    if (bind(socket_.fd(), raw, size) != 0 || listen(socket_.fd(), 512) != 0 ||
        getsockname(socket_.fd(), raw, &size) != 0) {
        throw std::runtime_error{"listen failed"};
    }
    port_ = ntohs(address.sin_port);
}

Socket Listener::accept() {
    return with_no_delay(::accept(socket_.fd(), nullptr, nullptr));
}

Socket connect_to(std::uint16_t port) {
    auto address = loopback(port);
    auto socket = with_no_delay(::socket(AF_INET, SOCK_STREAM, 0));
    if (connect(socket.fd(), std::bit_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error{"connect failed"};
    }
    return socket;
}

}  // namespace parley::bench
