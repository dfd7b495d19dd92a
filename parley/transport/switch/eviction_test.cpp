#include <parley/transport/switch/eviction.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace parley;
using namespace parley::transport;

namespace {

OwnerGroup group(std::size_t n) {
    return OwnerGroups{}.of(
        IpAddress::v4({std::byte{50}, static_cast<std::byte>(n), std::byte{0}, std::byte{1}}));
}

/// `count` links, the first one the oldest, each in a group of its own.
std::vector<InboundLink> links(std::size_t count) {
    std::vector<InboundLink> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back({LinkId{i + 1}, group(i), Instant{} + static_cast<int>(i) * 1min,
                       Duration{200ms}, std::nullopt});
    }
    return out;
}

const OwnerGroup newcomer = group(200);
/// One that keeps none of the larger groups below.
constexpr std::uint64_t salt = 4;

}  // namespace

TEST_CASE("eviction: the youngest of the largest group leaves") {
    auto all = links(40);
    for (const std::size_t i : {30U, 33U, 36U}) all[i].group = group(30);
    all[36].since = Instant{};  // the oldest of all
    CHECK(choose_victim(all, newcomer, salt) == LinkId{34});
    // Of groups of one the youngest that nothing speaks for.
    CHECK(choose_victim(links(40), newcomer, 1)->value >= 36);
}

TEST_CASE("eviction: nobody leaves for a group that is as large, or where all are worth more") {
    auto all = links(40);
    CHECK_FALSE(choose_victim(all, group(7), 1).has_value());
    for (const std::size_t i : {20U, 21U, 38U}) all[i].group = group(20);
    CHECK(choose_victim(all, group(7), 1) == LinkId{39});
    CHECK_FALSE(choose_victim(all, group(20), 1).has_value());
    CHECK_FALSE(choose_victim({}, newcomer, 1).has_value());
    CHECK_FALSE(choose_victim(links(3), newcomer, 1).has_value());
}

TEST_CASE("eviction: who is near, was useful lately or has been here long stays") {
    auto all = links(40);
    // The youngest ones, which would leave first, each group larger than any other.
    for (std::size_t i = 32; i < 40; ++i) all[i].group = group(32 + (i - 32) / 4);
    for (std::size_t i = 36; i < 39; ++i) all[i].round_trip = Duration{1ms};
    all[39].useful_at = Instant{} + 5h;
    for (std::size_t i = 33; i < 35; ++i) all[i].useful_at = Instant{} + 4h;
    const auto victim = choose_victim(all, newcomer, salt);
    CHECK((victim == LinkId{33} || victim == LinkId{36}));
}

TEST_CASE("eviction: an attacker with many groups takes less than half of the slots") {
    for (std::uint64_t secret = 1; secret <= 20; ++secret) {
        auto all = links(40);
        std::uint64_t honest_lost = 0;
        for (std::uint64_t call = 0; call < 200; ++call) {
            // It sits near, but nothing that it sends is useful, and it is younger.
            const auto victim = choose_victim(all, group(60 + call % 190), secret);
            if (!victim) continue;
            honest_lost += victim->value <= 40 ? 1 : 0;
            std::erase_if(all, [&](const InboundLink& link) { return link.link == *victim; });
            all.push_back({LinkId{1000 + call},
                           group(60 + call % 190),
                           Instant{} + 10h + static_cast<int>(call) * 1min,
                           Duration{1ms},
                           {}});
        }
        CHECK(honest_lost < 20);
        CHECK(honest_lost > 0);
    }
}
