// Threads that do what a JobQueue holds, for benchmarks without a node.
#pragma once

#include <parley/base/jobs.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace parley::bench {

/// Does the work of a JobQueue on some threads, or on the caller's.
class Workers {
public:
    explicit Workers(std::size_t threads) {
        for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() {
        {
            const std::scoped_lock lock{mutex_};
            ends_ = true;
        }
        wakes_.notify_all();
        for (auto& thread : threads_) thread.join();
    }
    /// Until `done` says so.
    template <class Done>
    void run(JobQueue& jobs, const Done& done) {
        while (!done()) {
            auto taken = jobs.take();
            if (threads_.empty()) {
                for (auto& job : taken) {
                    job.run();
                    jobs.finish(job, {});
                }
                continue;
            }
            std::unique_lock lock{mutex_};
            for (auto& job : taken) {
                if (job.is_urgent) {
                    waiting_.push_front(std::move(job));
                } else {
                    waiting_.push_back(std::move(job));
                }
            }
            if (!taken.empty()) wakes_.notify_all();
            finished_wake_.wait(lock, [&] { return !finished_.empty(); });
            auto finished = std::exchange(finished_, {});
            lock.unlock();
            for (auto& job : finished) jobs.finish(job, {});
        }
    }

private:
    void work() {
        std::unique_lock lock{mutex_};
        while (true) {
            wakes_.wait(lock, [&] { return ends_ || !waiting_.empty(); });
            if (ends_) return;
            Job job = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            job.run();
            lock.lock();
            finished_.push_back(std::move(job));
            finished_wake_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable wakes_;
    std::condition_variable finished_wake_;
    std::deque<Job> waiting_;
    std::vector<Job> finished_;
    std::vector<std::thread> threads_;
    bool ends_ = false;
};

}  // namespace parley::bench
