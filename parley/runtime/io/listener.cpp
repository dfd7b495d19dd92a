#include <parley/runtime/io/listener.hpp>

#include <parley/runtime/io/asio_endpoint.hpp>

#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace parley::runtime {

using boost::asio::ip::tcp;

Listener::Listener(boost::asio::io_context& context, UniqueFd socket, std::size_t index,
                   NodeInbox& inbox, Log& log)
    : context_(context),
      acceptor_(context),
      retry_(context),
      index_(index),
      inbox_(inbox),
      log_(log) {
    acceptor_.assign(tcp::v4(), socket.release());  // the family only matters to Asio's own open
}

void Listener::decided(std::size_t count) {
    undecided_ -= count;
    if (paused_.exchange(false)) boost::asio::post(context_, [this] { accept_waiting(); });
}

void Listener::close() {
    boost::asio::post(context_, [this] {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        retry_.cancel();
    });
}

void Listener::await() {
    acceptor_.async_wait(tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
        if (!error) accept_waiting();
    });
}

void Listener::accept_waiting() {
    if (!acceptor_.is_open()) return;
    std::vector<Accepted> accepted;
    bool more = true;
    while (more && undecided_ + accepted.size() < undecided_max) more = accept_one(accepted);
    undecided_ += accepted.size();
    if (!accepted.empty()) inbox_.push(std::move(accepted));
    if (!more) return;
    // Full. The node may have decided meanwhile, and not have seen that it should say so.
    paused_ = true;
    if (undecided_ < undecided_max && paused_.exchange(false)) await();
}

bool Listener::accept_one(std::vector<Accepted>& accepted) {
    tcp::endpoint remote;
    auto size = static_cast<socklen_t>(remote.capacity());
    UniqueFd socket{
        ::accept4(acceptor_.native_handle(), remote.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (socket) {
        complained_ = false;
        remote.resize(size);
        accepted.push_back({std::move(socket), from_asio(remote), index_});
        return true;
    }
    const int error = errno;
    switch (error) {
        case EAGAIN:
            await();
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
    retry_.expires_after(std::chrono::milliseconds{100});
    retry_.async_wait([this](const boost::system::error_code& stopped) {
        if (!stopped) accept_waiting();
    });
}

}  // namespace parley::runtime
