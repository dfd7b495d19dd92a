// For tests: a GET as a program that scrapes sends it.
#pragma once

#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <string>
#include <string_view>

namespace parley::runtime {

/// The whole answer, with its header.
inline std::string http_get(const Endpoint& endpoint, std::string_view path,
                            std::string_view host = "localhost", std::string_view method = "GET") {
    const UniqueFd fd{
        ::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval patience{20, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto address = to_asio(endpoint);
    REQUIRE(::connect(fd.get(), address.data(), static_cast<socklen_t>(address.size())) == 0);
    const std::string request = std::string{method} + " " + std::string{path} +
                                " HTTP/1.1\r\nHost: " + std::string{host} +
                                "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    REQUIRE(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    std::string out;
    std::array<char, 4096> buffer;
    while (true) {
        const auto got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) return out;
        out.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace parley::runtime
