// Threads that look for nonces.
#include "mine/nonce_threads.hpp"
#include <parley/chain/consensus/pow/asert.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <semaphore>

using namespace parley;
using namespace parley::app;

namespace {

std::shared_ptr<const chain::Work> work_of_difficulty(std::uint64_t difficulty) {
    chain::Header header;
    header.number = difficulty;
    return std::make_shared<const chain::Work>(
        chain::work_of(header, chain::target_of_difficulty(to_uint256(difficulty))));
}

/// That nobody will ever find.
std::shared_ptr<const chain::Work> endless_work() {
    return std::make_shared<const chain::Work>(chain::work_of({}, Uint256{}));
}

}  // namespace

TEST_CASE("nonce threads: what they find is good, and they find one for each piece of work") {
    std::counting_semaphore<> found{0};
    NonceThreads search{3, 12'345};
    search.on_found([&] { found.release(); });
    for (const std::uint64_t difficulty : {1U, 100U, 20'000U}) {
        const auto work = work_of_difficulty(difficulty);
        search.begin({}, work);
        found.acquire();
        const auto solutions = search.take({});
        REQUIRE(solutions.size() == 1);
        CHECK(solutions[0].work == work->name);
        CHECK(chain::hash_of(*work, solutions[0]) <= work->boundary);
    }
    search.end();
    CHECK_FALSE(found.try_acquire());
    CHECK(search.hashes() > 0);
}

TEST_CASE(
    "nonce threads: other work is begun while they look for what nobody finds, and they end") {
    std::counting_semaphore<> found{0};
    NonceThreads search{2, 0};
    search.on_found([&] { found.release(); });
    search.begin({}, endless_work());
    const auto work = work_of_difficulty(50);
    search.begin({}, work);
    found.acquire();
    CHECK(search.take({}).at(0).work == work->name);
    search.begin({}, endless_work());
    search.stop();
    CHECK(search.take({}).empty());
    search.begin({}, endless_work());
}
