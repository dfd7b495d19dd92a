#include <parley/runtime/workers.hpp>

#include <parley/runtime/clock.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace parley::runtime {

struct Workers::Shared {
    Shared(std::function<void(Job)> on_finished, Log& to)
        : finished(std::move(on_finished)), log(to) {}

    std::mutex mutex;
    std::condition_variable wake;   // of workers
    std::condition_variable ended;  // a worker returned
    std::deque<Job> queue;
    std::deque<Job> urgent;   // before `queue`
    std::size_t running = 0;  // workers, until they return
    std::size_t busy = 0;     // of them, in a job
    bool stopping = false;
    bool abandoned = false;  // from here on what follows is not to be touched
    std::function<void(Job)> finished;
    Log& log;
};

namespace {

/// What went wrong, if something did.
std::optional<std::string> run_guarded(Job& job) {
    try {
        if (job.run) job.run();
        return std::nullopt;
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "not an exception";
    }
}

}  // namespace

Workers::Workers(unsigned threads, std::function<void(Job)> finished, Log& log)
    : shared_(std::make_shared<Shared>(std::move(finished), log)) {
    shared_->running = std::max(threads, 1U);
    for (std::size_t i = 0; i < shared_->running; ++i) {
        threads_.emplace_back([shared = shared_] { work(shared); });
    }
}

Workers::~Workers() {
    if (!threads_.empty()) (void)finish(never);
}

void Workers::submit(std::vector<Job> jobs) {
    if (jobs.empty()) return;
    const bool several = jobs.size() > 1;
    {
        const std::scoped_lock lock{shared_->mutex};
        for (auto& job : jobs) {
            auto& queue = job.is_urgent ? shared_->urgent : shared_->queue;
            queue.push_back(std::move(job));
        }
    }
    if (several) {
        shared_->wake.notify_all();
    } else {
        shared_->wake.notify_one();
    }
}

std::size_t Workers::finish(Instant until) {
    std::deque<Job> dropped;  // destroyed without the lock
    std::size_t left = 0;
    {
        std::unique_lock lock{shared_->mutex};
        shared_->stopping = true;
        shared_->wake.notify_all();
        const auto all_ended = [&] { return shared_->running == 0; };
        if (until == never) {
            shared_->ended.wait(lock, all_ended);
        } else {
            const auto left_time = until - monotonic_now();
            shared_->abandoned = !shared_->ended.wait_for(lock, left_time, all_ended);
        }
        dropped.swap(shared_->queue);
        std::ranges::move(shared_->urgent, std::back_inserter(dropped));
        shared_->urgent.clear();
        left = shared_->busy + dropped.size();
    }
    for (auto& thread : threads_) left > 0 ? thread.detach() : thread.join();
    threads_.clear();
    return left;
}

void Workers::work(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock{shared->mutex};
    for (;;) {
        const auto is_empty = [&] { return shared->queue.empty() && shared->urgent.empty(); };
        shared->wake.wait(lock, [&] { return shared->stopping || !is_empty(); });
        if (is_empty()) break;
        auto& queue = shared->urgent.empty() ? shared->queue : shared->urgent;
        Job job = std::move(queue.front());
        queue.pop_front();
        ++shared->busy;
        lock.unlock();
        const auto error = run_guarded(job);
        lock.lock();
        --shared->busy;
        if (shared->abandoned) {
            lock.unlock();
            return;
        }
        if (error) {
            shared->log.write(LogLevel::error, "workers", "job failed", {{"error", *error}});
        }
        shared->finished(std::move(job));
    }
    --shared->running;
    shared->ended.notify_all();
}

}  // namespace parley::runtime
