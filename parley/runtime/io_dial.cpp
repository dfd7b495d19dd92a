// IoThread, the part that makes connections for dials: directly, or through a proxy.
#include <parley/runtime/asio_endpoint.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/io_thread.hpp>

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace parley::runtime {

using boost::asio::ip::tcp;
using transport::Link;
using transport::LinkId;
using transport::Socks5;
using Phase = Connection::Phase;

void IoThread::open(Now now, const transport::OpenLink& open,
                    const std::shared_ptr<const transport::LinkIdentity>& identity) {
    auto& connection = add(open.link);
    connection.dial = std::make_unique<Dialing>();
    connection.dial->target = open.target;
    connection.dial->identity = identity;
    connection.deadline =
        now.instant + (config_.proxy ? config_.proxy_timeout : config_.connect_timeout);
    timers_.set(connection, connection.deadline);
    connect(connection, config_.proxy ? config_.proxy->endpoint : open.target.endpoint);
}

void IoThread::connect(Connection& connection, const Endpoint& to) {
    connection.socket.async_connect(
        to_asio(to), [this, id = connection.id](const boost::system::error_code& error) {
            auto* found = find(id);
            if (!found) return;  // given up meanwhile
            if (config_.proxy) return connected_to_proxy(*found, error);
            if (error) return connect_failed(*found, error.message());
            begin_dialed_link(*found);
        });
}

void IoThread::begin_dialed_link(Connection& connection) {
    timers_.remove(connection);
    connection.deadline = never;
    const auto dial = std::move(connection.dial);
    connection.link.emplace(
        Link::dial(config_.link, dial->identity, dial->target.id, now(), entropy_));
    begin_link(connection);
    await_readable(connection);
}

void IoThread::connect_failed(Connection& connection, std::string why, bool by_proxy) {
    batch_.failed.push_back({connection.id, std::move(why), by_proxy});
    end(connection);
}

/// The time for the connection is up.
void IoThread::dial_timer(Connection& connection) {
    if (!config_.proxy) return connect_failed(connection, "timed out");
    const auto& socks = connection.dial->socks;
    proxy_failed(connection, socks ? "no answer in time" : "timed out", !socks || !socks->asked());
}

// --- Through a proxy -------------------------------------------------------------------------

void IoThread::proxy_failed(Connection& connection, std::string_view why, bool its_own) {
    connect_failed(connection,
                   fmt::format("proxy {}: {}", config_.proxy->endpoint.to_string(), why), its_own);
}

void IoThread::connected_to_proxy(Connection& connection, const boost::system::error_code& error) {
    if (error) return proxy_failed(connection, error.message(), true);
    const auto& target = connection.dial->target;
    connection.dial->socks.emplace(*config_.proxy, target.endpoint, std::string_view{});
    talk_to_proxy(connection);
}

/// Sends what there is to say, then waits for the answer. The messages are so small that there is
/// always room for them in the socket, but nothing hangs on it.
void IoThread::talk_to_proxy(Connection& connection) {
    auto& socks = *connection.dial->socks;
    while (!socks.output().empty()) {
        const Bytes rest = socks.output();
        const auto sent = ::send(connection.socket.native_handle(), rest.data(), rest.size(),
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            socks.sent(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return await_proxy(connection, tcp::socket::wait_write);
        } else if (errno != EINTR) {
            return proxy_failed(connection, std::generic_category().message(errno), true);
        }
    }
    await_proxy(connection, tcp::socket::wait_read);
}

void IoThread::await_proxy(Connection& connection, tcp::socket::wait_type what) {
    connection.socket.async_wait(
        what, [this, id = connection.id, what](const boost::system::error_code& error) {
            auto* found = find(id);
            if (error == boost::asio::error::operation_aborted || !found) return;
            if (what == tcp::socket::wait_read) {
                hear_proxy(*found);
            } else {
                talk_to_proxy(*found);
            }
        });
}

void IoThread::hear_proxy(Connection& connection) {
    auto& socks = *connection.dial->socks;
    while (!socks.done() && socks.output().empty()) {
        std::array<std::byte, Socks5::message_bytes_max> room;
        const auto got = ::recv(connection.socket.native_handle(), room.data(),
                                std::min(room.size(), socks.wanted()), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return await_proxy(connection, tcp::socket::wait_read);
        }
        if (got < 0) return proxy_failed(connection, std::generic_category().message(errno), true);
        if (got == 0) return proxy_failed(connection, message(socks.on_end()), true);
        const auto ok = socks.on_bytes(Bytes{room}.first(static_cast<std::size_t>(got)));
        if (!ok) {
            return proxy_failed(connection, message(ok.error()), is_proxys_own(ok.error().code));
        }
    }
    if (socks.done()) return begin_dialed_link(connection);
    talk_to_proxy(connection);
}

}  // namespace parley::runtime
