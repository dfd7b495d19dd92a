// What a peer's headers leave behind while it shows their work: little, and enough to know them by.
#include <parley/chain/sync/header_presync.hpp>

#include <parley/base/rng.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;

namespace {

/// With a hash of its own.
ChainHeader header_at(std::uint64_t number, std::uint64_t salt = 0) {
    ChainHeader out;
    out.header.number = number;
    Rng rng{number * 1'000'003 + salt};
    for (auto& byte : out.hash) byte = static_cast<std::byte>(rng.next());
    out.total_difficulty = to_uint256(number);
    return out;
}

std::vector<ChainHeader> headers_from(std::uint64_t first, std::size_t count) {
    std::vector<ChainHeader> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(header_at(first + i));
    return out;
}

/// How many of other headers pass as those that were shown, before the first that does not.
std::uint64_t passed_of_others(std::uint64_t seed) {
    Rng rng{seed};
    HeaderPresync presync{header_at(0), 1'000, to_uint256(1'000), {rng.next(), rng.next()}};
    REQUIRE(presync.add(headers_from(1, 1'000)));
    std::uint64_t number = 1;
    while (number <= 1'000 && presync.fits(number, header_at(number, seed + 1).hash)) ++number;
    return number - 1;
}

}  // namespace

TEST_CASE("presync: headers that come again are known, others are found out soon") {
    HeaderPresync presync{header_at(100), 1'100, to_uint256(900), {1, 2}};
    for (std::uint64_t number = 101; number < 1'100; number += 100) {
        CHECK(presync.is_shown() == (number > 900));
        REQUIRE(presync.add(headers_from(number, 100)));
    }
    for (std::uint64_t number = 101; number <= 1'100; ++number) {
        CHECK(presync.fits(number, header_at(number).hash));
    }
    CHECK(presync.fits(100, header_at(100, 1).hash));      // is here
    CHECK(presync.fits(1'101, header_at(1'101, 1).hash));  // was not shown
    CHECK_FALSE(presync.fits(1'100, header_at(1'100, 1).hash));

    // Each of its bits finds out half of them.
    std::uint64_t passed = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) passed += passed_of_others(seed);
    CHECK(passed / 400 < 3 * HeaderPresync::period_min);
    CHECK(passed / 400 > HeaderPresync::period_min);
}

TEST_CASE("presync: which headers have a bit, and which one, differs by the key") {
    const auto bad = header_at(500, 7);
    int found_out = 0;
    for (std::uint64_t key = 0; key < 400; ++key) {
        HeaderPresync presync{header_at(0), 1'000, to_uint256(1'000), {key, 5}};
        REQUIRE(presync.add(headers_from(1, 1'000)));
        found_out += presync.fits(500, bad.hash) ? 0 : 1;
    }
    // One of 8 has a bit there, one of 2 another bit.
    CHECK(found_out > 10);
    CHECK(found_out < 45);
}

TEST_CASE("presync: more headers than a peer claimed to have are refused") {
    HeaderPresync presync{header_at(0), 10, to_uint256(1'000), {}};
    CHECK(presync.add(headers_from(1, 10)));
    CHECK_FALSE(presync.add(headers_from(11, 1)));
}

TEST_CASE("presync: a peer costs less than a mebibyte, however long its chain is") {
    // At the shortest period as many as there is room for.
    constexpr std::uint64_t longest = HeaderPresync::period_min * (std::uint64_t{4} << 20) - 1;
    HeaderPresync presync{header_at(0), longest, to_uint256(1), {1, 2}};
    CHECK(presync.period() == HeaderPresync::period_min);
    std::vector<ChainHeader> some(4'096);
    std::size_t most = 0;
    for (std::uint64_t number = 1; number <= longest;) {
        for (auto& one : some) one.header.number = number++;
        REQUIRE(presync.add(std::span{some}.first(
            std::min<std::size_t>(some.size(), longest + 1 - some.front().header.number))));
        most = std::max(most, presync.memory_bytes());
    }
    CHECK(most > HeaderPresync::memory_bytes_max / 4);
    CHECK(most < HeaderPresync::memory_bytes_max * 3 / 4);  // and as much again while it grows
    // Of longer ones fewer have a bit.
    for (const auto claimed :
         {longest + 1, longest * 1'000, std::numeric_limits<std::uint64_t>::max()}) {
        const HeaderPresync longer{header_at(0), claimed, to_uint256(1), {1, 2}};
        CHECK(claimed / longer.period() <= std::uint64_t{4} << 20);
    }
}
