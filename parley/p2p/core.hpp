// NodeCore: a node as those see it who drive it (the runtime with threads and sockets, the
// simulator in virtual time). Threading: one thread at a time.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/transport/switch/switch.hpp>

#include <vector>

namespace parley::p2p {

class NodeCore {
public:
    virtual ~NodeCore() = default;
    /// Where events of links go in and effects come out.
    virtual transport::Switch& links() = 0;
    /// Datagrams that came to the node's UDP ports. None come, and none leave, without a protocol
    /// that uses them.
    virtual void on_datagrams(Now, const DatagramBatch&) {}
    /// Those to be sent, into an empty batch.
    virtual void take_datagrams(DatagramBatch&) {}
    /// The time that next_wakeup() named has come. Earlier calls do no harm.
    virtual void on_timer(Now now) = 0;
    virtual Instant next_wakeup() const = 0;
    /// Work for other threads; each Job comes back by finish_job().
    virtual std::vector<Job> take_jobs() = 0;
    /// A Job was run: hands its outcome to the part that asked for it.
    virtual void finish_job(Job& job, Now now) = 0;
    /// After each batch of inputs: delivers the hub's events.
    virtual void turn(Now now) = 0;
    /// Takes leave of all peers and writes the rest; inputs go on until is_shut_down().
    virtual void begin_shutdown(Now now) = 0;
    /// All links ended and everything is on disk.
    virtual bool is_shut_down() const = 0;
};

}  // namespace parley::p2p
