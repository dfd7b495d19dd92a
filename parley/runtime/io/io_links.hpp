// IoLinks: the links of one I/O thread and their sockets. It reads, feeds the links, writes what
// they have to say and keeps their timers; what they report is appended to a batch for the node.
//
// What the poller reports is only noted, in two lists: links to read from and links to settle. The
// work is done once a turn, so that commands, credit and answers that belong together leave in one
// frame and one system call:
//
//     links.command(now, command);  // for each; also accept() and connect()
//     links.on_timer(now);
//     links.read(now);              // once from every socket that has something
//     links.settle(now);            // for every link that was touched: write, end, next wake-up
//     links.bury();
//
// Bounds: no buffer belongs to an idle link. All sockets share one buffer for reading; a block for
// writing is lent to a link while its socket is full, and a few spare ones are kept. A link writes
// at most 1 MiB in a turn. Closed links whose last bytes still leave are at most lingering_max,
// each for LinkConfig::goodbye_timeout. The number of links is bounded by the node's slots.
//
// Threading: all calls on the poller's thread. The poller does not run any more once this is gone.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/runtime/io/dialer.hpp>
#include <parley/runtime/io/io_batches.hpp>
#include <parley/runtime/io/io_link.hpp>
#include <parley/runtime/io/poller.hpp>
#include <parley/runtime/io/timer_heap.hpp>

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

namespace parley::runtime {

/// Limits of the links of one I/O thread.
struct IoLinksConfig {
    transport::LinkConfig link;
    std::size_t read_bytes = 256U << 10;  ///< most that one read takes; the size of the buffer
    std::size_t lingering_max = 256;      ///< closed links whose last bytes still leave
};

class IoLinks {
public:
    /// Events go to `batch`, which the caller may empty between calls. Everything referenced
    /// outlives this.
    IoLinks(Poller& poller, const IoLinksConfig& config, EntropySource& entropy,
            LinkEventBatch& batch);
    IoLinks(const IoLinks&) = delete;
    IoLinks& operator=(const IoLinks&) = delete;

    /// Begins the link of a caller that was let in.
    void accept(Now now, Admitted admitted);
    /// Begins the link of a dial that is connected.
    void connect(Now now, Dialer::Connected dialed);
    /// Hands a command to its link. False if there is none (any more).
    bool command(Now now, transport::CommandLink& command);
    /// Takes note of what a socket is ready for.
    void note(IoLink& connection, Poller::Ready ready);

    /// The next wake-up of a link; `never` if none is planned.
    Instant next_wakeup() const { return timers_.next(); }
    /// Runs the timers of links that are due.
    void on_timer(Now now);
    /// Reads once from each socket that has bytes, at most IoLinksConfig::read_bytes.
    void read(Now now);
    /// Writes the output of links, as far as their sockets take it, and ends those that closed.
    void settle(Now now);
    /// Frees what ended in this turn; until then pointers to it may be in the lists.
    void bury();
    /// Closes all sockets at once.
    void clear();

    bool wants_to_read() const { return !ready_.empty(); }
    bool wants_to_settle() const { return !dirty_.empty(); }
    /// Whether more of a stream is expected within microseconds. Asked once a turn.
    bool take_expects_more();
    /// Closed links whose last bytes still leave.
    std::size_t lingering() const { return lingering_; }

private:
    // Connections come and go.
    void begin(Now now, IoLink& connection);
    void begin_end(Now now, IoLink& connection);
    void on_socket_end(Now now, IoLink& connection, transport::CloseReason why);
    void end(IoLink& connection);
    IoLink* find(transport::LinkId id);
    IoLink& add(transport::LinkId id, UniqueFd socket);
    void close(IoLink& connection);

    // Reading.
    void read(Now now, IoLink& connection);
    void await_more(IoLink& connection);
    void mark_ready(IoLink& connection);
    void note_events(const IoLink& connection);

    // Writing.
    void settle(Now now, IoLink& connection);
    void write(Now now, IoLink& connection);
    bool send(Now now, IoLink& connection);
    void mark_dirty(IoLink& connection);
    OutputBlock take_block();
    void give_back(OutputBlock block);

    // Timers.
    void timer(Now now, IoLink& connection);
    void update_timer(Now now, IoLink& connection);

    Poller& poller_;
    IoLinksConfig config_;
    EntropySource& entropy_;
    LinkEventBatch& batch_;

    std::unordered_map<transport::LinkId, std::unique_ptr<IoLink>> connections_;
    std::vector<std::unique_ptr<IoLink>> graveyard_;
    std::vector<IoLink*> ready_;
    std::vector<IoLink*> dirty_;
    TimerHeap timers_;
    bool expects_more_ = false;
    IoLink* found_last_ = nullptr;
    std::size_t lingering_ = 0;
    std::vector<OutputBlock> spare_blocks_;
    std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace parley::runtime
