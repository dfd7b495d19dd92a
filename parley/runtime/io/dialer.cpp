#include <parley/runtime/io/dialer.hpp>

#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace parley::runtime {

using transport::LinkId;
using transport::Socks5;

namespace {

/// The time of an attempt to which a late timer left nothing.
constexpr Duration attempt_time_min = 1ms;

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

/// A dial under way. Its wake-up is the end of the attempt; before the first, of resolving.
struct Dialer::Dial final : TimerItem, Poller::Watcher {
    Dial(Request r, Dialer& d) : request(std::move(r)), dialer(d) {}
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;
    ~Dial() override { close(); }

    void on_ready(Poller::Ready) override { dialer.on_ready(*this); }
    /// The socket that was connected; nothing waits on it any more.
    UniqueFd take_socket() {
        if (socket) dialer.poller_.remove(socket.get(), *this);
        return std::move(socket);
    }
    void close() { (void)take_socket(); }

    Request request;
    Dialer& dialer;
    UniqueFd socket;
    Instant until{};              // the end of all attempts; before the first, of resolving
    std::vector<Endpoint> left;   // to be tried
    Endpoint at;                  // being tried
    unsigned attempt = 0;         // counts them: 0 while the name is resolved
    std::string why;              // the attempts before failed
    std::optional<Socks5> socks;  // once the proxy is connected
};

Dialer::Dialer(Poller& poller, DialerConfig config) : poller_(poller), config_(std::move(config)) {}
Dialer::~Dialer() = default;

void Dialer::dial(Now now, Request request) {
    const LinkId link = request.link;
    auto& dial =
        *dials_.emplace(link, std::make_unique<Dial>(std::move(request), *this)).first->second;
    const auto& target = dial.request.target;
    dial.until = now.instant + (config_.proxy ? config_.proxy_timeout : config_.connect_timeout);
    // A proxy resolves names by itself: a resolver on the side would learn what we ask for.
    if (!target.host.empty() && !config_.proxy) return resolve(dial);
    dial.left = {target.endpoint};
    if (const auto& other = target.other) {
        const bool first = works_v4_ == other->address.is_v4();
        dial.left.insert(first ? dial.left.begin() : dial.left.end(), *other);
    }
    try_next(now, dial);
}

bool Dialer::give_up(LinkId link) {
    auto* dial = find(link);
    if (dial) fail(*dial, "given up");
    return dial != nullptr;
}

void Dialer::clear() {
    for (auto& [link, dial] : dials_) timers_.remove(*dial);
    dials_.clear();
    outcomes_.clear();
}

void Dialer::on_timer(Now now) {
    while (timers_.next() <= now.instant) {
        auto& dial = static_cast<Dial&>(*timers_.top());
        timers_.remove(dial);
        timed_out(now, dial);
    }
}

std::vector<Dialer::Outcome> Dialer::take_outcomes() {
    return std::exchange(outcomes_, {});
}

// --- One address after the other -------------------------------------------------------------

Dialer::Dial* Dialer::find(LinkId link) {
    const auto found = dials_.find(link);
    return found == dials_.end() ? nullptr : found->second.get();
}

void Dialer::resolve(Dial& dial) {
    timers_.set(dial, dial.until);
    config_.resolver->resolve(dial.request.target.host,
                              [this, link = dial.request.link](Addresses addresses) {
                                  poller_.post([this, link, found = std::move(addresses)] {
                                      if (auto* waiting = find(link)) resolved(*waiting, found);
                                  });
                              });
}

/// Connecting has its full time from here on, however long the name took.
void Dialer::resolved(Dial& dial, const Addresses& addresses) {
    const auto& target = dial.request.target;
    if (!addresses) return fail(dial, target.host + ": " + addresses.error());
    for (const auto& address : in_turns(*addresses)) {
        dial.left.push_back({address, target.endpoint.port});
    }
    const Now time = now();
    dial.until = time.instant + config_.connect_timeout;
    try_next(time, dial);
}

/// Connects to the first of those that are left, for a fair share of the time that is left.
void Dialer::try_next(Now now, Dial& dial) {
    if (dial.left.empty()) return fail(dial, std::move(dial.why));
    const auto share = static_cast<Duration::rep>(dial.left.size());
    dial.at = dial.left.front();
    dial.left.erase(dial.left.begin());
    dial.socks.reset();
    ++dial.attempt;
    timers_.set(dial, now.instant + std::max((dial.until - now.instant) / share, attempt_time_min));
    dial.close();
    if (const int error = connect(dial); error != 0) attempted(dial, error);
}

/// Begins; the poller tells when it is done. An errno if it cannot begin.
int Dialer::connect(Dial& dial) {
    const auto to = to_asio(config_.proxy ? config_.proxy->endpoint : dial.at);
    dial.socket = UniqueFd{
        ::socket(to.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)};
    if (!dial.socket) return errno;
    const int begun = ::connect(dial.socket.get(), to.data(), static_cast<socklen_t>(to.size()));
    if (begun != 0 && errno != EINPROGRESS && errno != EINTR) return errno;
    // Not before: a socket that does not connect counts as hung up.
    return poller_.add(dial.socket.get(), dial) ? 0 : errno;
}

void Dialer::on_ready(Dial& dial) {
    if (dial.socks) return talk_to_proxy(dial);
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(dial.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    attempted(dial, error);
}

/// `error`: an errno, or 0.
void Dialer::attempted(Dial& dial, int error) {
    const auto why = [&] { return std::generic_category().message(error); };
    if (config_.proxy) {
        if (error != 0) return proxy_failed(now(), dial, why(), true);
        dial.socks.emplace(*config_.proxy, dial.at, dial.request.target.host);
        return talk_to_proxy(dial);
    }
    if (error != 0) return attempt_failed(now(), dial, why());
    succeed(dial);
}

/// The time of an attempt is up, or that of resolving the name.
void Dialer::timed_out(Now now, Dial& dial) {
    if (config_.proxy) {
        const bool asked = dial.socks && dial.socks->asked();
        proxy_failed(now, dial, dial.socks ? "no answer in time" : "timed out", !asked);
    } else if (dial.attempt == 0) {
        fail(dial, dial.request.target.host + ": the name was not resolved in time");
    } else {
        attempt_failed(now, dial, "timed out");
    }
}

void Dialer::attempt_failed(Now now, Dial& dial, std::string_view why) {
    // The endpoint of a target that has only one is in the log line already.
    if (dial.at == dial.request.target.endpoint && dial.left.empty() && dial.why.empty()) {
        dial.why = why;
    } else {
        if (!dial.why.empty()) dial.why += "; ";
        dial.why += fmt::format("{}: {}", dial.at.to_string(), why);
    }
    try_next(now, dial);
}

void Dialer::succeed(Dial& dial) {
    timers_.remove(dial);
    // Where one family leads nowhere, the next dials are not kept waiting by it.
    if (dial.request.target.other && dial.attempt > 1) works_v4_ = dial.at.address.is_v4();
    const LinkId link = dial.request.link;
    outcomes_.emplace_back(Connected{std::move(dial.request), dial.take_socket(), dial.at});
    dials_.erase(link);
}

void Dialer::fail(Dial& dial, std::string why, bool by_proxy) {
    timers_.remove(dial);
    const LinkId link = dial.request.link;
    outcomes_.emplace_back(Failed{link, std::move(why), by_proxy});
    dials_.erase(link);
}

// --- Through a proxy -------------------------------------------------------------------------

void Dialer::proxy_failed(Now now, Dial& dial, std::string_view why, bool its_own) {
    auto text = fmt::format("proxy {}: {}", config_.proxy->endpoint.to_string(), why);
    if (its_own) return fail(dial, std::move(text), true);
    attempt_failed(now, dial, text);
}

/// Sends what there is to say and hears what came, until the socket has no room or no more.
void Dialer::talk_to_proxy(Dial& dial) {
    auto& socks = *dial.socks;
    while (!socks.done()) {
        const Bytes says = socks.output();
        std::array<std::byte, Socks5::message_bytes_max> room;
        const auto moved =
            says.empty()
                ? ::recv(dial.socket.get(), room.data(), std::min(room.size(), socks.wanted()),
                         MSG_DONTWAIT)
                : ::send(dial.socket.get(), says.data(), says.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (moved < 0) {
            return proxy_failed(now(), dial, std::generic_category().message(errno), true);
        }
        const auto size = static_cast<std::size_t>(moved);
        if (!says.empty()) {
            socks.sent(size);
            continue;
        }
        if (size == 0) return proxy_failed(now(), dial, message(socks.on_end()), true);
        if (const auto ok = socks.on_bytes(Bytes{room}.first(size)); !ok) {
            return proxy_failed(now(), dial, message(ok.error()), is_proxys_own(ok.error().code));
        }
    }
    succeed(dial);
}

}  // namespace parley::runtime
