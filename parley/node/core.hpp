// NodeCore: what a driver needs of a node. The runtime drives one over sockets; benchmarks drive
// one that is no more than a Switch. Threading: every call happens on the node's thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/time.hpp>
#include <parley/transport/switch.hpp>

#include <vector>

namespace parley::node {

struct NodeCore {
    virtual ~NodeCore() = default;

    /// The driver feeds it accepts and events, and executes its effects.
    virtual transport::Switch& links() = 0;

    /// Everything whose time has come, the links' timers included.
    virtual void on_timer(Now now) = 0;
    virtual Instant next_wakeup() const = 0;

    /// Slow work to run elsewhere; each comes back once through finish_job.
    virtual std::vector<Job> take_jobs() = 0;
    virtual void finish_job(Job& job, Now now) = 0;

    /// Called after each batch of inputs, before effects are taken: deliver the hub's events.
    virtual void turn(Now now) = 0;

    /// Say goodbye to all, begin to store what must be stored.
    virtual void begin_shutdown(Now now) = 0;
    /// True when nothing is left to do: the driver may stop.
    virtual bool shut_down() const = 0;
};

}  // namespace parley::node
