#include <parley/runtime/workers.hpp>

#include <parley/events/test_log.hpp>
#include <parley/runtime/clock.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::runtime;

TEST_CASE("every job runs once and comes back, also after the pool is told to end") {
    std::atomic<int> ran{0};
    std::atomic<int> back{0};
    {
        Workers workers{3, [&](Job job) { back += job.done ? 1 : 0; }, no_log()};
        for (int i = 0; i < 100; ++i) {
            std::vector<Job> jobs;
            jobs.push_back({[&] { ++ran; }, [](Now) {}});
            workers.submit(std::move(jobs));
        }
    }
    CHECK(ran == 100);
    CHECK(back == 100);
}

TEST_CASE("urgent jobs start before all others that wait") {
    std::string order;  // one worker writes
    std::atomic<int> back = 0;
    {
        Workers workers{1, [&](Job) { ++back; }, no_log()};
        std::vector<Job> jobs;
        for (const char name : {'a', 'b'}) jobs.push_back({[&order, name] { order += name; }, {}});
        for (const char name : {'1', '2'}) {
            jobs.push_back({[&order, name] { order += name; }, {}, true});
        }
        workers.submit(std::move(jobs));
    }
    CHECK(order == "12ab");
    CHECK(back == 4);
}

TEST_CASE("a job that throws is logged and still comes back") {
    TestLog log;
    std::atomic<int> back{0};
    {
        Workers workers{1, [&](Job) { ++back; }, log};
        std::vector<Job> jobs;
        jobs.push_back({[] { throw std::runtime_error{"disk on fire"}; }, {}});
        jobs.push_back({[] { throw 1; }, {}});  // NOLINT: anything may be thrown
        workers.submit(std::move(jobs));
    }
    CHECK(back == 2);
    CHECK(log.take() == std::vector<std::string>{"error job failed error=disk on fire",
                                                 "error job failed error=not an exception"});
}

TEST_CASE(
    "a job that is stuck is left behind, with what it holds, and those behind it are dropped") {
    std::promise<void> stuck;
    std::promise<void> begun;
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> seen = held;
    std::atomic<int> back{0};
    Workers workers{1, [&](Job) { ++back; }, no_log()};
    std::vector<Job> jobs;
    jobs.push_back({[&begun, wait = stuck.get_future(), held = std::move(held)] {
                        begun.set_value();
                        wait.wait();
                    },
                    {}});
    jobs.push_back({[] {}, {}});
    workers.submit(std::move(jobs));
    begun.get_future().wait();
    CHECK(workers.finish(monotonic_now()) == 2);
    CHECK_FALSE(seen.expired());
    stuck.set_value();
    while (!seen.expired()) std::this_thread::yield();
    CHECK(back == 0);
}
