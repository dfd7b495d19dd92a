#include <parley/identity/as_map.hpp>

#include <parley/identity/owner_group.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace parley;

namespace {

IpAddress ip(std::string_view text) {
    return *IpAddress::parse(text);
}

AsMap read(std::string_view text) {
    auto map = AsMap::parse(text);
    REQUIRE(map);
    return *std::move(map);
}

std::string problem_of(std::string_view text) {
    const auto map = AsMap::parse(text);
    return map ? "none" : std::to_string(map.error().line) + ": " + message(map.error());
}

}  // namespace

TEST_CASE("AS map: the longest prefix counts, in both families") {
    const auto map = read(R"(# a comment
10.0.0.0/8 1
10.1.0.0/16	AS2   # another
10.1.2.0/24 as3
10.1.2.255/32 4

255.0.0.0/8 5
2001:db8::/32 6
2001:db8:1::/48 7
ffff::/16 8)");
    CHECK(map.prefixes() == 8);
    const std::map<std::string, AsNumber> expected{
        {"9.255.255.255", 0},   {"10.0.0.0", 1},          {"10.0.255.255", 1},
        {"10.1.0.0", 2},        {"10.1.1.255", 2},        {"10.1.2.0", 3},
        {"10.1.2.254", 3},      {"10.1.2.255", 4},        {"10.1.3.0", 2},
        {"10.2.0.0", 1},        {"11.0.0.0", 0},          {"254.255.255.255", 0},
        {"255.255.255.255", 5}, {"2001:db7:ffff::", 0},   {"2001:db8::1", 6},
        {"2001:db8:1::1", 7},   {"2001:db8:1:ffff::", 7}, {"2001:db8:2::", 6},
        {"2001:db9::", 0},      {"ffff:1::", 8},          {"::ffff:10.1.2.1", 3}};
    for (const auto& [address, as] : expected) {
        INFO(address);
        CHECK(map.find(ip(address)) == as);
    }
}

TEST_CASE("AS map: order, ends of lines and the whole of a family do not matter") {
    const auto map = read("10.1.0.0/16 2\r\n0.0.0.0/0 9\r\n\r\n10.0.0.0/8 1\r\n::/0 4294967295");
    CHECK(map.find(ip("10.1.9.9")) == 2);
    CHECK(map.find(ip("10.2.0.0")) == 1);
    CHECK(map.find(ip("0.0.0.0")) == 9);
    CHECK(map.find(ip("255.255.255.255")) == 9);
    CHECK(map.find(ip("ffff::1")) == 4294967295U);
    CHECK(read("").find(ip("10.0.0.1")) == 0);
    CHECK(read("# nothing\n").prefixes() == 0);
}

TEST_CASE("AS map: it agrees with a look at each prefix") {
    std::vector<std::pair<NetworkGroup, AsNumber>> prefixes;
    std::string text;
    for (unsigned i = 0; i < 200; ++i) {
        const unsigned bits = 4 + i * 7 % 29;
        const auto address =
            IpAddress::v4({static_cast<std::byte>(i * 37 % 8), static_cast<std::byte>(i * 101),
                           static_cast<std::byte>(i * 13), static_cast<std::byte>(i * 59)});
        const auto network = group_of(address, bits, bits);
        if (std::ranges::find(prefixes, network, &std::pair<NetworkGroup, AsNumber>::first) !=
            prefixes.end()) {
            continue;
        }
        prefixes.emplace_back(network, i + 1);
        text += network.to_string() + ' ' + std::to_string(i + 1) + '\n';
    }
    const auto map = read(text);
    for (unsigned n = 0; n < 20'000; ++n) {
        const auto address =
            IpAddress::v4({static_cast<std::byte>(n % 9), static_cast<std::byte>(n * 7),
                           static_cast<std::byte>(n * 31), static_cast<std::byte>(n / 11)});
        AsNumber as = 0;
        int bits = -1;
        for (const auto& [network, number] : prefixes) {
            if (network.bits > bits && group_of(address, network.bits, network.bits) == network) {
                as = number;
                bits = network.bits;
            }
        }
        REQUIRE(map.find(address) == as);
    }
}

TEST_CASE("AS map: each bad line is told with its number") {
    const std::map<std::string, std::string> bad{
        {"10.0.0.0/8", "1: no AS behind the prefix"},
        {"\n# x\n10.0.0.0/8 # 5", "3: no AS behind the prefix"},
        {"10.0.0.0/8 1\n10.0.0.0 2", "2: expected PREFIX/BITS, such as 203.0.113.0/24"},
        {"64500", "1: expected PREFIX/BITS, such as 203.0.113.0/24"},
        {"10.0.0/8 1", "1: neither an IPv4 nor an IPv6 address"},
        {"/8 1", "1: neither an IPv4 nor an IPv6 address"},
        {"fe80::%eth0/64 1", "1: neither an IPv4 nor an IPv6 address"},
        {"10.0.0.0/33 1", "1: expected 0 to 32 bits behind the slash"},
        {"10.0.0.0/ 1", "1: expected 0 to 32 bits behind the slash"},
        {"10.0.0.0/-1 1", "1: expected 0 to 32 bits behind the slash"},
        {"10.0.0.0/8/8 1", "1: expected 0 to 32 bits behind the slash"},
        {"2001:db8::/129 1", "1: expected 0 to 128 bits behind the slash"},
        {"10.0.0.1/8 1", "1: the address has bits behind the first 8"},
        {"2001:db8::1/64 1", "1: the address has bits behind the first 64"},
        {"10.0.0.0/8 0", "1: expected an AS, 1 to 4294967295"},
        {"10.0.0.0/8 4294967296", "1: expected an AS, 1 to 4294967295"},
        {"10.0.0.0/8 ASN1", "1: expected an AS, 1 to 4294967295"},
        {"10.0.0.0/8 1.5", "1: expected an AS, 1 to 4294967295"},
        {"10.0.0.0/8 1 2", "1: more than a prefix and an AS"},
        {"10.0.0.0/8 1\n11.0.0.0/8 2\n10.0.0.0/8 3", "3: the same prefix as in line 1"},
        {"2001:db8::/32 1\n2001:db8::/32 1", "2: the same prefix as in line 1"},
    };
    for (const auto& [text, problem] : bad) {
        INFO(text);
        CHECK(problem_of(text) == problem);
    }
}

TEST_CASE("AS map: it is bounded") {
    CHECK(problem_of(std::string(AsMap::text_bytes_max + 1, '\n')) ==
          "0: 67108865 bytes, at most 67108864 are allowed");
    std::string many;
    for (std::size_t i = 0; i <= AsMap::prefixes_max; ++i) many += "1.2.3.4/32 1\n";
    CHECK(problem_of(many) == "2000001: more than 2000000 prefixes");
}

TEST_CASE("owner groups: the AS where it is known, else the /16 or /32") {
    const OwnerGroups plain;
    CHECK(plain.of(ip("203.7.113.9")).to_string() == "203.7.0.0/16");
    CHECK(plain.of(ip("203.7.1.1")) == plain.of(ip("203.7.255.255")));
    CHECK(plain.of(ip("203.7.1.1")) != plain.of(ip("203.8.1.1")));
    const OwnerGroups mapped{
        std::make_shared<const AsMap>(read("203.7.0.0/17 5\n99.0.0.0/8 5\n2600::/12 5"))};
    CHECK(mapped.of(ip("203.7.113.9")).to_string() == "AS5");
    CHECK(mapped.of(ip("203.7.113.9")) == mapped.of(ip("99.1.2.3")));
    CHECK(mapped.of(ip("203.7.113.9")) == mapped.of(ip("2600:1::1")));
    CHECK(mapped.of(ip("203.7.128.1")).to_string() == "203.7.0.0/16");
    CHECK(mapped.of(ip("2700:1:2::")).to_string() == "2700:1::/32");
    CHECK(key_of(mapped.of(ip("99.1.2.3"))) == key_of(mapped.of(ip("2600:1::1"))));
    CHECK(key_of(mapped.of(ip("99.1.2.3"))) != key_of(plain.of(ip("99.1.2.3"))));
    CHECK(key_of(plain.of(ip("0.0.0.5"))) != key_of(plain.of(ip("0.1.0.5"))));
}
