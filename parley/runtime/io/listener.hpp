// Listener: accepts TCP connections and asks the node about each, since only its Switch knows
// whether there is a slot. Bounds: undecided_max connections that the node has not decided on.
// Further callers wait in the backlog of the system. Threading: `decided` and `close` from any
// thread; the rest runs on the poller's.
#pragma once

#include <parley/events/log.hpp>
#include <parley/runtime/io/node_inbox.hpp>
#include <parley/runtime/io/poller.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace parley::runtime {

class Listener final : public Poller::Watcher {
public:
    static constexpr std::size_t undecided_max = 64;
    static constexpr int backlog = 256;  ///< for listen(2)

    /// `socket` listens already. `index` comes back in Accepted::listener. Everything referenced
    /// outlives this. Throws std::system_error if the system has no descriptor left.
    Listener(Poller& poller, UniqueFd socket, std::size_t index, NodeInbox& inbox, Log& log);
    ~Listener() override;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Begins to accept. Before the poller runs.
    void start();
    /// The node has admitted or closed this many.
    void decided(std::size_t count);
    /// Stops accepting, soon; callers may still come.
    void close();
    /// Someone waits.
    void on_ready(Poller::Ready) override { accept_waiting(); }

private:
    /// Rings when accepting is to be tried again.
    struct Alarm final : Poller::Watcher {
        explicit Alarm(Listener& l);
        void on_ready(Poller::Ready ready) override;
        void set(std::chrono::milliseconds after);

        Listener& listener;
        UniqueFd timer;
    };

    void stop();
    void accept_waiting();
    /// False if none waits, or the system is short of descriptors or memory.
    bool accept_one(std::vector<Accepted>& accepted);
    void retry_later(int error);

    Poller& poller_;
    UniqueFd socket_;  // none once closed
    Alarm retry_;
    std::size_t index_;
    NodeInbox& inbox_;
    Log& log_;
    std::atomic<std::size_t> undecided_{0};
    std::atomic<bool> paused_{false};
    bool complained_ = false;
};

}  // namespace parley::runtime
