#include <parley/nat/own_address.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::nat;

namespace {

/// Seconds since the start of a test.
Now at(Duration since_start) {
    return {Instant{} + 1h + since_start, {}};
}

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}
/// Somebody in network group n.
IpAddress voter(int n, int host = 1) {
    return ip("20." + std::to_string(n) + ".0." + std::to_string(host));
}
IpAddress voter6(int n) {
    return ip("2600:" + std::to_string(n) + "::1");
}

const IpAddress ours = ip("81.2.3.4");
const IpAddress later = ip("81.9.9.9");
const IpAddress lie = ip("66.6.6.6");

}  // namespace

TEST_CASE("own address: three groups that agree are believed, fewer are not") {
    OwnAddress own{{}};
    CHECK_FALSE(own.address(true));
    CHECK_FALSE(own.on_vote(at(0s), voter(1), ours));
    CHECK_FALSE(own.on_vote(at(1s), voter(2), ours));
    CHECK_FALSE(own.address(true));
    CHECK(own.on_vote(at(2s), voter(3), ours));
    CHECK(own.address(true) == ours);
    CHECK_FALSE(own.on_vote(at(3s), voter(4), ours));  // nothing new
    CHECK_FALSE(own.address(false));
}

TEST_CASE("own address: liars of one group have one vote, however many they are") {
    OwnAddress own{{}};
    for (int host = 1; host < 200; ++host) {
        CHECK_FALSE(own.on_vote(at(0s), voter(1, host), lie));
    }
    CHECK(own.votes(true) == 1);
    for (int n = 2; n <= 4; ++n) own.on_vote(at(1s), voter(n), ours);
    CHECK(own.address(true) == ours);
    for (int host = 1; host < 200; ++host) {
        CHECK_FALSE(own.on_vote(at(2s), voter(1, host), lie));
    }
    CHECK(own.address(true) == ours);
}

TEST_CASE("own address: three groups that lie among more that do not are no majority") {
    OwnAddress own{{}};
    for (int n = 1; n <= 7; ++n) own.on_vote(at(0s), voter(n), ours);
    for (int round = 0; round < 100; ++round) {
        for (int n = 11; n <= 13; ++n) CHECK_FALSE(own.on_vote(at(1s), voter(n), lie));
    }
    CHECK(own.address(true) == ours);
    // Each lies differently: no majority, and the mind stays.
    OwnAddress split{{}};
    for (int n = 1; n <= 9; ++n) {
        CHECK_FALSE(split.on_vote(at(0s), voter(n), ip("81.0.0." + std::to_string(n))));
    }
    CHECK_FALSE(split.address(true));
}

TEST_CASE("own address: half of the votes is not enough") {
    OwnAddress own{{}};
    for (int n = 1; n <= 3; ++n) own.on_vote(at(0s), voter(n), lie);
    CHECK(own.address(true) == lie);
    for (int n = 11; n <= 13; ++n) CHECK_FALSE(own.on_vote(at(1s), voter(n), ours));
    CHECK(own.on_vote(at(1s), voter(14), ours));
    CHECK(own.address(true) == ours);
}

TEST_CASE("own address: a new address wins once most of the latest votes are for it") {
    OwnAddress own{{}};
    for (int n = 1; n <= 50; ++n) own.on_vote(at(0s), voter(n), ours);
    CHECK(own.votes(true) == 10);
    for (int n = 51; n <= 55; ++n) CHECK_FALSE(own.on_vote(at(10s), voter(n), later));
    CHECK(own.on_vote(at(10s), voter(56), later));
    CHECK(own.address(true) == later);
}

TEST_CASE("own address: votes age, the mind does not") {
    OwnAddress own{{.vote_lifetime = 1h}};
    for (int n = 1; n <= 6; ++n) own.on_vote(at(0s), voter(n), ours);
    CHECK_FALSE(own.on_vote(at(1h), voter(11), later));
    CHECK(own.votes(true) == 1);
    CHECK(own.address(true) == ours);
    CHECK_FALSE(own.on_vote(at(1h), voter(12), later));
    CHECK(own.on_vote(at(1h), voter(13), later));
    CHECK(own.address(true) == later);
}

TEST_CASE("own address: a group that changes its mind is counted once, by its latest vote") {
    OwnAddress own{{}};
    own.on_vote(at(0s), voter(1), lie);
    own.on_vote(at(0s), voter(2), lie);
    own.on_vote(at(1s), voter(1), ours);
    own.on_vote(at(1s), voter(2), ours);
    CHECK_FALSE(own.on_vote(at(1s), voter(3), lie));
    CHECK(own.on_vote(at(1s), voter(4), ours));
    CHECK(own.address(true) == ours);
}

TEST_CASE("own address: the families have votes of their own") {
    OwnAddress own{{}};
    const IpAddress six = ip("2a00:1::5");
    for (int n = 1; n <= 3; ++n) {
        own.on_vote(at(0s), voter(n), ours);
        own.on_vote(at(0s), voter6(n), six);
    }
    CHECK(own.address(true) == ours);
    CHECK(own.address(false) == six);
    // Who was called over one family cannot have seen the other.
    for (int n = 1; n <= 10; ++n) CHECK_FALSE(own.on_vote(at(1s), voter6(n), lie));
    CHECK(own.votes(true) == 3);
}

TEST_CASE("own address: private addresses count in private networks only") {
    const IpAddress home = ip("192.168.1.5");
    for (const bool allowed : {false, true}) {
        OwnAddress own{{.allow_private = allowed}};
        for (int n = 1; n <= 3; ++n) {
            own.on_vote(at(0s), ip("192.168.1." + std::to_string(10 + n)), home);
        }
        CHECK(own.address(true).has_value() == allowed);
    }
    for (const bool allowed : {false, true}) {
        OwnAddress own{{.allow_private = allowed}};
        for (int n = 1; n <= 9; ++n) {
            // From outside nobody sees us there, and nobody is there.
            CHECK_FALSE(own.on_vote(at(0s), voter(n), home));
            CHECK_FALSE(own.on_vote(at(0s), voter(n), ip("127.0.0.1")));
            CHECK_FALSE(own.on_vote(at(0s), voter(n), ip("0.0.0.0")));
            CHECK_FALSE(own.on_vote(at(0s), voter(n), ip("224.0.0.1")));
            CHECK_FALSE(own.on_vote(at(0s), voter(n), ip("203.0.113.1")));  // documentation
        }
        CHECK(own.votes(true) == 0);
    }
    // All that is seen on one machine is one voter.
    OwnAddress machine{{.allow_private = true}};
    for (int n = 1; n <= 9; ++n) {
        CHECK_FALSE(machine.on_vote(at(0s), ip("127.0.0.1"), ip("127.0.0.1")));
    }
}
