// Listener: accepts TCP connections and asks the node about each, since only its Switch knows
// whether there is a slot. Bounds: undecided_max connections that the node has not decided on.
// Further callers wait in the backlog of the system. Threading: `decided` and `close` from any
// thread; the rest runs on the thread of the context.
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
    static constexpr int backlog = 256;  ///< for listen(2)

    /// `socket` listens already. `index` comes back in Accepted::listener. Everything referenced
    /// outlives this.
    Listener(boost::asio::io_context& context, UniqueFd socket, std::size_t index, NodeInbox& inbox,
             Log& log);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Begins to accept. Before the context runs.
    void start() { await(); }
    /// The node has admitted or closed this many.
    void decided(std::size_t count);
    /// Stops accepting, soon; callers may still come.
    void close();

private:
    void await();
    void accept_waiting();
    /// False if none waits, or the system is short of descriptors or memory.
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
