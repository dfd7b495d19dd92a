#include <parley/transport/proxy/socks5.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace parley;
using namespace parley::transport;

namespace {

const Endpoint destination = *Endpoint::parse("203.0.113.7:30770");
const Proxy open_proxy{.endpoint = *Endpoint::parse("127.0.0.1:1080"), .user = {}, .password = {}};
const Proxy closed_proxy{
    .endpoint = *Endpoint::parse("127.0.0.1:1080"), .user = "alice", .password = "secret"};

std::string take(Socks5& socks) {
    auto out = to_hex(socks.output());
    socks.sent(socks.output().size());
    return out;
}

/// What the whole stream of a proxy leads to, read in pieces of `step`: "done" and how many bytes
/// were left, or the error.
std::string outcome(const Proxy& proxy, std::string_view hex, std::size_t step = SIZE_MAX) {
    const Buffer stream = *from_hex(hex);
    Socks5 socks{proxy, destination, {}};
    std::size_t at = 0;
    while (!socks.done()) {
        (void)take(socks);
        const auto size = std::min({step, socks.wanted(), stream.size() - at});
        REQUIRE(socks.wanted() > 0);
        if (size == 0) return message(socks.on_end());
        if (const auto ok = socks.on_bytes(Bytes{stream}.subspan(at, size)); !ok) {
            return message(ok.error());
        }
        at += size;
    }
    CHECK(socks.wanted() == 0);
    return "done, " + std::to_string(stream.size() - at) + " left";
}

}  // namespace

TEST_CASE("SOCKS5: a proxy without login, for an address of either family") {
    Socks5 four{open_proxy, destination, {}};
    CHECK(take(four) == "050100");
    CHECK(four.wanted() == 2);
    REQUIRE(four.on_bytes(*from_hex("0500")));
    CHECK(take(four) == "05010001cb0071077832");
    REQUIRE(four.on_bytes(*from_hex("0500")));
    CHECK(four.wanted() == 3);
    REQUIRE(four.on_bytes(*from_hex("000100")));
    CHECK(four.wanted() == 5);
    CHECK_FALSE(four.done());
    REQUIRE(four.on_bytes(*from_hex("0000000000")));
    CHECK(four.done());
    CHECK(four.wanted() == 0);

    Socks5 six{open_proxy, *Endpoint::parse("[2001:db8::1]:1"), {}};
    (void)take(six);
    REQUIRE(six.on_bytes(*from_hex("0500")));
    CHECK(take(six) == "0501000420010db80000000000000000000000010001");
}

TEST_CASE("SOCKS5: a name is left to the proxy to resolve") {
    Socks5 socks{open_proxy, {{}, 80}, "host.example"};
    (void)take(socks);
    REQUIRE(socks.on_bytes(*from_hex("0500")));
    CHECK(take(socks) == "050100030c686f73742e6578616d706c650050");
}

TEST_CASE("SOCKS5: user and password") {
    Socks5 socks{closed_proxy, destination, {}};
    CHECK(take(socks) == "05020002");
    REQUIRE(socks.on_bytes(*from_hex("0502")));
    CHECK(take(socks) == "0105616c69636506736563726574");
    REQUIRE(socks.on_bytes(*from_hex("0100")));
    CHECK(take(socks) == "05010001cb0071077832");

    Socks5 unasked{closed_proxy, destination, {}};
    (void)take(unasked);
    REQUIRE(unasked.on_bytes(*from_hex("0500")));  // it lets anybody in
    CHECK(take(unasked) == "05010001cb0071077832");
}

TEST_CASE("SOCKS5: texts are cut to what the protocol can carry") {
    Proxy proxy = closed_proxy;
    proxy.user = std::string(300, 'u');
    proxy.password = std::string(300, 'p');
    Socks5 socks{proxy, destination, std::string(300, 'h')};
    (void)take(socks);
    REQUIRE(socks.on_bytes(*from_hex("0502")));
    CHECK(socks.output().size() == 1 + 256 + 256);
    CHECK(socks.output().size() <= Socks5::message_bytes_max);
}

TEST_CASE("SOCKS5: it reads exactly to the end of the reply, in any pieces") {
    struct Case {
        std::string_view stream;
        std::string_view expected;
    };
    for (const auto& [stream, expected] : {
             Case{"050005000001000000000000", "done, 0 left"},
             Case{"050005000001010203041234abcd", "done, 2 left"},
             Case{"050005000004000000000000000000000000000000011234ff", "done, 1 left"},
             Case{"050005000003001234ff", "done, 1 left"},
             Case{"0500050000030568656c6c6f1234ff", "done, 1 left"},
             Case{"0502010005000001000000000000aa", "done, 1 left"},
         }) {
        INFO(std::string{stream});
        CHECK(outcome(closed_proxy, stream) == expected);
        CHECK(outcome(closed_proxy, stream, 1) == expected);
        CHECK(outcome(closed_proxy, stream, 3) == expected);
    }
}

TEST_CASE("SOCKS5: every way it can fail has its own words") {
    struct Case {
        std::string_view stream;
        std::string_view expected;
    };
    for (const auto& [stream, expected] : {
             Case{"0400", "not SOCKS version 5: its answer begins with 4"},
             Case{"4854", "not SOCKS version 5: its answer begins with 72"},  // "HT" of HTTP
             Case{"05ff", "it takes none of the ways to log in that were offered"},
             Case{"0501", "it wants a way to log in that was not offered: 1"},
             Case{"0503", "it wants a way to log in that was not offered: 3"},
             Case{"05020500", "unknown version of the login: expected 1, got 5"},
             Case{"05020101", "wrong user name or password (status 1)"},
             Case{"050201ff", "wrong user name or password (status 255)"},
             Case{"05000400", "not SOCKS version 5: its answer begins with 4"},
             Case{"05000501", "general failure"},
             Case{"05000502", "not allowed by its rules"},
             Case{"05000503", "network unreachable"},
             Case{"05000504", "host unreachable"},
             Case{"05000505", "connection refused"},
             Case{"05000506", "time to live expired"},
             Case{"05000507", "it does not make connections"},
             Case{"05000508", "address type not supported"},
             Case{"05000509", "unknown reply 9"},
             Case{"050005ff", "unknown reply 255"},
             Case{"05000500000000", "unknown address type 0 in its reply"},
             Case{"05000500000200", "unknown address type 2 in its reply"},
             Case{"", "it ended the connection after 0 of 2 bytes of a message"},
             Case{"05", "it ended the connection after 1 of 2 bytes of a message"},
             Case{"0500", "it ended the connection after 0 of 2 bytes of a message"},
             Case{"050201", "it ended the connection after 1 of 2 bytes of a message"},
             Case{"05000500", "it ended the connection after 2 of 5 bytes of a message"},
             Case{"0500050000010000", "it ended the connection after 6 of 10 bytes of a message"},
             Case{"050005000003ff", "it ended the connection after 5 of 262 bytes of a message"},
         }) {
        INFO(std::string{stream});
        CHECK(outcome(closed_proxy, stream) == expected);
        CHECK(outcome(closed_proxy, stream, 1) == expected);
    }
    CHECK(outcome(open_proxy, "0502") == "it wants a way to log in that was not offered: 2");
}

TEST_CASE("SOCKS5: which failures are the proxy's own and which the destination's") {
    for (const auto code :
         {Socks5Errc::wrong_version, Socks5Errc::method_refused, Socks5Errc::unasked_method,
          Socks5Errc::wrong_login_version, Socks5Errc::login_refused,
          Socks5Errc::command_not_supported, Socks5Errc::unknown_reply,
          Socks5Errc::bad_address_type, Socks5Errc::truncated}) {
        CHECK(is_proxys_own(code));
    }
    for (const auto code :
         {Socks5Errc::general_failure, Socks5Errc::not_allowed, Socks5Errc::network_unreachable,
          Socks5Errc::host_unreachable, Socks5Errc::connection_refused, Socks5Errc::ttl_expired,
          Socks5Errc::address_type_not_supported}) {
        CHECK_FALSE(is_proxys_own(code));
    }
}
