#include <parley/runtime/nat/ask_router.hpp>

#include <parley/nat/nat_pmp.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/nat/default_router.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace parley::runtime {

using nat::MappingErrc;
using nat::MappingError;
using nat::MappingMethod;
using nat::MappingRequest;
using nat::MappingResult;
using nat::NatPmpAsk;

namespace {

MappingResult failed(MappingErrc code, std::string why) {
    return std::unexpected{MappingError{code, std::move(why)}};
}

/// True when there is something to read by then.
bool wait_readable(int fd, Instant until) {
    const auto left = std::max<Duration>(until - monotonic_now(), 0ns);
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd wait{fd, POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(ms)) == 1;
}

MappingResult drive(NatPmpAsk& ask, int fd) {
    std::array<std::byte, 64> datagram{};  // what is longer is no reply, and is cut
    while (!ask.result()) {
        if (const auto out = ask.output(now())) {
            if (::send(fd, out->data(), out->size(), MSG_NOSIGNAL) < 0) {
                ask.on_unreachable(std::strerror(errno));
            }
            continue;
        }
        if (ask.result() || !wait_readable(fd, ask.next_wakeup())) continue;
        const auto size = ::recv(fd, datagram.data(), datagram.size(), 0);
        if (size < 0) {
            ask.on_unreachable(std::strerror(errno));
        } else {
            ask.on_datagram(Bytes{datagram}.first(static_cast<std::size_t>(size)));
        }
    }
    return *ask.result();
}

}  // namespace

MappingResult RouterAsker::ask(const MappingRequest& request) {
    return request.method == MappingMethod::upnp ? upnp_.ask(request) : ask_nat_pmp(request);
}

MappingResult RouterAsker::ask_nat_pmp(const MappingRequest& request) const {
    auto router = nat_pmp_;
    if (!router) {
        const auto address = default_router();
        if (!address) return failed(MappingErrc::no_router, "there is no default router");
        router = Endpoint{*address, nat::nat_pmp_port};
    }
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!fd) return failed(MappingErrc::io, std::strerror(errno));
    // Connected: datagrams of others are not received, and a closed port is reported as an error.
    const auto address = to_asio(*router);
    if (::connect(fd.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) {
        return failed(MappingErrc::no_router, std::strerror(errno));
    }
    NatPmpAsk ask{request};
    return drive(ask, fd.get());
}

}  // namespace parley::runtime
