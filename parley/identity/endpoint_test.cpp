#include <parley/identity/endpoint.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace parley;

namespace {

IpAddress ip(std::string_view text) {
    const auto address = IpAddress::parse(text);
    REQUIRE_MESSAGE(address.has_value(), std::string{text});
    return *address;
}

}  // namespace

TEST_CASE("addresses are read and written") {
    for (const std::string text : {"0.0.0.0", "203.0.113.7", "255.255.255.255", "::", "::1",
                                   "2001:db8::1", "fe80::1:2:3:4"}) {
        INFO(text);
        CHECK(ip(text).to_string() == text);
    }
    CHECK(ip("2001:0DB8:0:0:0:0:0:1").to_string() == "2001:db8::1");
    for (const std::string_view text :
         {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "0x7f.0.0.1",
          "127.1", "2130706433", "localhost", ":::", "1::2::3", "12345::", "[::1]", "fe80::1%eth0",
          "::1.2.3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"}) {
        INFO(std::string{text});
        CHECK_FALSE(IpAddress::parse(text));
    }
    CHECK_FALSE(IpAddress::parse(std::string_view{"1.2.3.4\0", 8}));
    CHECK_FALSE(IpAddress::parse(std::string(1000, '1')));
}

TEST_CASE("an IPv4 address in IPv6 clothes is the IPv4 address") {
    CHECK(ip("::ffff:10.0.0.1") == ip("10.0.0.1"));
    CHECK(ip("::ffff:10.0.0.1").is_v4());
    CHECK(ip("::ffff:10.0.0.1").bytes().size() == 4);
    CHECK(ip("::ffff:127.0.0.1").is_loopback());
    CHECK_FALSE(ip("::fffe:10.0.0.1").is_v4());
}

TEST_CASE("every special range ends where its registry says") {
    struct Edges {
        std::string_view before, first, last, after;
    };
    // Empty: outside the ranges there is no public address on that side.
    const Edges special[] = {
        {"", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
        {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
        {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
        {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
        {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
        {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
        {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
        {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
        {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
        {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
        {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
        {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
        {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
        {"223.255.255.255", "224.0.0.0", "255.255.255.255", ""},
        {"", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
        {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff::", "2001:200::"},
        {"2001:db7:ffff:ffff::", "2001:db8::", "2001:db8:ffff:ffff::", "2001:db9::"},
        {"2001:ffff::", "2002::", "2002:ffff:ffff::", "2003::"},
        {"3ffe:ffff::", "3fff::", "3fff:fff:ffff::", "3fff:1000::"},
        {"3fff:ffff:ffff::", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
        {"", "fc00::1", "fdff:ffff::", ""},
        {"", "fe80::1", "febf:ffff::", ""},
        {"", "ff02::1", "ff0e::1", ""},
        {"", "64:ff9b::1", "100::1", ""},
    };
    for (const auto& e : special) {
        INFO(std::string{e.first});
        CHECK_FALSE(ip(e.first).is_public());
        CHECK_FALSE(ip(e.last).is_public());
        if (!e.before.empty()) CHECK(ip(e.before).is_public());
        if (!e.after.empty()) CHECK(ip(e.after).is_public());
    }
}

TEST_CASE("private, loopback and unspecified addresses") {
    for (const std::string_view text :
         {"10.1.2.3", "100.64.0.1", "169.254.1.1", "172.31.255.255", "192.168.1.1", "fc00::1",
          "fdff::1", "fe80::1", "febf::1"}) {
        INFO(std::string{text});
        CHECK(ip(text).is_private());
        CHECK(is_exempt_from_group_limits(ip(text)));
    }
    for (const std::string_view text : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "203.0.113.7",
                                        "127.0.0.1", "fec0::1", "2600::1", "::1"}) {
        INFO(std::string{text});
        CHECK_FALSE(ip(text).is_private());
    }
    CHECK(ip("127.255.0.1").is_loopback());
    CHECK(ip("::1").is_loopback());
    CHECK_FALSE(ip("::2").is_loopback());
    CHECK_FALSE(ip("128.0.0.1").is_loopback());
    CHECK(is_exempt_from_group_limits(ip("::1")));
    CHECK_FALSE(is_exempt_from_group_limits(ip("8.8.8.8")));
    CHECK(IpAddress{}.is_unspecified());
    CHECK(ip("::").is_unspecified());
    CHECK_FALSE(ip("0.0.0.1").is_unspecified());
}

TEST_CASE("groups keep the leading bits only") {
    CHECK(outbound_group(ip("203.7.113.9")).to_string() == "203.7.0.0/16");
    CHECK(outbound_group(ip("2600:1:2:3::4")).to_string() == "2600:1::/32");
    CHECK(inbound_group(ip("203.7.113.9")).to_string() == "203.7.113.0/24");
    CHECK(inbound_group(ip("2600:1:2:3::4")).to_string() == "2600:1:2::/48");
    CHECK(exact_group(ip("203.7.113.9")).to_string() == "203.7.113.9/32");
    CHECK(exact_group(ip("2600:1:2:3::4")).to_string() == "2600:1:2:3::/64");
    CHECK(group_of(ip("255.255.255.255"), 13, 0).to_string() == "255.248.0.0/13");
    CHECK(group_of(ip("ffff:ffff::"), 0, 19).to_string() == "ffff:e000::/19");
    CHECK(group_of(ip("255.255.255.255"), 0, 0).to_string() == "0.0.0.0/0");
    CHECK(group_of(ip("1.2.3.4"), 99, 999).bits == 32);
    CHECK(outbound_group(ip("203.7.1.1")) == outbound_group(ip("203.7.255.255")));
    CHECK(outbound_group(ip("203.7.1.1")) != outbound_group(ip("203.8.1.1")));
    // The same bits in the other family are another group.
    CHECK(group_of(ip("0.0.0.0"), 0, 0) != group_of(ip("::"), 0, 0));
}

TEST_CASE("keys of endpoints tell family, address and port apart, and families are those in use") {
    std::set<ByteArray<19>> keys;
    std::vector<Endpoint> endpoints;
    for (const std::string_view text :
         {"1.2.3.4:80", "1.2.3.4:81", "1.2.3.5:80", "[102:304::]:80", "1.2.3.4:20480"}) {
        endpoints.push_back(*Endpoint::parse(text));
        keys.insert(key_of(endpoints.back()));
    }
    CHECK(keys.size() == endpoints.size());
    CHECK(families_of(endpoints).v4);
    CHECK(families_of(endpoints).v6);
    endpoints.resize(3);
    CHECK_FALSE(families_of(endpoints).v6);
    CHECK_FALSE(families_of(std::vector<Endpoint>{}).v4);
}

TEST_CASE("endpoints are read and written") {
    for (const std::string text :
         {"203.0.113.7:30303", "[2001:db8::1]:30303", "127.0.0.1:0", "[::]:65535"}) {
        INFO(text);
        const auto endpoint = Endpoint::parse(text);
        REQUIRE(endpoint);
        CHECK(endpoint->to_string() == text);
    }
    for (const std::string_view text :
         {"",           ":",          "1.2.3.4",     "1.2.3.4:",     ":80",         "1.2.3.4:65536",
          "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4:080", "1.2.3.4: 80",  "1.2.3.4:80 ", "1.2.3.4:0x50",
          "::1:80",     "[::1]",      "[::1]:",      "[1.2.3.4]:80", "[::1:80",     "::1]:80",
          "[]:80",      "[::1]x:80",  "host:80"}) {
        INFO(std::string{text});
        CHECK_FALSE(Endpoint::parse(text));
    }
}
