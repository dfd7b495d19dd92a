// JobRunner: runs the Jobs of cores that no node drives: for commands and benchmarks.
//
// Threading: one thread; the Jobs run on others.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/events/log.hpp>
#include <parley/runtime/workers.hpp>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace parley::runtime {

class JobRunner {
public:
    JobRunner(unsigned threads, Log& log);
    JobRunner(const JobRunner&) = delete;
    JobRunner& operator=(const JobRunner&) = delete;

    JobQueue& jobs() { return jobs_; }
    /// Runs Jobs and hands them back here, until `is_done`. False if nothing is under way, and it
    /// is not.
    bool run_until(const std::function<bool()>& is_done);

private:
    static constexpr std::size_t jobs_max = 64;

    void on_finished(Job job);
    std::vector<Job> wait_for_finished();

    JobQueue jobs_{jobs_max};
    std::size_t under_way_ = 0;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Job> finished_;  // under mutex_
    Workers workers_;            // the last: its threads use the rest
};

}  // namespace parley::runtime
