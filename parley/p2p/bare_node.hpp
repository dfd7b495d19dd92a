// BareNode: a Switch and the modules that it is given, nothing else: no discovery, no chain. For
// programs that know whom to dial, for benchmarks and for tests.
// Threading: the node's thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/events/hub.hpp>
#include <parley/p2p/core.hpp>
#include <parley/transport/switch/switch.hpp>

#include <utility>
#include <vector>

namespace parley::p2p {

class BareNode final : public NodeCore {
public:
    /// `key`, `modules` and `log` outlive it.
    BareNode(const transport::SwitchConfig& config, const NodeKey& key, transport::Hello hello,
             std::vector<transport::PeerHandler*> modules, Log& log, Rng rng)
        : links_(config, key, std::move(hello), std::move(modules), hub_, jobs_, log, rng) {}

    transport::Switch& links() override { return links_; }
    /// For subscriptions; turn() delivers.
    Hub& hub() { return hub_; }
    /// For work that would block the node's thread.
    JobQueue& jobs() { return jobs_; }
    void on_timer(Now now) override { links_.on_timer(now); }
    Instant next_wakeup() const override { return links_.next_wakeup(); }
    std::vector<Job> take_jobs() override { return jobs_.take(); }
    void finish_job(Job& job, Now now) override { jobs_.finish(job, now); }
    void turn(Now now) override {
        hub_.deliver();
        if (links_.wants_to_end()) begin_shutdown(now);
    }
    void begin_shutdown(Now now) override { links_.shut_down(now); }
    bool is_shut_down() const override { return links_.idle(); }

private:
    Hub hub_;
    JobQueue jobs_{64};
    transport::Switch links_;
};

}  // namespace parley::p2p
