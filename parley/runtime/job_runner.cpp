#include <parley/runtime/job_runner.hpp>

#include <parley/runtime/clock.hpp>

#include <utility>

namespace parley::runtime {

JobRunner::JobRunner(unsigned threads, Log& log)
    : workers_(threads, [this](Job job) { on_finished(std::move(job)); }, log) {}

void JobRunner::on_finished(Job job) {
    const std::lock_guard lock{mutex_};
    finished_.push_back(std::move(job));
    wake_.notify_one();
}

std::vector<Job> JobRunner::wait_for_finished() {
    std::unique_lock lock{mutex_};
    wake_.wait(lock, [this] { return !finished_.empty(); });
    return std::exchange(finished_, {});
}

bool JobRunner::run_until(const std::function<bool()>& is_done) {
    while (!is_done()) {
        auto started = jobs_.take();
        under_way_ += started.size();
        if (under_way_ == 0) return false;
        workers_.submit(std::move(started));
        for (auto& job : wait_for_finished()) {
            --under_way_;
            jobs_.finish(job, now());
        }
    }
    return true;
}

}  // namespace parley::runtime
