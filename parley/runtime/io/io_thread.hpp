// IoThread: one thread that serves sockets, and its exchange of batches with the node's thread.
// Links (IoLinks) and dials (Dialer) are parts of it; its own are the mail and the turn.
//
// One turn: take what the node left; fire timers; read once from every socket that has something;
// write what the links that were touched want to say; hand all events to the node at once; sleep
// until something happens.
//
// Bounds: see io_batches.hpp for what waits on the way to and from the node, io_links.hpp and
// dialer.hpp for the rest.
//
// Threading: start() makes a thread that turns until finish(). Or the node's thread calls turn()
// and sleep_until() itself, and run() at the end. Each function says which threads may call it.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/runtime/io/dialer.hpp>
#include <parley/runtime/io/io_batches.hpp>
#include <parley/runtime/io/io_links.hpp>
#include <parley/runtime/io/node_inbox.hpp>
#include <parley/runtime/io/poller.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace parley::runtime {

/// Limits of an I/O thread.
struct IoConfig {
    IoLinksConfig links;
    DialerConfig dialer;
    /// Bytes handed to the node that it has not dealt with; at this limit the thread stops reading.
    std::size_t inbound_bytes_max = 32U << 20;
    /// For so long after the last thing that happened it looks for more before it sleeps.
    Duration spin = 0ns;
};

class IoThread {
public:
    /// `index` comes back in LinkEventBatch::source. `inbox`, `entropy` and the resolver outlive
    /// the thread.
    IoThread(std::size_t index, const IoConfig& config, NodeInbox& inbox, EntropySource& entropy);
    /// Ends the thread at once; last bytes that have not left are lost.
    ~IoThread();
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;

    /// Starts the thread. Once, and not together with turn().
    void start();
    /// One turn. On the thread that serves the sockets.
    void turn(Now now);
    /// Writes what the node had to say in this turn, without waiting for the next. On the thread
    /// that serves the sockets.
    void answer(Now now);
    /// Returns when a turn has something to do, after poller().wake(), or at `deadline`. On the
    /// thread that serves the sockets.
    void sleep_until(Instant deadline);
    /// Turns until finish() is served, then closes all sockets. On the thread that serves them.
    void run();

    // From the node's thread:
    /// Leaves effects for the next turn. Returns an empty vector with capacity, for those that
    /// follow.
    std::vector<transport::SwitchEffect> push(EffectBatch batch);
    /// Leaves a caller that was let in. Its link exists before effects that are pushed later, or
    /// wait for the same turn, reach it.
    void push(Admitted admitted);
    /// The node dealt with a batch of LinkEventBatch::bytes.
    void batch_done(std::size_t bytes);
    /// Lets the last bytes of closed links leave, until `deadline`; then the thread ends. Dials
    /// are dropped.
    void finish(Instant deadline);
    /// Waits for the end of a thread that was started.
    void join();

    /// For other sockets that are to be served on this thread. Nothing else waits in it.
    Poller& poller() { return poller_; }

private:
    struct Mail {
        std::vector<EffectBatch> effects;
        std::vector<Admitted> admitted;
    };

    void take_mail(Now now);
    void recycle(std::vector<transport::SwitchEffect> effects);
    void take_dialed(Now now);
    void hand_over();
    bool anything_to_do() const;
    bool spin(Instant deadline);
    bool may_read() const { return handed_over_bytes_.load() < inbound_bytes_max_; }
    void wake_if_asleep();

    std::size_t inbound_bytes_max_;
    NodeInbox& inbox_;

    Poller poller_;
    Instant polled_at_{};
    bool slept_ = false;  // since the last turn, and saw what there was
    Duration spin_;
    std::thread thread_;

    std::mutex mail_mutex_;
    Mail mail_;
    std::vector<std::vector<transport::SwitchEffect>> spare_effects_;  // under mail_mutex_, too
    std::atomic<bool> mail_waits_{false};
    std::atomic<bool> asleep_{false};
    std::atomic<std::size_t> handed_over_bytes_{0};
    std::atomic<Instant> finish_by_{never};

    std::size_t index_;
    LinkEventBatch batch_;
    IoLinks links_;
    Dialer dialer_;
};

}  // namespace parley::runtime
