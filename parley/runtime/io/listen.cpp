#include <parley/runtime/io/listen.hpp>

#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/socket_path.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace parley::runtime {
namespace {

UniqueFd connect_unix(const sockaddr_un& address) {
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) return fd;
    const void* raw = &address;
    if (::connect(fd.get(), static_cast<const sockaddr*>(raw), sizeof address) != 0) return {};
    return fd;
}

bool is_socket(const std::string& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

Result<UniqueFd, StartError> listen_tcp(const Endpoint& endpoint, int backlog) {
    const auto failed = [&] {
        return std::unexpected{start_error("listen on", endpoint.to_string(), errno)};
    };
    const bool v4 = endpoint.address.is_v4();
    UniqueFd fd{::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) return failed();
    const int on = 1;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed();
    if (!v4 && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        return failed();
    }
    const auto address = to_asio(endpoint);
    if (::bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) {
        return failed();
    }
    if (::listen(fd.get(), backlog) != 0) return failed();
    return fd;
}

Endpoint local_endpoint(int fd) {
    boost::asio::ip::tcp::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (::getsockname(fd, endpoint.data(), &size) != 0) return {};
    endpoint.resize(size);
    return from_asio(endpoint);
}

Result<UniqueFd, StartError> listen_unix(const std::string& path, int backlog) {
    const auto failed = [&](int error) {
        return std::unexpected{start_error("listen on", path, error)};
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    static_assert(sizeof address.sun_path > SocketPath::bytes_max);
    const auto near = socket_path(path);
    if (near.error != 0) return failed(near.error);
    std::ranges::copy(near.path, address.sun_path);
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) return failed(errno);
    // Before bind: the file is never open to others, not even for a moment.
    if (::fchmod(fd.get(), 0600) != 0) return failed(errno);
    const void* raw = &address;
    const auto bind = [&] {
        return ::bind(fd.get(), static_cast<const sockaddr*>(raw), sizeof address) == 0 ? 0 : errno;
    };
    int error = bind();
    if (error == EADDRINUSE && is_socket(path)) {
        if (connect_unix(address)) return failed(EADDRINUSE);
        if (errno == ECONNREFUSED && ::unlink(path.c_str()) == 0) error = bind();
    }
    if (error != 0) return failed(error);
    if (::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), backlog) != 0) return failed(errno);
    return fd;
}

}  // namespace parley::runtime
