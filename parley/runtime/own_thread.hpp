// OwnThread: an adapter that lets a module block. Its handlers run on a thread of its own, so that
// one that sleeps, computes or waits for a disk delays neither another module nor a heartbeat.
//
//     Indexer indexer;                       // a PeerHandler that may block
//     runtime::OwnThread module{indexer};
//     runtime::ModuleHost host{{&module}};   // the host is destroyed first
//
// On that thread the module finds what it finds elsewhere: one call at a time, Contexts whose send,
// penalise and disconnect work, a Network whose broadcast (of the module's own topic) and jobs work
// (jobs run there, after the call). Its hub is private: events of the node stay on the node's
// thread.
//
// Bounds: messages wait for the thread with their credit, so at most a window a peer; of statuses,
// timers and on_writable at most one of each waits a peer; of failed attempts `attempts_max`. What
// the module sends waits for the node within the topic's send budget, then within the lane's.
//
// on_closed() is told before the link's slot returns. Where the module is stuck, the slot returns
// after HeldSlots::hold_max all the same, with a warning; on_closed() is then told later.
//
// An exception of the module is thrown again on the node's thread, where the host's policy for
// modules that throw applies.
//
// Threading: constructed and destroyed by the program, outside run(). The destructor waits for the
// call that is under way.
#pragma once

#include <parley/transport/module.hpp>

#include <cstddef>
#include <memory>

namespace parley::runtime {

class OwnThread final : public transport::PeerHandler {
public:
    static constexpr std::size_t attempts_max = 64;

    /// `module` outlives it; its topic() is asked here, everything else on the new thread.
    explicit OwnThread(transport::PeerHandler& module);
    ~OwnThread() override;
    OwnThread(const OwnThread&) = delete;
    OwnThread& operator=(const OwnThread&) = delete;

    // PeerHandler, as the node sees it
    transport::TopicSpec topic() const override;
    void attached(transport::Network& network) override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    /// What the module said when it was asked last: half a heartbeat ago.
    Buffer status() override;
    void on_attempt_failed(const transport::FailedAttempt& attempt) override;
    Instant next_wakeup() const override;
    void on_timer(Now now) override;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // calls that wait on the node's thread may come back late
};

}  // namespace parley::runtime
