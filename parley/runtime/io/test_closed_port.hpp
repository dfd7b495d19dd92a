// For tests: a port where nobody listens, and nobody else can begin to.
#pragma once

#include <parley/identity/endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

namespace parley::runtime::test {

/// Held on all addresses of both families, so that no other process is given it meanwhile.
class ClosedPort {
public:
    ClosedPort() : socket_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int off = 0;
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        socklen_t size = sizeof address;
        auto* plain = reinterpret_cast<sockaddr*>(&address);
        if (::setsockopt(socket_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0 ||
            ::bind(socket_.get(), plain, size) != 0 ||
            ::getsockname(socket_.get(), plain, &size) != 0) {
            throw std::runtime_error{"no port to hold"};
        }
        number_ = ntohs(address.sin6_port);
    }
    std::uint16_t number() const { return number_; }
    Endpoint at(const IpAddress& address) const { return {address, number_}; }

private:
    UniqueFd socket_;
    std::uint16_t number_ = 0;
};

}  // namespace parley::runtime::test
