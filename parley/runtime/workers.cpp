#include <parley/runtime/workers.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace parley::runtime {

Workers::Workers(unsigned threads, std::function<void(Job)> finished, Log& log)
    : finished_(std::move(finished)), log_(log) {
    for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

Workers::~Workers() {
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void Workers::submit(std::vector<Job> jobs) {
    if (jobs.empty()) return;
    const bool several = jobs.size() > 1;
    {
        const std::scoped_lock lock{mutex_};
        for (auto& job : jobs) queue_.push_back(std::move(job));
    }
    if (several) {
        wake_.notify_all();
    } else {
        wake_.notify_one();
    }
}

void Workers::work() {
    for (;;) {
        Job job;
        {
            std::unique_lock lock{mutex_};
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            job = std::move(queue_.front());
            queue_.pop_front();
        }
        run_guarded(job);
        finished_(std::move(job));
    }
}

void Workers::run_guarded(Job& job) {
    try {
        if (job.run) job.run();
    } catch (const std::exception& error) {
        log_.write(LogLevel::error, "workers", "job failed", {{"error", error.what()}});
    } catch (...) {
        log_.write(LogLevel::error, "workers", "job failed", {});
    }
}

}  // namespace parley::runtime
