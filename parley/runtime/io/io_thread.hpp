// IoThread: sockets and their links. It reads, feeds the links, seals what they have to say,
// writes, keeps their timers, and exchanges batches with the node's thread.
//
// One turn: take what the node left; fire timers; read once from every socket that has something;
// then, for every connection that was touched, write what its link wants to say; hand all events
// to the node at once; sleep until something happens. So commands, credit and answers that belong
// together leave in one frame and one system call.
//
// Reading and writing are reactor style: no buffer belongs to an idle link. All sockets share one
// buffer for reading; a block for writing is lent to a connection while its socket is full.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/events/log.hpp>
#include <parley/runtime/io/dialer.hpp>
#include <parley/runtime/io/io_batches.hpp>
#include <parley/runtime/io/io_link.hpp>
#include <parley/runtime/io/node_inbox.hpp>
#include <parley/runtime/io/timer_heap.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace parley::runtime {

struct IoConfig {
    transport::LinkConfig link;
    DialerConfig dialer;
    std::size_t inbound_bytes_max = 32U << 20;  ///< handed to the node and not dealt with
    std::size_t read_bytes = 256U << 10;        ///< one read; the buffer of the thread
    std::size_t lingering_max = 256;            ///< closed links whose last bytes still leave
};

class IoThread {
public:
    /// Everything referenced outlives the thread.
    IoThread(std::size_t index, const IoConfig& config, NodeInbox& inbox, EntropySource& entropy);
    ~IoThread();
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;

    void start();
    // Or, instead of it, all on the node's thread:
    void turn(Now now);
    /// Returns when a turn has something to do, after any work of context(), or at `deadline`.
    void sleep_until(Instant deadline);
    /// Turns until finish() is served.
    void run();

    // For the node's thread.
    /// Returns an empty vector with room, for the next effects.
    std::vector<transport::SwitchEffect> push(EffectBatch batch);
    void push(Admitted admitted);
    /// The node dealt with a batch of LinkEventBatch::bytes.
    void batch_done(std::size_t bytes);
    /// Lets the last bytes of closed links leave, until `deadline`; then the thread ends.
    void finish(Instant deadline);
    void join();

    /// For those that wait on other sockets on this thread.
    boost::asio::io_context& context() { return context_; }

private:
    struct Mail {
        std::vector<EffectBatch> effects;
        std::vector<Admitted> admitted;
    };

    // io_thread.cpp: the thread and its turns
    void take_mail(Now now);
    void recycle(std::vector<transport::SwitchEffect> effects);
    void fire_timers(Now now);
    void take_dialed(Now now);
    void read_ready(Now now);
    void settle_dirty(Now now);
    void hand_over();
    void bury();
    bool anything_to_do();
    bool may_read() const { return handed_over_bytes_.load() < config_.inbound_bytes_max; }
    void wake_if_asleep();

    // io_links.cpp: one connection
    void admit(Now now, Admitted admitted);
    void connected(Now now, Dialer::Connected dialed);
    void command(Now now, transport::CommandLink& command);
    void begin_link(IoLink& connection);
    void read(Now now, IoLink& connection);
    void settle(Now now, IoLink& connection);
    void write(Now now, IoLink& connection);
    bool send(Now now, IoLink& connection);
    void begin_end(Now now, IoLink& connection);
    void on_socket_end(Now now, IoLink& connection, transport::CloseReason why);
    void timer(Now now, IoLink& connection);
    void update_timer(Now now, IoLink& connection);
    void await_more(IoLink& connection);
    void await_readable(IoLink& connection);
    void await_writable(IoLink& connection);
    void note_events(const IoLink& connection);
    void mark_ready(IoLink& connection);
    void mark_dirty(IoLink& connection);
    void end(IoLink& connection);
    IoLink* find(transport::LinkId id);
    IoLink& add(transport::LinkId id, boost::asio::ip::tcp::socket socket);
    OutputBlock take_block();
    void give_back(OutputBlock block);

    IoConfig config_;
    NodeInbox& inbox_;
    EntropySource& entropy_;

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;

    std::mutex mail_mutex_;
    Mail mail_;
    std::vector<std::vector<transport::SwitchEffect>> spare_effects_;  // under mail_mutex_, too
    std::atomic<bool> mail_waits_{false};
    std::atomic<bool> asleep_{false};
    std::atomic<std::size_t> handed_over_bytes_{0};
    std::atomic<Instant> finish_by_{never};

    Dialer dialer_;
    std::unordered_map<transport::LinkId, std::unique_ptr<IoLink>> connections_;
    std::vector<std::unique_ptr<IoLink>> graveyard_;
    std::vector<IoLink*> ready_;
    std::vector<IoLink*> dirty_;
    TimerHeap timers_;
    bool expects_more_ = false;  // of a stream, in this turn
    IoLink* found_last_ = nullptr;
    std::size_t lingering_ = 0;
    LinkEventBatch batch_;
    std::size_t index_;
    std::size_t read_bytes_;  // at a time
    std::vector<OutputBlock> spare_blocks_;
    std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace parley::runtime
