#include <parley/base/uint256.hpp>

#include <parley/base/endian.hpp>
#include <parley/base/rng.hpp>

#include <boost/multiprecision/cpp_int.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace parley;
using namespace parley;
using Big = boost::multiprecision::cpp_int;

namespace {

Big big(const Uint256& value) {
    Big out = 0;
    for (const auto b : value) out = out * 256 + std::to_integer<unsigned>(b);
    return out;
}
const Big limit = Big{1} << 256;

/// Numbers of every length, with runs of ones and zeros, where carries go wrong.
std::vector<Uint256> samples() {
    Rng rng{1};
    std::vector<Uint256> out;
    for (std::size_t i = 0; i < 60; ++i) {
        Uint256 value{};
        const auto length = static_cast<std::size_t>(rng.below(33));
        const auto fill = rng.below(3);
        for (auto& b : MutableBytes{value}.last(length)) {
            b = fill == 0 ? std::byte{0xff} : static_cast<std::byte>(rng.below(256));
        }
        out.push_back(value);
    }
    out.push_back({});
    return out;
}

void check(const std::optional<Uint256>& ours, const Big& theirs) {
    if (theirs < 0 || theirs >= limit) {
        CHECK_FALSE(ours);
    } else {
        REQUIRE(ours);
        CHECK((big(*ours) == theirs));
    }
}

}  // namespace

TEST_CASE("256-bit arithmetic agrees with Boost.Multiprecision, overflow included") {
    const auto values = samples();
    for (const auto& a : values) {
        for (const auto& b : values) {
            const auto small = load_be<std::uint64_t>(Bytes{b}.last(8));
            const auto m = static_cast<std::uint32_t>(small);
            const auto n = static_cast<std::uint32_t>(small >> 32);
            check(checked_add(a, b), big(a) + big(b));
            check(checked_subtract(a, b), big(a) - big(b));
            check(checked_multiply(a, small), big(a) * small);
            CHECK(product_at_least(a, m, b, n) == (big(a) * m >= big(b) * n));
            CHECK((a < b) == (big(a) < big(b)));
        }
    }
}

TEST_CASE("decimal digits are those of Boost.Multiprecision") {
    for (const auto& value : samples()) CHECK(to_decimal(value) == big(value).str());
    for (const auto& value : samples()) {
        CHECK(from_decimal(value == Uint256{} ? "" : to_decimal(value)) == value);
    }
    for (const auto* wrong :
         {"0", "01", "-1", "+1", "1 ", "1e3", "0x1",
          "115792089237316195423570985008687907853269984665640564039457584007913129639936"}) {
        CAPTURE(wrong);
        CHECK_FALSE(from_decimal(wrong));
    }
    CHECK(to_decimal({}) == "0");
    CHECK(to_decimal(to_uint256(1'000'000'000)) == "1000000000");
}

TEST_CASE("quantities have no leading zeros") {
    CHECK(to_quantity({}) == "0x0");
    CHECK(to_quantity(to_uint256(0x1f)) == "0x1f");
    CHECK(to_quantity(to_uint256(0x0100)) == "0x100");
    CHECK(to_u64(to_uint256(77)) == 77);
    CHECK_FALSE(to_u64(*checked_multiply(to_uint256(std::uint64_t{1} << 63), 2)));
}
