// Workers: a few threads that run Jobs and hand them back, so that slow work (signatures, disk)
// does not keep the node's thread.
//
// Jobs start in the order of submission, the urgent ones first, and may end in any other: a core
// that needs an order keeps one job under way. The queue is bounded by the cores' JobQueues.
// Threading: `submit` from any thread; the rest on the one that made it.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace parley::runtime {

class Workers {
public:
    /// `finished` is called on a worker, once for each job, after its `run` returned or threw, and
    /// by one worker at a time; it must pass the job to the node's thread. An exception of `run` is
    /// logged and goes no further. At least one thread is made.
    Workers(unsigned threads, std::function<void(Job)> finished, Log& log);
    /// As finish(), for as long as it takes, unless that was called.
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Queues jobs; never blocks for one to run.
    void submit(std::vector<Job> jobs);
    /// Runs the jobs that are queued to their end, but not beyond `until`: then those that wait are
    /// dropped, and those that run are left behind with their threads. Nothing is heard of either;
    /// returns how many they are. Once, and nothing is submitted after it.
    std::size_t finish(Instant until);

private:
    struct Shared;
    static void work(const std::shared_ptr<Shared>& shared);

    std::shared_ptr<Shared> shared_;  // with the threads, which may outlast this
    std::vector<std::thread> threads_;
};

}  // namespace parley::runtime
