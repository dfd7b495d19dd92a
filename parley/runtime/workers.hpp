// Workers: a few threads that run Jobs and hand them back, so that slow work (signatures, disk)
// does not keep the node's thread.
//
// Jobs start in the order of submission and may end in any other: a core that needs an order
// keeps one job under way. The queue is bounded by the cores' JobQueues.
// Threading: `submit` from any thread.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/events/log.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace parley::runtime {

class Workers {
public:
    /// `finished` is called on a worker, once for each job, after its `run` returned or threw; it
    /// must pass the job to the node's thread. An exception of `run` is logged and goes no further.
    /// At least one thread is made.
    Workers(unsigned threads, std::function<void(Job)> finished, Log& log);
    /// Runs the jobs that are queued to their end, then joins.
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Queues jobs; never blocks for one to run.
    void submit(std::vector<Job> jobs);

private:
    void work();
    void run_guarded(Job& job);

    std::function<void(Job)> finished_;
    Log& log_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace parley::runtime
