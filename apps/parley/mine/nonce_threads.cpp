#include "mine/nonce_threads.hpp"
#include <parley/runtime/clock.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

namespace parley::app {
namespace {

/// After so many a thread looks whether its work is still wanted: a millisecond or two.
constexpr std::uint64_t nonces_at_a_time = 4'096;
constexpr int niceness = 10;

}  // namespace

struct NonceThreads::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::shared_ptr<const chain::Work> work;  // null: nothing is wanted
    std::vector<chain::Solution> found;
    bool has_ended = false;
    std::function<void()> on_found;
    /// Of `work`: looked at without the mutex.
    std::atomic<std::uint64_t> generation{0};
    std::atomic<std::uint64_t> hashes{0};

    // For rate(), under the mutex.
    Instant counted_at = runtime::monotonic_now();
    std::uint64_t counted = 0;
    double rate = 0;

    void set(std::shared_ptr<const chain::Work> next) {
        work = std::move(next);
        generation.fetch_add(1);
    }
};

NonceThreads::NonceThreads(unsigned threads, std::uint64_t first_nonce)
    : shared_(std::make_unique<Shared>()) {
    const auto count = std::max(threads, 1U);
    const auto share = std::numeric_limits<std::uint64_t>::max() / count;
    for (unsigned i = 0; i < count; ++i) {
        threads_.emplace_back(
            [&shared = *shared_, first = first_nonce + i * share] { work(shared, first); });
    }
}

NonceThreads::~NonceThreads() {
    end();
}

void NonceThreads::on_found(std::function<void()> call) {
    const std::scoped_lock lock{shared_->mutex};
    shared_->on_found = std::move(call);
}

void NonceThreads::work(Shared& shared, std::uint64_t first_nonce) {
    (void)::nice(niceness);  // on Linux it is the thread's
    std::unique_lock lock{shared.mutex};
    for (;;) {
        shared.changed.wait(lock, [&] { return shared.work || shared.has_ended; });
        if (shared.has_ended) return;
        const auto wanted = shared.work;
        const auto generation = shared.generation.load();
        lock.unlock();
        std::optional<chain::Solution> found;
        while (!found && shared.generation.load(std::memory_order_relaxed) == generation) {
            found = chain::find_nonce(*wanted, first_nonce, nonces_at_a_time);
            first_nonce += nonces_at_a_time;
            shared.hashes.fetch_add(nonces_at_a_time, std::memory_order_relaxed);
        }
        lock.lock();
        if (!found || shared.generation.load() != generation) continue;
        shared.found.push_back(*found);
        shared.set(nullptr);
        const auto call = shared.on_found;
        lock.unlock();
        if (call) call();
        lock.lock();
    }
}

void NonceThreads::begin(Now, std::shared_ptr<const chain::Work> work) {
    const std::scoped_lock lock{shared_->mutex};
    shared_->set(std::move(work));
    shared_->changed.notify_all();
}

void NonceThreads::stop() {
    const std::scoped_lock lock{shared_->mutex};
    shared_->set(nullptr);
}

std::vector<chain::Solution> NonceThreads::take(Now) {
    const std::scoped_lock lock{shared_->mutex};
    return std::exchange(shared_->found, {});
}

std::uint64_t NonceThreads::hashes() const {
    return shared_->hashes.load(std::memory_order_relaxed);
}

double NonceThreads::rate() const {
    const std::scoped_lock lock{shared_->mutex};
    const auto now = runtime::monotonic_now();
    const std::chrono::duration<double> passed = now - shared_->counted_at;
    if (passed >= std::chrono::seconds{1}) {
        const auto all = hashes();
        shared_->rate = static_cast<double>(all - shared_->counted) / passed.count();
        shared_->counted_at = now;
        shared_->counted = all;
    }
    return shared_->rate;
}

void NonceThreads::end() {
    {
        const std::scoped_lock lock{shared_->mutex};
        shared_->has_ended = true;
        shared_->set(nullptr);
        shared_->changed.notify_all();
    }
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

}  // namespace parley::app
