#include "crowd.hpp"
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <tools/wan/wan.hpp>

#include <cerrno>
#include <chrono>
#include <deque>
#include <utility>

namespace parley::chaos {

using runtime::UniqueFd;
using Clock = std::chrono::steady_clock;

namespace {

UniqueFd connect_from(const IpAddress& from, const Endpoint& to) {
    UniqueFd fd{
        ::socket(from.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const int on = 1;
    // Ports are counted for each pair of addresses, and a closed connection leaves none behind.
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const auto own = runtime::to_asio({from, 0});
    const auto there = runtime::to_asio(to);
    if (::bind(fd.get(), own.data(), static_cast<socklen_t>(own.size())) != 0) return {};
    (void)::connect(fd.get(), there.data(), static_cast<socklen_t>(there.size()));
    return fd;
}

/// On a loopback device a connection stands at once, or never.
void send_words(const UniqueFd& fd, Bytes words) {
    pollfd ready{fd.get(), POLLOUT, 0};
    if (::poll(&ready, 1, 100) == 1)
        (void)::send(fd.get(), words.data(), words.size(), MSG_NOSIGNAL);
}

bool was_ended(const UniqueFd& fd) {
    char byte = 0;
    const auto got = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

}  // namespace

Crowd::Crowd(CrowdPlan plan, int space)
    : plan_(std::move(plan)), thread_([this, space] { run(space); }) {}

Crowd::~Crowd() {
    over_ = true;
    thread_.join();
}

void Crowd::run(int space) {
    const wan::InNamespace inside{space};
    const auto began = Clock::now();
    std::deque<UniqueFd> open;
    while (!over_) {
        const std::chrono::duration<double> passed = Clock::now() - began;
        if (plan_.per_second > 0 &&
            static_cast<double>(calls_) >= passed.count() * plan_.per_second) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
            continue;
        }
        auto fd = connect_from(plan_.from[calls_ % plan_.from.size()], plan_.to);
        ++calls_;
        if (!fd || plan_.habit == CrowdHabit::leaves) continue;
        if (plan_.habit == CrowdHabit::speaks) send_words(fd, plan_.words);
        open.push_back(std::move(fd));
        if (open.size() <= open_max) continue;
        if (was_ended(open.front())) ++turned_away_;
        open.pop_front();
    }
}

}  // namespace parley::chaos
