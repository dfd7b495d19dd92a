#include <parley/transport/switch/address_refusals.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::transport;

namespace {

Instant at(Duration d) {
    return Instant{} + d;
}
IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}
NodeId node(unsigned n) {
    NodeId id;
    id.key[0] = std::byte{2};
    id.key[7] = static_cast<std::byte>(n >> 8);
    id.key[8] = static_cast<std::byte>(n);
    return id;
}

}  // namespace

TEST_CASE("address refusals: many identities that misbehaved, not one that did so often") {
    AddressRefusals refusals{{}, 7};
    const auto from = ip("8.8.8.8");
    for (int i = 0; i < 100; ++i) CHECK_FALSE(refusals.note(at(0s), from, node(1), 90.0));
    for (unsigned i = 2; i < 50; ++i) CHECK_FALSE(refusals.note(at(0s), from, node(i), 24.0));
    for (unsigned i = 2; i < 8; ++i) CHECK_FALSE(refusals.note(at(0s), from, node(i), 25.0));
    CHECK_FALSE(refusals.refuses(at(0s), from));
    CHECK(refusals.note(at(1min), from, node(8), 30.0));
    CHECK(refusals.refuses(at(1min), from));
    CHECK_FALSE(refusals.refuses(at(1min), ip("8.8.8.9")));
    CHECK(refusals.refuses(at(11min) - 1ms, from));
    CHECK_FALSE(refusals.refuses(at(11min), from));
}

TEST_CASE("address refusals: an hour without any starts anew") {
    AddressRefusals refusals{{}, 7};
    for (unsigned i = 0; i < 30; ++i) {
        CHECK_FALSE(refusals.note(at(i / 5 * 1h), ip("8.8.8.8"), node(i), 50.0));
    }
}

TEST_CASE("address refusals: whoever has many addresses in a /24 is refused as a group") {
    AddressRefusals refusals{{}, 7};
    bool refused = false;
    for (unsigned i = 0; i < 32; ++i) {
        const auto address =
            IpAddress::v4({std::byte{8}, std::byte{8}, std::byte{8}, static_cast<std::byte>(i)});
        refused = refusals.note(at(0s), address, node(i), 50.0);
        CHECK(refused == (i == 31));
    }
    CHECK(refusals.refuses(at(0s), ip("8.8.8.200")));
    CHECK_FALSE(refusals.refuses(at(0s), ip("8.8.9.200")));
}

TEST_CASE("address refusals: loopback and private addresses only where it is wished") {
    AddressRefusals lenient{{}, 7};
    AddressRefusals strict{{.exempt_addresses_too = true}, 7};
    for (unsigned i = 0; i < 50; ++i) {
        CHECK_FALSE(lenient.note(at(0s), ip("127.0.0.1"), node(i), 50.0));
        strict.note(at(0s), ip("127.0.0.1"), node(i), 50.0);
    }
    CHECK_FALSE(lenient.refuses(at(0s), ip("127.0.0.1")));
    CHECK(strict.refuses(at(0s), ip("127.0.0.1")));
}
