#include <parley/runtime/nat/ask_router.hpp>

#include <parley/nat/nat_pmp.hpp>
#include <parley/nat/pcp_ask.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/io/source_address.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/nat/default_router.hpp>

#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace parley::runtime {

using nat::MappingErrc;
using nat::MappingError;
using nat::MappingMethod;
using nat::MappingRequest;
using nat::MappingResult;
using nat::NatPmpAsk;
using nat::PcpAsk;

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

template <class Ask>
MappingResult drive(Ask ask, int fd) {
    // What is longer is no reply, and is cut.
    std::array<std::byte, nat::pcp_bytes_max + 1> datagram{};
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

using SocketAddress = boost::asio::ip::tcp::endpoint;

std::optional<SocketAddress> find_router(bool v4) {
    const auto found = default_router(v4);
    if (!found) return std::nullopt;
    auto out = to_asio({found->address, nat::router_port});
    if (v4) return out;
    auto address = out.address().to_v6();
    address.scope_id(::if_nametoindex(found->network.c_str()));
    out.address(address);
    return out;
}

}  // namespace

RouterAsker::RouterAsker(const RouterConfig& config)
    : listener_(config.listener),
      router_(config.router),
      upnp_(config.upnp_description, config.listener.is_v4()) {
    OsEntropy{}.fill(nonce_);
}

MappingResult RouterAsker::ask(const MappingRequest& request) {
    auto own = std::optional{listener_};
    // It may change while the node runs.
    if (!own->is_v4() && own->is_unspecified()) own = guessed_address({listener_, 0}, false);
    if (!own) return failed(MappingErrc::io, "this machine has no public IPv6 address");
    return request.method == MappingMethod::upnp ? upnp_.ask(request, *own)
                                                 : ask_by_datagrams(request, *own);
}

MappingResult RouterAsker::ask_by_datagrams(const MappingRequest& request,
                                            const IpAddress& own) const {
    const auto router = router_ ? std::optional{to_asio(*router_)} : find_router(own.is_v4());
    if (!router) return failed(MappingErrc::no_router, "there is no default router");
    const UniqueFd fd{::socket(own.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!fd) return failed(MappingErrc::io, std::strerror(errno));
    // A pinhole is opened for the address that asks.
    const auto from = to_asio({own, 0});
    if (::bind(fd.get(), from.data(), static_cast<socklen_t>(from.size())) != 0) {
        return failed(MappingErrc::io,
                      "cannot ask from " + own.to_string() + ": " + std::strerror(errno));
    }
    // Connected: datagrams of others are not received, and a closed port is reported as an error.
    if (::connect(fd.get(), router->data(), static_cast<socklen_t>(router->size())) != 0) {
        return failed(MappingErrc::no_router, std::strerror(errno));
    }
    if (request.method == MappingMethod::nat_pmp) return drive(NatPmpAsk{request}, fd.get());
    return drive(PcpAsk{request, local_endpoint(fd.get()).address, nonce_}, fd.get());
}

}  // namespace parley::runtime
