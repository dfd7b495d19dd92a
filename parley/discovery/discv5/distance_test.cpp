#include <parley/discovery/discv5/distance.hpp>

#include <doctest/doctest.h>

#include <cstddef>

using namespace parley;
using namespace parley::discovery::discv5;

namespace {

/// Zeros but for one bit, numbered from the end, 1 to 256.
Id one_bit(unsigned bit) {
    Id id{};
    id[(256 - bit) / 8] = std::byte{1} << ((bit - 1) % 8);
    return id;
}

}  // namespace

TEST_CASE("the log distance is the place of the first bit that differs") {
    CHECK(log_distance(Id{}, Id{}) == 0);
    for (unsigned bit = 1; bit <= 256; ++bit) {
        CAPTURE(bit);
        CHECK(log_distance(Id{}, one_bit(bit)) == bit);
        CHECK(log_distance(one_bit(bit), one_bit(bit)) == 0);
        // Lower bits that differ too change nothing.
        Id more = one_bit(bit);
        if (bit > 1) more[31] ^= std::byte{1};
        CHECK(log_distance(Id{}, more) == bit);
        CHECK(log_distance(more, Id{}) == bit);
    }
}

TEST_CASE("closer compares distances as numbers") {
    const Id target = one_bit(77);
    CHECK(closer(target, target, one_bit(78)));
    CHECK_FALSE(closer(target, one_bit(78), target));
    CHECK_FALSE(closer(target, one_bit(5), one_bit(5)));
    // Distances 2^76 + 1 and 2^76 + 2.
    CHECK(closer(target, one_bit(1), one_bit(2)));
    // The log distances are equal: what lies behind decides.
    Id a = one_bit(200), b = one_bit(200);
    b[31] = std::byte{1};
    CHECK(closer(Id{}, a, b));
    CHECK(closer(one_bit(1), b, a));
}

TEST_CASE("random IDs at a distance are at that distance, and all bits behind it vary") {
    Rng rng{3};
    Id from{};
    for (auto& byte : from) byte = static_cast<std::byte>(rng.below(256));
    for (unsigned distance = 0; distance <= 256; ++distance) {
        Id seen_set{}, seen_clear{};
        for (int i = 0; i < 64; ++i) {
            const Id id = random_at_distance(from, distance, rng);
            REQUIRE(log_distance(from, id) == distance);
            for (std::size_t at = 0; at < id.size(); ++at) {
                seen_set[at] |= from[at] ^ id[at];
                seen_clear[at] |= ~(from[at] ^ id[at]);
            }
        }
        for (unsigned bit = 1; bit < distance; ++bit) {
            const Id mask = one_bit(bit);
            const std::size_t at = (256 - bit) / 8;
            REQUIRE((seen_set[at] & mask[at]) == mask[at]);
            REQUIRE((seen_clear[at] & mask[at]) == mask[at]);
        }
    }
}
