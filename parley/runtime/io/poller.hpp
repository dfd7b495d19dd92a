// Poller: what a thread that serves sockets sleeps in. It waits for sockets, for a time and for
// other threads, and calls what waits for them (epoll(7) and an eventfd).
//
//     poller.add(socket, echo);  // a Watcher, whose on_ready reads until a read comes short
//     while (!ended) poller.wait(never);
//     poller.remove(socket, echo);  // before either of the two goes
//
// Edge-triggered: a watcher hears once of what a socket became ready for, and again when that
// changes. So nothing is registered anew between messages, and a message costs three system calls:
// the wait, the read and the write. Who leaves something unread remembers it.
//
// Bounds: nothing of its own a socket; calls that were posted wait in a vector, bounded by who
// posts. Threading: wake and post from any thread, wake also from a signal's handler; all else, and
// every call of a watcher, on one thread at a time.
#pragma once

#include <parley/base/time.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace parley::runtime {

class Poller {
public:
    /// What a socket is ready for. An error is reported as both.
    struct Ready {
        bool readable;
        bool writable;
        bool ended;  ///< nothing will follow what can be read
    };
    /// Something that waits for a descriptor. It stays where it is while it is registered.
    class Watcher {
    public:
        virtual ~Watcher() = default;
        virtual void on_ready(Ready ready) = 0;
    };

    /// Throws std::system_error if the system has no descriptor left.
    Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    /// From now on `watcher` hears of `fd`; soon of what that is ready for already. False, with
    /// errno: the system refuses.
    bool add(int fd, Watcher& watcher);
    /// It hears nothing more, not even of what was already seen. Before `fd` is closed.
    void remove(int fd, Watcher& watcher);

    /// Waits until something is ready, for wake() or post(), or until `deadline` (to the
    /// millisecond, never too early), and calls what waits for it. May return for no reason.
    void wait(Instant deadline);
    /// The same without waiting. False: nothing was ready.
    bool poll() { return dispatch(0); }

    /// Makes wait() return. One that comes before the wait counts.
    void wake() noexcept;
    /// Calls `call` in a wait() or poll() to come.
    void post(std::move_only_function<void()> call);

private:
    static constexpr std::size_t events_max = 128;

    bool dispatch(int timeout_ms);
    void run_posted();

    UniqueFd epoll_;
    UniqueFd event_;
    std::array<epoll_event, events_max> events_{};
    std::span<epoll_event> seen_;  // of events_, in the order in which they are reported

    std::mutex mutex_;
    std::vector<std::move_only_function<void()>> posted_;  // under mutex_
    std::atomic<bool> has_posted_ = false;
};

}  // namespace parley::runtime
