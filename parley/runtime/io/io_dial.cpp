// IoThread, the part that makes connections for dials: directly or through a proxy, to one
// address after the other.
#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/io_thread.hpp>

#include <boost/asio/post.hpp>
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
using Phase = IoLink::Phase;

namespace {

/// The families by turns, so that one of them that leads nowhere does not use up all the time; the
/// system's order within each.
std::vector<IpAddress> in_turns(std::vector<IpAddress> addresses) {
    const bool first_v4 = addresses.front().is_v4();
    const auto others = std::ranges::stable_partition(
        addresses, [&](const IpAddress& a) { return a.is_v4() == first_v4; });
    std::vector<IpAddress> out;
    auto one = addresses.begin();
    auto other = others.begin();
    while (one != others.begin() || other != addresses.end()) {
        if (one != others.begin()) out.push_back(*one++);
        if (other != addresses.end()) out.push_back(*other++);
    }
    return out;
}

}  // namespace

void IoThread::open(Now now, const transport::OpenLink& open,
                    const std::shared_ptr<const transport::LinkIdentity>& identity) {
    auto& connection = add(open.link);
    connection.dial = std::make_unique<Dialing>();
    auto& dial = *connection.dial;
    dial.target = open.target;
    dial.identity = identity;
    dial.until = now.instant + (config_.proxy ? config_.proxy_timeout : config_.connect_timeout);
    // A proxy resolves names by itself: what we ask for is nobody else's business.
    if (open.target.host.empty() || config_.proxy) {
        dial.left = {open.target.endpoint};
        if (const auto& other = open.target.other) {
            const bool first = works_v4_ == other->address.is_v4();
            dial.left.insert(first ? dial.left.begin() : dial.left.end(), *other);
        }
        try_next(now, connection);
    } else {
        resolve(connection);
    }
}

void IoThread::resolve(IoLink& connection) {
    timers_.set(connection, connection.dial->until);
    config_.resolver->resolve(
        connection.dial->target.host, [this, id = connection.id](Addresses addresses) {
            boost::asio::post(context_, [this, id, found = std::move(addresses)] {
                if (auto* waiting = find(id)) resolved(*waiting, found);
            });
        });
}

/// Connecting has its time from here on, whatever the name took.
void IoThread::resolved(IoLink& connection, const Addresses& addresses) {
    auto& dial = *connection.dial;
    if (!addresses) {
        return connect_failed(connection, dial.target.host + ": " + addresses.error());
    }
    for (const auto& address : in_turns(*addresses)) {
        dial.left.push_back({address, dial.target.endpoint.port});
    }
    const Now time = now();
    dial.until = time.instant + config_.connect_timeout;
    try_next(time, connection);
}

/// Connects to the first of those that are left, for a fair share of the time that is left.
void IoThread::try_next(Now now, IoLink& connection) {
    auto& dial = *connection.dial;
    if (dial.left.empty()) return connect_failed(connection, std::move(dial.why));
    const auto share = static_cast<Duration::rep>(dial.left.size());
    dial.at = dial.left.front();
    dial.left.erase(dial.left.begin());
    dial.socks.reset();
    ++dial.attempt;
    timers_.set(connection,
                now.instant + std::max(dial.until - now.instant, Duration::zero()) / share);
    boost::system::error_code ignored;
    connection.socket.close(ignored);
    connection.socket.async_connect(
        to_asio(config_.proxy ? config_.proxy->endpoint : dial.at),
        [this, id = connection.id, attempt = dial.attempt](const boost::system::error_code& error) {
            if (auto* found = find_attempt(id, attempt)) connected(*found, error);
        });
}

/// Null if that attempt is over, whatever it still has to say.
IoLink* IoThread::find_attempt(LinkId id, unsigned attempt) {
    auto* connection = find(id);
    const bool same = connection && connection->dial && connection->dial->attempt == attempt;
    return same ? connection : nullptr;
}

void IoThread::connected(IoLink& connection, const boost::system::error_code& error) {
    if (config_.proxy) {
        if (error) return proxy_failed(connection, error.message(), true);
        const auto& dial = *connection.dial;
        connection.dial->socks.emplace(*config_.proxy, dial.at, dial.target.host);
        return talk_to_proxy(connection);
    }
    if (error) return attempt_failed(connection, error.message());
    begin_dialed_link(connection);
}

void IoThread::begin_dialed_link(IoLink& connection) {
    timers_.remove(connection);
    connection.deadline = never;
    const auto dial = std::move(connection.dial);
    // Where one family leads nowhere, the next dials are not kept waiting by it.
    if (dial->target.other && dial->attempt > 1) works_v4_ = dial->at.address.is_v4();
    // Who is asked for by name is known by that name where the proxy resolved it.
    if (dial->at != dial->target.endpoint) batch_.connected.push_back({connection.id, dial->at});
    connection.link.emplace(
        Link::dial(config_.link, dial->identity, dial->target.id, now(), entropy_));
    begin_link(connection);
    await_readable(connection);
}

void IoThread::attempt_failed(IoLink& connection, std::string_view why) {
    auto& dial = *connection.dial;
    // Where there is only one address, everybody knows which.
    if (dial.at == dial.target.endpoint && dial.left.empty() && dial.why.empty()) {
        dial.why = why;
    } else {
        if (!dial.why.empty()) dial.why += "; ";
        dial.why += fmt::format("{}: {}", dial.at.to_string(), why);
    }
    try_next(now(), connection);
}

void IoThread::connect_failed(IoLink& connection, std::string why, bool by_proxy) {
    batch_.failed.push_back({connection.id, std::move(why), by_proxy});
    end(connection);
}

/// The time of an attempt is up, or that of resolving the name.
void IoThread::dial_timer(IoLink& connection) {
    const auto& dial = *connection.dial;
    if (config_.proxy) {
        const bool asked = dial.socks && dial.socks->asked();
        proxy_failed(connection, dial.socks ? "no answer in time" : "timed out", !asked);
    } else if (dial.attempt == 0) {
        connect_failed(connection, dial.target.host + ": the name was not resolved in time");
    } else {
        attempt_failed(connection, "timed out");
    }
}

// --- Through a proxy -------------------------------------------------------------------------

void IoThread::proxy_failed(IoLink& connection, std::string_view why, bool its_own) {
    const auto text = fmt::format("proxy {}: {}", config_.proxy->endpoint.to_string(), why);
    if (its_own) return connect_failed(connection, text, true);
    attempt_failed(connection, text);
}

/// Sends what there is to say, then waits for the answer. The messages are so small that there is
/// always room for them in the socket, but nothing hangs on it.
void IoThread::talk_to_proxy(IoLink& connection) {
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

void IoThread::await_proxy(IoLink& connection, tcp::socket::wait_type what) {
    connection.socket.async_wait(what,
                                 [this, id = connection.id, attempt = connection.dial->attempt,
                                  what](const boost::system::error_code& error) {
                                     auto* found = find_attempt(id, attempt);
                                     if (error == boost::asio::error::operation_aborted || !found)
                                         return;
                                     if (what == tcp::socket::wait_read) {
                                         hear_proxy(*found);
                                     } else {
                                         talk_to_proxy(*found);
                                     }
                                 });
}

void IoThread::hear_proxy(IoLink& connection) {
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
