// Slow work as an effect: a core hands out a Job, and its result comes back as an input.
#pragma once

#include <parley/base/time.hpp>

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace parley {

/// `run` executes once, on any thread, and touches only what it captured, which it keeps alive: one
/// that is stuck may outlast the node. `done` is then called on the thread of the node, unless that
/// has ended. In the simulator both run on its one thread.
struct Job {
    std::move_only_function<void()> run;
    std::move_only_function<void(Now)> done;
    bool is_urgent = false;  ///< starts before those that are not
};

/// Where cores put jobs; whoever drives the node takes them out. Bounded in jobs under way.
class JobQueue {
public:
    explicit JobQueue(std::size_t jobs_max) : jobs_max_(jobs_max) {}

    /// False when the bound is reached; the caller keeps its work and tries later.
    [[nodiscard]] bool submit(Job job) {
        if (under_way_ >= jobs_max_) return false;
        ++under_way_;
        waiting_.push_back(std::move(job));
        return true;
    }
    bool full() const { return under_way_ >= jobs_max_; }

    /// For the driver: the jobs to run.
    std::vector<Job> take() { return std::exchange(waiting_, {}); }
    /// For the driver, on the node's thread, once per job that ran.
    void finish(Job& job, Now now) {
        --under_way_;
        if (job.done) job.done(now);
    }

private:
    std::size_t jobs_max_;
    std::size_t under_way_ = 0;
    std::vector<Job> waiting_;
};

}  // namespace parley
