#include <parley/transport/switch/slots.hpp>

#include <parley/base/rng.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::transport;

namespace {

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

SlotLimits small_limits() {
    SlotLimits limits;
    limits.handshake_in_max = 4;
    limits.handshake_out_max = 3;
    limits.giving_way_max = 2;
    limits.handshake_group_part = limits.handshake_wide_group_part = 1;
    limits.inbound_max = 2;
    limits.outbound_max = 2;
    limits.static_max = 1;
    limits.trusted_max = 1;
    limits.feeler_max = 1;
    return limits;
}

/// Gives tokens back at the end of a test, whatever it checked.
struct Held {
    explicit Held(Slots& owner) : slots(owner) {}
    ~Held() {
        for (SlotToken& token : tokens) slots.give_back(token);
        CHECK(slots.in_use_total() == 0);
        CHECK(slots.consistent());
    }
    SlotToken& keep(Result<SlotToken, SlotError> token) {
        REQUIRE(token.has_value());
        return tokens.emplace_back(std::move(*token));
    }
    Slots& slots;
    std::vector<SlotToken> tokens = [] {
        std::vector<SlotToken> v;
        v.reserve(64);
        return v;
    }();
};

}  // namespace

TEST_CASE("slots: an accept takes a handshake token, the proof swaps it in one step") {
    Slots slots{small_limits()};
    Held held{slots};
    SlotToken& token = held.keep(slots.accept(ip("203.0.113.7")));
    CHECK(token.kind() == SlotKind::handshake_in);
    CHECK(slots.in_use(SlotKind::handshake_in) == 1);
    REQUIRE(slots.promote(token, SlotClass::ordinary));
    CHECK(token.kind() == SlotKind::inbound);
    CHECK(slots.in_use(SlotKind::handshake_in) == 0);
    CHECK(slots.in_use(SlotKind::inbound) == 1);
    CHECK(slots.in_use_total() == 1);
    slots.give_back(token);
    CHECK_FALSE(token);
    CHECK(slots.in_use_total() == 0);
    slots.give_back(token);  // an empty token stands for nothing
    CHECK(slots.in_use_total() == 0);
}

TEST_CASE("slots: with the inbound class full, callers still come as far as the proof") {
    Slots slots{small_limits()};
    Held held{slots};
    for (const char* from : {"198.51.1.1", "198.52.1.1"}) {
        REQUIRE(slots.promote(held.keep(slots.accept(ip(from))), SlotClass::ordinary));
    }
    SlotToken& first = held.keep(slots.accept(ip("198.53.1.1")));
    CHECK(slots.promote(first, SlotClass::ordinary).error() == SlotError::no_slot);
    CHECK(first.kind() == SlotKind::handshake_in);
    SlotToken& second = held.keep(slots.accept(ip("198.54.1.1")));
    SUBCASE("a trusted caller gets in") {
        REQUIRE(slots.promote(second, SlotClass::trusted));
        CHECK(second.kind() == SlotKind::trusted);
    }
    SUBCASE("a slot that became free is taken") {
        slots.give_back(held.tokens[0]);
        REQUIRE(slots.promote(second, SlotClass::ordinary));
        CHECK(slots.promote(first, SlotClass::ordinary).error() == SlotError::no_slot);
    }
}

TEST_CASE("slots: one that gives way makes room at once and is counted until it has ended") {
    SlotLimits limits = small_limits();
    limits.handshake_in_max = 2;
    limits.giving_way_max = 1;
    limits.handshake_per_address_max = 1;
    Slots slots{limits};
    Held held{slots};
    SlotToken& first = held.keep(slots.accept(ip("1.1.1.1")));
    SlotToken& second = held.keep(slots.accept(ip("2.2.2.2")));
    CHECK(slots.accept(ip("3.3.3.3")).error() == SlotError::no_handshake);
    REQUIRE(slots.give_way(first));
    CHECK(first.kind() == SlotKind::giving_way);
    CHECK_FALSE(first.in_handshake());
    held.keep(slots.accept(ip("1.1.1.1")));  // its address has its share back
    CHECK(slots.in_use_total() == 3);
    CHECK(slots.consistent());
    CHECK_FALSE(slots.give_way(second));
    CHECK(second.kind() == SlotKind::handshake_in);
    slots.give_back(first);
    CHECK(slots.give_way(second));
}

TEST_CASE("slots: handshakes are limited in all and by exact address") {
    SlotLimits limits = small_limits();
    limits.handshake_per_address_max = 2;
    limits.handshake_per_exempt_address_max = 3;
    limits.inbound_max = 9;
    Slots slots{limits};
    Held held{slots};
    SUBCASE("one address") {
        held.keep(slots.accept(ip("203.0.113.7")));
        held.keep(slots.accept(ip("203.0.113.7")));
        CHECK(slots.accept(ip("203.0.113.7")).error() == SlotError::address_busy);
        held.keep(slots.accept(ip("203.0.113.8")));
    }
    SUBCASE("one /64 of IPv6 is one address") {
        held.keep(slots.accept(ip("2001:db8::1")));
        held.keep(slots.accept(ip("2001:db8::2")));
        CHECK(slots.accept(ip("2001:db8::3")).error() == SlotError::address_busy);
        held.keep(slots.accept(ip("2001:db8:0:1::1")));
    }
    SUBCASE("loopback has a limit of its own") {
        for (int i = 0; i < 3; ++i) held.keep(slots.accept(ip("127.0.0.1")));
        CHECK(slots.accept(ip("127.0.0.1")).error() == SlotError::address_busy);
    }
    SUBCASE("one /24, one /16 and others") {
        SlotLimits wide = limits;
        wide.handshake_in_max = 16;
        wide.handshake_group_part = 4;
        wide.handshake_wide_group_part = 2;
        Slots large{wide};
        Held taken{large};
        for (const char* a : {"8.8.1.1", "8.8.1.2", "8.8.1.3", "8.8.1.4"}) {
            taken.keep(large.accept(ip(a)));
        }
        CHECK(large.accept(ip("8.8.1.5")).error() == SlotError::address_busy);
        for (const char* a : {"8.8.2.1", "8.8.3.1", "8.8.4.1", "8.8.5.1"}) {
            taken.keep(large.accept(ip(a)));
        }
        CHECK(large.accept(ip("8.8.6.1")).error() == SlotError::address_busy);
        taken.keep(large.accept(ip("8.9.1.1")));
    }
    SUBCASE("in all") {
        for (const char* a : {"1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"}) {
            held.keep(slots.accept(ip(a)));
        }
        CHECK(slots.accept(ip("5.5.5.5")).error() == SlotError::no_handshake);
    }
}

TEST_CASE("slots: a dial reserves its class and its group") {
    Slots slots{small_limits()};
    Held held{slots};
    SlotToken& first = held.keep(slots.dial(ip("203.0.113.7"), SlotClass::ordinary));
    CHECK(slots.in_use(SlotKind::handshake_out) == 1);
    CHECK(slots.reserved(SlotKind::outbound) == 1);
    CHECK(slots.dial(ip("203.0.200.1"), SlotClass::ordinary).error() == SlotError::group_taken);
    SlotToken& second = held.keep(slots.dial(ip("198.51.100.1"), SlotClass::ordinary));
    CHECK(slots.dial(ip("192.88.1.1"), SlotClass::ordinary).error() == SlotError::no_slot);
    REQUIRE(slots.promote(first, SlotClass::ordinary));
    REQUIRE(slots.promote(second, SlotClass::ordinary));
    CHECK(slots.reserved(SlotKind::outbound) == 0);
    CHECK(slots.in_use(SlotKind::outbound) == 2);
    slots.give_back(first);
    CHECK(slots.outbound_group_free(ip("203.0.200.1")));
    held.keep(slots.dial(ip("203.0.200.1"), SlotClass::ordinary));
}

TEST_CASE("slots: with a map, one dial goes to each owner; callers count by address as ever") {
    SlotLimits limits = small_limits();
    limits.inbound_per_group_max = 1;
    limits.owners = OwnerGroups{
        std::make_shared<const AsMap>(*AsMap::parse("8.0.0.0/8 64500\n9.0.0.0/8 64500\n"))};
    Slots slots{limits};
    Held held{slots};
    SlotToken& first = held.keep(slots.dial(ip("8.1.0.1"), SlotClass::ordinary));
    CHECK(slots.dial(ip("9.1.0.1"), SlotClass::ordinary).error() == SlotError::group_taken);
    slots.give_back(first);
    held.keep(slots.dial(ip("9.1.0.1"), SlotClass::ordinary));
    CHECK(slots.consistent());
    REQUIRE(slots.promote(held.keep(slots.accept(ip("8.2.0.1"))), SlotClass::ordinary));
    REQUIRE(slots.promote(held.keep(slots.accept(ip("9.2.0.1"))), SlotClass::ordinary));
}

TEST_CASE("slots: static, trusted and feelers have limits of their own and no groups") {
    Slots slots{small_limits()};
    Held held{slots};
    held.keep(slots.dial(ip("203.0.113.7"), SlotClass::ordinary));
    held.keep(slots.dial(ip("203.0.113.8"), SlotClass::static_peer));
    CHECK(slots.dial(ip("203.0.113.9"), SlotClass::static_peer).error() == SlotError::no_slot);
    held.keep(slots.dial(ip("203.0.113.9"), SlotClass::feeler));
    CHECK(slots.dial(ip("9.9.9.9"), SlotClass::feeler).error() == SlotError::no_handshake);
}

TEST_CASE("slots: inbound links by /24, loopback and private ranges exempt") {
    SlotLimits limits = small_limits();
    limits.inbound_max = 10;
    limits.inbound_per_group_max = 1;
    Slots slots{limits};
    Held held{slots};
    REQUIRE(slots.promote(held.keep(slots.accept(ip("8.8.4.1"))), SlotClass::ordinary));
    SlotToken& same = held.keep(slots.accept(ip("8.8.4.2")));
    CHECK(slots.promote(same, SlotClass::ordinary).error() == SlotError::group_taken);
    REQUIRE(slots.promote(held.keep(slots.accept(ip("8.8.5.1"))), SlotClass::ordinary));
    for (int i = 0; i < 3; ++i) {
        REQUIRE(slots.promote(held.keep(slots.accept(ip("10.0.0.1"))), SlotClass::ordinary));
    }
    held.keep(slots.dial(ip("10.0.0.1"), SlotClass::ordinary));
    held.keep(slots.dial(ip("10.0.0.1"), SlotClass::ordinary));
}

TEST_CASE("slots: light nodes have slots of their own, and count by address with all inbound") {
    auto limits = small_limits();
    limits.light_max = 2;
    limits.inbound_per_group_max = 2;
    Slots slots{limits};
    Held held{slots};
    for (const char* from : {"8.8.4.1", "9.9.9.9"}) {
        SlotToken& token = held.keep(slots.accept(ip(from)));
        REQUIRE(slots.promote(token, SlotClass::light));
        CHECK(token.kind() == SlotKind::light);
    }
    SlotToken& third = held.keep(slots.accept(ip("7.7.7.7")));
    CHECK(slots.promote(third, SlotClass::light).error() == SlotError::no_slot);
    // A full node still has its place.
    CHECK(slots.promote(third, SlotClass::ordinary));
    SlotToken& neighbour = held.keep(slots.accept(ip("8.8.4.2")));
    CHECK(slots.promote(neighbour, SlotClass::ordinary));
    SlotToken& another = held.keep(slots.accept(ip("8.8.4.3")));
    CHECK(slots.promote(another, SlotClass::ordinary).error() == SlotError::group_taken);
    CHECK(slots.limits().links() == 2 + 2 + 1 + 1 + 1 + 2);
}

TEST_CASE("slots: many /24 of one /16 hold a quarter of the inbound slots at most") {
    SlotLimits limits = small_limits();
    limits.inbound_max = 20;
    limits.handshake_in_max = 20;
    limits.inbound_per_group_max = 2;
    Slots slots{limits};
    Held held{slots};
    const auto accept = [&](int third, int fourth) -> SlotToken& {
        const auto from = "8.8." + std::to_string(third) + "." + std::to_string(fourth);
        return held.keep(slots.accept(ip(from.c_str())));
    };
    for (int i = 0; i < 5; ++i) REQUIRE(slots.promote(accept(i, 1), SlotClass::ordinary));
    SlotToken& sixth = accept(6, 1);
    CHECK(slots.promote(sixth, SlotClass::ordinary).error() == SlotError::group_taken);
    CHECK(slots.promote(sixth, SlotClass::trusted));
    REQUIRE(slots.promote(held.keep(slots.accept(ip("8.9.1.1"))), SlotClass::ordinary));
    CHECK(slots.consistent());
}

TEST_CASE("slots: a storm of accepts, dials, proofs and ends never exceeds a limit") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        Rng rng{seed};
        SlotLimits limits = small_limits();
        limits.handshake_per_address_max = 2;
        limits.inbound_per_group_max = 1 + rng.below(2);
        limits.inbound_max = rng.below(5);
        limits.outbound_max = rng.below(5);
        Slots slots{limits};
        std::vector<SlotToken> out;
        for (int step = 0; step < 2000; ++step) {
            const auto small = [&] { return std::byte{static_cast<unsigned char>(rng.below(3))}; };
            const std::byte first = rng.chance(0.2) ? std::byte{10} : std::byte{8};
            const IpAddress address = IpAddress::v4({first, small(), small(), small()});
            const auto slot_class = static_cast<SlotClass>(rng.below(4));
            const std::size_t before = slots.in_use_total();
            switch (rng.below(5)) {
                case 0: {
                    auto token = slots.accept(address);
                    if (token) out.push_back(std::move(*token));
                    break;
                }
                case 1: {
                    auto token = slots.dial(address, slot_class);
                    if (token) out.push_back(std::move(*token));
                    break;
                }
                case 2: {
                    if (out.empty()) break;
                    SlotToken& token = out[rng.below(out.size())];
                    if (!token.in_handshake()) break;
                    const bool outbound = token.kind() == SlotKind::handshake_out;
                    const bool swapped = slots.promote(token, slot_class).has_value();
                    if (outbound) CHECK(swapped);
                    CHECK(slots.in_use_total() == before);
                    break;
                }
                case 3: {
                    if (out.empty()) break;
                    SlotToken& token = out[rng.below(out.size())];
                    if (token.kind() == SlotKind::handshake_in) (void)slots.give_way(token);
                    CHECK(slots.in_use_total() == before);
                    break;
                }
                case 4: {
                    if (out.empty()) break;
                    std::swap(out[rng.below(out.size())], out.back());
                    slots.give_back(out.back());
                    out.pop_back();
                    break;
                }
            }
            REQUIRE(slots.consistent());
            REQUIRE(slots.in_use_total() == out.size());
        }
        for (SlotToken& token : out) slots.give_back(token);
        CHECK(slots.in_use_total() == 0);
        CHECK(slots.consistent());
        for (std::size_t kind = 0; kind < slot_kinds; ++kind) {
            CHECK(slots.reserved(static_cast<SlotKind>(kind)) == 0);
        }
    }
}
