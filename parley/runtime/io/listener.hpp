// Listener: accepts connections and asks the node about each. It holds at most `undecided_max`
// that the node has not decided on; further callers wait in the backlog of the system.
// Threading: `decided` and `close` from any thread; the rest runs on its I/O thread.
#pragma once

#include <parley/events/log.hpp>
#include <parley/runtime/io/node_inbox.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>

namespace parley::runtime {

class Listener {
public:
    static constexpr std::size_t undecided_max = 64;
    static constexpr int backlog = 256;

    /// `socket` listens already. `index` comes back in Accepted::listener.
    Listener(boost::asio::io_context& context, UniqueFd socket, std::size_t index, NodeInbox& inbox,
             Log& log);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Before the I/O thread runs.
    void start() { await(); }
    /// The node let them in or closed them.
    void decided(std::size_t count);
    void close();

private:
    void await();
    void accept_waiting();
    /// False: not now.
    bool accept_one(std::vector<Accepted>& accepted);
    void retry_later(int error);

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer retry_;
    std::size_t index_;
    NodeInbox& inbox_;
    Log& log_;
    std::atomic<std::size_t> undecided_{0};
    std::atomic<bool> paused_{false};
    bool complained_ = false;
};

}  // namespace parley::runtime
