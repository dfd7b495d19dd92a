#include <parley/runtime/io/listener.hpp>

#include <parley/runtime/io/asio_endpoint.hpp>

#include <sys/socket.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace parley::runtime {

Listener::Alarm::Alarm(Listener& l)
    : listener(l), timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (!timer) throw std::system_error{errno, std::generic_category(), "timerfd_create"};
}

void Listener::Alarm::set(std::chrono::milliseconds after) {
    itimerspec at{};
    at.it_value.tv_nsec = std::chrono::nanoseconds{after}.count();
    (void)::timerfd_settime(timer.get(), 0, &at, nullptr);
}

void Listener::Alarm::on_ready(Poller::Ready ready) {
    if (ready.readable) listener.accept_waiting();
}

Listener::Listener(Poller& poller, UniqueFd socket, std::size_t index, NodeInbox& inbox, Log& log)
    : poller_(poller),
      socket_(std::move(socket)),
      retry_(*this),
      index_(index),
      inbox_(inbox),
      log_(log) {}

Listener::~Listener() {
    stop();
}

void Listener::start() {
    if (!poller_.add(socket_.get(), *this) || !poller_.add(retry_.timer.get(), retry_)) {
        throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
    }
}

void Listener::stop() {
    if (!socket_) return;
    poller_.remove(socket_.get(), *this);
    poller_.remove(retry_.timer.get(), retry_);
    socket_ = {};
}

void Listener::decided(std::size_t count) {
    undecided_ -= count;
    if (paused_.exchange(false)) poller_.post([this] { accept_waiting(); });
}

void Listener::close() {
    poller_.post([this] { stop(); });
}

void Listener::accept_waiting() {
    if (!socket_) return;
    std::vector<Accepted> accepted;
    bool more = true;
    while (more && undecided_ + accepted.size() < undecided_max) more = accept_one(accepted);
    undecided_ += accepted.size();
    if (!accepted.empty()) inbox_.push(std::move(accepted));
    if (!more) return;
    // Full. The node may have decided meanwhile, and not have seen that it should say so.
    paused_ = true;
    if (undecided_ < undecided_max && paused_.exchange(false)) {
        poller_.post([this] { accept_waiting(); });
    }
}

bool Listener::accept_one(std::vector<Accepted>& accepted) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* const raw = reinterpret_cast<sockaddr*>(&from);
    UniqueFd socket{::accept4(socket_.get(), raw, &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (socket) {
        complained_ = false;
        const auto remote = endpoint_of(raw);
        if (remote) accepted.push_back({std::move(socket), *remote, index_});
        return true;
    }
    const int error = errno;
    switch (error) {
        case EAGAIN:
            return false;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            retry_later(error);
            return false;
        default:
            return true;  // that caller is gone (accept(2) names what may be passed on)
    }
}

// Descriptors or memory are short: the callers wait in the backlog, and the links that live are
// served on.
void Listener::retry_later(int error) {
    if (!std::exchange(complained_, true)) {
        log_.write(LogLevel::warn, "listener", "cannot accept",
                   {{"error", std::generic_category().message(error)}});
    }
    retry_.set(std::chrono::milliseconds{100});
}

}  // namespace parley::runtime
