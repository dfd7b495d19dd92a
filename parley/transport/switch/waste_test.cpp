#include <parley/transport/switch/waste.hpp>

#include <doctest/doctest.h>

#include <cstdint>

using namespace parley;
using namespace parley::transport;

namespace {

IpAddress address(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return IpAddress::v4({std::byte{a}, std::byte{b}, std::byte{c}, std::byte{d}});
}

const IpAddress one = address(50, 1, 1, 1);
const IpAddress neighbour = address(50, 1, 1, 2);
const IpAddress far = address(60, 1, 1, 1);

}  // namespace

TEST_CASE("a link may waste a burst, then its share, and waits for what is beyond") {
    Waste waste{{}, 40, 1};
    WasteDebt link;
    const Instant t{1h};
    CHECK(waste.note(t, one, link, 100ms) <= t);
    CHECK(waste.note(t, one, link, 5ms) == t + 1s + 20s);  // the address spent its burst as well
    // On a private address the link alone counts.
    WasteDebt other;
    const auto loopback = address(127, 0, 0, 1);
    CHECK(waste.note(t, loopback, other, 100ms) <= t);
    CHECK(waste.note(t, loopback, other, 5ms) == t + 1s);
    CHECK(waste.note(t + 10s, loopback, other, 45ms) <= t + 10s);
    CHECK(waste.note(t + 10s, loopback, other, 5ms) == t + 11s);
    // Never longer than a minute.
    CHECK(waste.note(t + 20s, loopback, other, 1h) == t + 80s);
}

TEST_CASE("where there are many slots, each has a smaller share") {
    Waste waste{{}, 1000, 1};
    WasteDebt link;
    const Instant t{1h};
    const auto private_address = address(10, 0, 0, 1);
    CHECK(waste.note(t, private_address, link, 100ms) <= t);
    CHECK(waste.note(t, private_address, link, 1ms) == t + 4s);
}

TEST_CASE("new links of an address that wastes have no burst, and its callers are turned away") {
    Waste waste{{}, 40, 1};
    const Instant t{1h};
    WasteDebt honest;
    CHECK(waste.note(t, neighbour, honest, 1us) <= t);
    int links = 0;
    while (!waste.turns_away(t, one)) {
        REQUIRE(++links < 10);
        WasteDebt link;
        waste.note(t, one, link, 50ms);
    }
    CHECK(links == 5);  // 200 ms for its burst and 10 s of waiting
    // Neighbours, who waste little, neither wait for long nor are turned away.
    CHECK_FALSE(waste.turns_away(t, neighbour));
    CHECK(waste.note(t + 1s, neighbour, honest, 1us) <= t + 1s + 1ms);
    CHECK_FALSE(waste.turns_away(t, far));
    CHECK_FALSE(waste.turns_away(t + 11s, one));
}

TEST_CASE("a /24 that wastes from many addresses is turned away as a whole, others are not") {
    Waste waste{{}, 40, 1};
    const Instant t{1h};
    for (std::uint8_t i = 0; i < 12; ++i) {
        WasteDebt link;
        waste.note(t, address(50, 1, 1, static_cast<std::uint8_t>(100 + i)), link, 50ms);
    }
    CHECK(waste.turns_away(t, neighbour));
    CHECK_FALSE(waste.turns_away(t, far));
    CHECK_FALSE(waste.turns_away(t + 5s, neighbour));
}

TEST_CASE("offences of ever new IDs add up for their address") {
    Waste waste{{}, 40, 1};
    const Instant t{1h};
    for (int i = 0; i < 5; ++i) waste.note_offence(t, one, 50);
    CHECK(waste.turns_away(t, one));
    CHECK_FALSE(waste.turns_away(t, neighbour));
    for (int i = 0; i < 100; ++i) waste.note_offence(t, address(127, 0, 0, 1), 50);
    CHECK_FALSE(waste.turns_away(t, address(127, 0, 0, 1)));
}
