#include <parley/runtime/signals.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <future>

TEST_CASE("a signal to stop becomes a call on another thread") {
    std::promise<int> told;
    const parley::runtime::Signals signals{[&](int number) { told.set_value(number); }};
    std::raise(SIGTERM);
    auto future = told.get_future();
    REQUIRE(future.wait_for(std::chrono::seconds{60}) == std::future_status::ready);
    CHECK(future.get() == SIGTERM);
}
