#include "link_crowd.hpp"
#include <parley/crypto/hash.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace parley::bench {

using transport::CloseReason;
using transport::Link;

namespace {

constexpr std::uint64_t listener_tag = ~std::uint64_t{0};
constexpr Duration timers_interval = 100ms;

void check(bool good, const char* what) {
    if (!good) throw std::runtime_error{std::string{"crowd: "} + what + " failed"};
}

/// 127.1.0.0 and on.
IpAddress address(std::size_t peer) {
    return IpAddress::v4({std::byte{127}, static_cast<std::byte>(1 + (peer >> 16)),
                          static_cast<std::byte>(peer >> 8), static_cast<std::byte>(peer)});
}

std::optional<std::size_t> peer_at(const IpAddress& address) {
    const Bytes bytes = address.bytes();
    const auto n = (std::to_integer<std::size_t>(bytes[1]) << 16) |
                   (std::to_integer<std::size_t>(bytes[2]) << 8) |
                   std::to_integer<std::size_t>(bytes[3]);
    return n >= 65536 ? std::optional{n - 65536} : std::nullopt;
}

void bind_to(int fd, const Endpoint& endpoint) {
    const auto at = runtime::to_asio(endpoint);
    check(::bind(fd, at.data(), static_cast<socklen_t>(at.size())) == 0, "bind");
}

}  // namespace

LinkCrowd::LinkCrowd(std::size_t peers, std::vector<transport::TopicSpec> topics,
                     std::uint64_t network_id, const transport::ForkRules& forks)
    : topics_(std::move(topics)),
      network_id_(network_id),
      forks_(forks),
      peers_(peers),
      scratch_(64U << 10),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    check(epoll_ >= 0, "epoll_create1");
    std::ranges::sort(topics_, {}, &transport::TopicSpec::name);
    keys_.reserve(peers);
    for (std::size_t i = 0; i < peers; ++i) keys_.push_back(key(i));
}

LinkCrowd::~LinkCrowd() {
    for (std::size_t i = 0; i < peers_.size(); ++i) end(i);
    if (listener_ >= 0) ::close(listener_);
    ::close(epoll_);
}

NodeKey LinkCrowd::key(std::size_t peer) {
    return *NodeKey::from_secret(crypto::sha256(bytes_of("crowd " + std::to_string(peer))));
}

Endpoint LinkCrowd::endpoint(std::size_t peer, std::uint16_t port) {
    return {address(peer), port};
}

const std::shared_ptr<const transport::LinkIdentity>& LinkCrowd::identity(std::size_t peer) {
    auto& out = peers_[peer].identity;
    if (out) return out;
    transport::Hello hello{EnrBuilder{1}.sign(keys_[peer]).value()};
    hello.client = "crowd";
    hello.network_id = network_id_;
    hello.genesis = forks_.genesis;
    hello.fork = transport::fork_id(forks_);
    hello.roles = transport::role::full;
    for (const auto& topic : topics_) {
        hello.topics.push_back(
            {topic.name, topic.version, topic.window_bytes, topic.message_bytes_max});
    }
    out = std::make_shared<transport::LinkIdentity>(
        transport::LinkIdentity{&keys_[peer], std::move(hello), topics_});
    return out;
}

// --- Connections -----------------------------------------------------------------------------

std::uint16_t LinkCrowd::listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(listener_ >= 0, "socket");
    bind_to(listener_, {IpAddress::v4({}), 0});
    check(::listen(listener_, 4096) == 0, "listen");
    epoll_event event{.events = EPOLLIN, .data = {.u64 = listener_tag}};
    check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) == 0, "epoll_ctl");
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size);
    return ntohs(bound.sin_port);
}

void LinkCrowd::accept_all() {
    for (;;) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        sockaddr_storage local{};
        socklen_t size = sizeof local;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
        const auto to = runtime::address_of(reinterpret_cast<const sockaddr*>(&local));
        const auto peer = to ? peer_at(*to) : std::nullopt;
        if (!peer || *peer >= peers_.size() || busy(*peer)) {
            ::close(fd);
            continue;
        }
        attach(*peer, fd, Link::accept({}, identity(*peer), runtime::now(), entropy_));
    }
}

void LinkCrowd::dial(std::size_t peer, const Target& target) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(fd >= 0, "socket");
    bind_to(fd, endpoint(peer, 0));
    const auto to = runtime::to_asio(target.endpoint);
    if (::connect(fd, to.data(), static_cast<socklen_t>(to.size())) != 0 && errno != EINPROGRESS) {
        ::close(fd);
        ++failed_;
        return;
    }
    attach(peer, fd, Link::dial({}, identity(peer), target.id, runtime::now(), entropy_));
    peers_[peer].dialed = true;
    settle(peer);
}

void LinkCrowd::dial_missing(const Target& target, std::size_t at_a_time, Duration time) {
    std::size_t under_way = 0;
    for (std::size_t i = 0; i < peers_.size() && under_way < at_a_time; ++i) {
        if (up(i)) continue;
        ++under_way;
        if (!busy(i)) dial(i, target);
    }
    run_for(time);
}

void LinkCrowd::attach(std::size_t peer, int fd, Link link) {
    Peer& p = peers_[peer];
    p.fd = fd;
    p.link.emplace(std::move(link));
    p.out.clear();
    p.out_sent = 0;
    p.awaits_writable = p.up = p.dialed = false;
    epoll_event event{.events = EPOLLIN, .data = {.u64 = peer}};
    check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

void LinkCrowd::watch(std::size_t peer, bool writable) {
    if (std::exchange(peers_[peer].awaits_writable, writable) == writable) return;
    epoll_event event{.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.u64 = peer}};
    check(::epoll_ctl(epoll_, EPOLL_CTL_MOD, peers_[peer].fd, &event) == 0, "epoll_ctl");
}

void LinkCrowd::end(std::size_t peer) {
    Peer& p = peers_[peer];
    if (p.fd < 0) return;
    ::close(std::exchange(p.fd, -1));
    p.link.reset();
    Buffer{}.swap(p.out);
    if (std::exchange(p.up, false)) {
        --up_;
    } else {
        ++failed_;
    }
}

void LinkCrowd::vanish(std::size_t peer) {
    end(peer);
}

void LinkCrowd::hang_up(std::size_t peer) {
    Peer& p = peers_[peer];
    if (!p.link) return;
    p.link->on_command(runtime::now(), transport::Refuse{{CloseReason::requested, {}, {}, {}}},
                       events_);
    settle(peer);
}

void LinkCrowd::send(std::size_t peer, transport::LaneId lane, transport::Code code,
                     Bytes message) {
    Peer& p = peers_[peer];
    if (!p.up) return;
    p.link->on_command(runtime::now(), transport::Send{lane, code, SharedBytes::copy(message)},
                       events_);
    settle(peer);
}

// --- Bytes -----------------------------------------------------------------------------------

void LinkCrowd::read(std::size_t peer) {
    Peer& p = peers_[peer];
    const auto got = ::recv(p.fd, scratch_.data(), scratch_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end(peer);
    p.link->on_bytes(runtime::now(), MutableBytes{scratch_}.first(static_cast<std::size_t>(got)),
                     events_);
    settle(peer);
}

/// What an input led to: events, bytes to write, the end.
void LinkCrowd::settle(std::size_t peer) {
    handle(peer);
    Peer& p = peers_[peer];
    while (p.fd >= 0) {
        if (p.out_sent == p.out.size()) {
            p.out.clear();
            p.out_sent = 0;
            p.link->produce(runtime::now(), p.out, events_);
            handle(peer);
            if (p.out.empty()) break;
        }
        const auto rest = Bytes{p.out}.subspan(p.out_sent);
        const auto sent = ::send(p.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR) return end(peer);
            return watch(peer, true);
        }
        p.out_sent += static_cast<std::size_t>(sent);
    }
    if (p.fd < 0) return;
    if (p.link->closed()) return end(peer);
    Buffer{}.swap(p.out);
    watch(peer, false);
}

void LinkCrowd::handle(std::size_t peer) {
    Peer& p = peers_[peer];
    while (!events_.empty()) {
        // What is done about an event may lead to others, of this peer or another one.
        for (auto& event : std::exchange(events_, {})) {
            if (!p.link) return;
            if (std::holds_alternative<transport::Authenticated>(event)) {
                p.link->on_command(runtime::now(), transport::Proceed{}, events_);
                if (!p.dialed) now_up(p);
            } else if (std::holds_alternative<transport::Up>(event)) {
                now_up(p);
            } else if (auto* delivered = std::get_if<transport::Delivered>(&event)) {
                take(peer, *delivered);
            }
        }
    }
}

void LinkCrowd::now_up(Peer& p) {
    p.up = true;
    ++up_;
}

void LinkCrowd::take(std::size_t peer, transport::Delivered& delivered) {
    delivered.visit([&](const transport::Delivered::Item& item) {
        auto& link = peers_[peer].link;
        if (!link) return false;
        link->on_command(runtime::now(),
                         transport::Consumed{item.lane, transport::credit_cost(item.bytes.size())},
                         events_);
        if (on_message) on_message(peer, item.lane, item.code, item.bytes);
        return true;
    });
}

void LinkCrowd::run_for(Duration time) {
    const Instant until = runtime::monotonic_now() + time;
    std::array<epoll_event, 256> ready;
    for (;;) {
        const Now now = runtime::now();
        if (now.instant >= until) return;
        if (now.instant >= look_at_timers_) {
            look_at_timers_ = now.instant + timers_interval;
            for (std::size_t i = 0; i < peers_.size(); ++i) {
                auto& link = peers_[i].link;
                if (!link || link->next_wakeup() > now.instant) continue;
                link->on_timer(now, events_);
                settle(i);
            }
        }
        const auto wait = std::min(until, look_at_timers_) - now.instant;
        const auto milliseconds =
            static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
        const int n = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                   std::max(0, milliseconds));
        for (int i = 0; i < n; ++i) {
            const auto& event = ready[static_cast<std::size_t>(i)];
            if (event.data.u64 == listener_tag) {
                accept_all();
                continue;
            }
            const auto peer = static_cast<std::size_t>(event.data.u64);
            if (peers_[peer].fd < 0) continue;
            if ((event.events & EPOLLOUT) != 0) settle(peer);
            if (peers_[peer].fd >= 0 && (event.events & ~EPOLLOUT) != 0) read(peer);
        }
    }
}

}  // namespace parley::bench
