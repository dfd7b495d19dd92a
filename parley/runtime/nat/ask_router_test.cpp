#include <parley/runtime/nat/ask_router.hpp>

#include <parley/runtime/nat/default_router.hpp>
#include <parley/runtime/nat/test_router.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;
using nat::Mapping;
using nat::MappingErrc;
using nat::MappingMethod;
using nat::MappingRequest;
using nat::MappingResult;

namespace {

using Texts = std::vector<std::string>;

MappingRequest ask_for(MappingMethod method, std::uint16_t outside_port = 30303,
                       std::chrono::seconds lifetime = 3600s) {
    return {method, 30303, outside_port, lifetime};
}
MappingRequest remove(MappingMethod method, std::uint16_t outside_port) {
    return {method, 30303, outside_port, 0s, nat::MappingAction::remove};
}
MappingResult by_nat_pmp(const Endpoint& router, const MappingRequest& request) {
    RouterAsker asker{{.router = router}};
    return asker.ask(request);
}
Buffer hex(std::string_view text) {
    return from_hex(text).value();
}

/// As the datagrams ask: at 81.2.3.4, port 40001 for all.
std::vector<Buffer> honest(Bytes datagram) {
    if (datagram.size() == 2) return {hex("008000000000000551020304")};
    const bool removal = equal(datagram.last(4), hex("00000000"));
    return {hex(removal ? "0082000000000005765f000000000000" : "0082000000000005765f9c4100000e10")};
}

/// Grants by PCP what is asked for, at the own address. A reply has the layout of a request but
/// for the header.
std::vector<Buffer> honest_pcp(Bytes datagram) {
    auto out = to_buffer(datagram);
    out[1] |= std::byte{0x80};
    if (out.size() == 60) std::copy(out.begin() + 8, out.begin() + 24, out.begin() + 44);
    std::fill(out.begin() + 8, out.begin() + 24, std::byte{0});
    out[11] = std::byte{5};  // the epoch
    return {out};
}

/// A router at 81.2.3.4 that lets itself be asked for anything.
TestUpnp::Reply willing(const std::string& action, const std::string&) {
    if (action == "GetExternalIPAddress") {
        return TestUpnp::success(action, "<NewExternalIPAddress>81.2.3.4</NewExternalIPAddress>");
    }
    return TestUpnp::success(action);
}
/// The same but for one action.
TestUpnp::Answer but(std::string action, TestUpnp::Reply reply) {
    return [=](const std::string& asked, const std::string& body) {
        return asked == action ? reply : willing(asked, body);
    };
}
nat::MappingError error_of(TestUpnp& router, const MappingRequest& request) {
    RouterAsker asker{{.upnp_description = router.url()}};
    const auto result = asker.ask(request);
    REQUIRE_FALSE(result);
    return result.error();
}

}  // namespace

TEST_CASE("ask router: NAT-PMP over a socket, with another port than the one that was wanted") {
    TestDatagramRouter router{&honest};
    CHECK(by_nat_pmp(router.endpoint(), ask_for(MappingMethod::nat_pmp)) ==
          MappingResult{
              Mapping{MappingMethod::nat_pmp, *Endpoint::parse("81.2.3.4:40001"), 3600s, 5}});
    CHECK(router.asked() == Texts{"0000", "00020000765f765f00000e10"});
    CHECK(by_nat_pmp(router.endpoint(), remove(MappingMethod::nat_pmp, 40001)));
    CHECK(router.asked().back() == "00020000765f000000000000");
}

TEST_CASE("ask router: NAT-PMP refusals, garbage before the answer, nobody there") {
    TestDatagramRouter refusing{[](Bytes) { return std::vector<Buffer>{hex("0080000300000005")}; }};
    const auto refused = by_nat_pmp(refusing.endpoint(), ask_for(MappingMethod::nat_pmp));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == MappingErrc::refused);
    CHECK(refused.error().why == "the router refuses: it has no connection itself (code 3)");

    TestDatagramRouter noisy{[](Bytes datagram) {
        auto replies = honest(datagram);
        replies.insert(replies.begin(), {hex("00"), Buffer(200), hex("0281000000000005")});
        return replies;
    }};
    CHECK(by_nat_pmp(noisy.endpoint(), ask_for(MappingMethod::nat_pmp)));

    Endpoint gone;
    {
        const TestDatagramRouter router{&honest};
        gone = router.endpoint();
    }
    const auto nobody = by_nat_pmp(gone, ask_for(MappingMethod::nat_pmp));
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error() == nat::MappingError{MappingErrc::no_answer,
                                              "the router cannot be asked: Connection refused"});
}

TEST_CASE("ask router: NAT-PMP answers of somebody else do not count") {
    TestDatagramRouter router{&honest, hex("008000000000000505050505")};
    const auto mapped = by_nat_pmp(router.endpoint(), ask_for(MappingMethod::nat_pmp));
    REQUIRE(mapped);
    CHECK(mapped->outside.to_string() == "81.2.3.4:40001");
}

TEST_CASE("ask router: PCP over a socket, under one nonce, from the address that it names") {
    for (const std::string loopback : {"127.0.0.1", "::1"}) {
        const auto own = *IpAddress::parse(loopback);
        const auto bound = Endpoint{own, 0}.to_string();
        TestDatagramRouter router{&honest_pcp, {}, bound.c_str()};
        // Of IPv4 the socket tells the address.
        RouterAsker asker{
            {.listener = own.is_v4() ? IpAddress{} : own, .router = router.endpoint()}};
        const auto mapped = asker.ask(ask_for(MappingMethod::pcp));
        CHECK(mapped == MappingResult{Mapping{MappingMethod::pcp, {own, 30303}, 3600s, 5}});
        auto check = ask_for(MappingMethod::pcp);
        const auto outside = own.is_v4() ? IpAddress{} : own;
        check.action = nat::MappingAction::check;
        CHECK(asker.ask(check) == MappingResult{Mapping{MappingMethod::pcp, {outside, 0}, 0s, 5}});
        CHECK(asker.ask(remove(MappingMethod::pcp, 30303)));
        const auto asked = router.asked();
        REQUIRE(asked.size() == 3);
        const std::string address =
            own.is_v4() ? "00000000000000000000ffff7f000001" : std::string(31, '0') + "1";
        CHECK(asked[0].substr(0, 48) == "0201000000000e10" + address);
        CHECK(asked[1] == "0200000000000000" + address);
        CHECK(asked[2].substr(0, 48) == "0201000000000000" + address);
        const auto nonce = asked[0].substr(48, 24);
        CHECK(nonce != std::string(24, '0'));
        CHECK(asked[2].substr(48, 24) == nonce);
        RouterAsker other{{.listener = own, .router = router.endpoint()}};
        CHECK(other.ask(ask_for(MappingMethod::pcp)));
        CHECK(router.asked().back().substr(48, 24) != nonce);
    }
}

TEST_CASE("ask router: a router that speaks NAT-PMP alone says so to PCP") {
    TestDatagramRouter router{[](Bytes datagram) {
        if (datagram[0] == std::byte{2}) return std::vector<Buffer>{hex("0081000100000005")};
        return honest(datagram);
    }};
    RouterAsker asker{{.router = router.endpoint()}};
    const auto refused = asker.ask(ask_for(MappingMethod::pcp));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() ==
          nat::MappingError{MappingErrc::refused,
                            "the router speaks another protocol: version 0 (NAT-PMP), expected 2"});
    CHECK(router.asked().size() == 1);
    CHECK(asker.ask(ask_for(MappingMethod::nat_pmp)));
}

TEST_CASE("ask router: who cannot ask from its address says so") {
    TestDatagramRouter router{&honest_pcp, {}, "[::1]:0"};
    RouterAsker asker{{.listener = *IpAddress::parse("2001:db8::5"), .router = router.endpoint()}};
    const auto result = asker.ask(ask_for(MappingMethod::pcp));
    REQUIRE_FALSE(result);
    CHECK(result.error() ==
          nat::MappingError{MappingErrc::io,
                            "cannot ask from 2001:db8::5: Cannot assign requested "
                            "address"});
}

TEST_CASE("ask router: UPnP opens pinholes for the own address, renews and closes them") {
    std::mutex mutex;
    Texts bodies;
    bool forgotten = false;
    TestUpnp router{[&](const std::string& action, const std::string& body) {
                        const std::scoped_lock lock{mutex};
                        bodies.push_back(body);
                        if (forgotten && action == "UpdatePinhole") return TestUpnp::refusal(704);
                        const auto id = TestUpnp::member(body, "Protocol");
                        return TestUpnp::success(action, "<UniqueID>" + id + "</UniqueID>");
                    },
                    TestUpnp::described_with_firewall()};
    const auto own = *IpAddress::parse("2001:db8::5");
    RouterAsker asker{{.listener = own, .upnp_description = router.url()}};
    const auto ask = ask_for(MappingMethod::upnp);
    auto udp = ask;
    udp.protocol = nat::MappingProtocol::udp;
    const MappingResult opened = Mapping{MappingMethod::upnp, {own, 30303}, 3600s};
    CHECK(asker.ask(ask) == opened);
    CHECK(asker.ask(udp) == opened);
    CHECK(asker.ask(ask) == opened);
    {
        const std::scoped_lock lock{mutex};
        REQUIRE(bodies.size() == 3);
        CHECK(TestUpnp::member(bodies[0], "InternalClient") == "2001:db8::5");
        CHECK(TestUpnp::member(bodies[0], "InternalPort") == "30303");
        CHECK(TestUpnp::member(bodies[0], "RemotePort") == "0");
        CHECK(TestUpnp::member(bodies[0], "RemoteHost").empty());
        CHECK(TestUpnp::member(bodies[0], "Protocol") == "6");
        CHECK(TestUpnp::member(bodies[0], "LeaseTime") == "3600");
        CHECK(TestUpnp::member(bodies[1], "Protocol") == "17");
        CHECK(TestUpnp::member(bodies[2], "UniqueID") == "6");
        CHECK(TestUpnp::member(bodies[2], "NewLeaseTime") == "3600");
        forgotten = true;
    }
    CHECK(asker.ask(ask) == opened);
    auto close = remove(MappingMethod::upnp, 30303);
    close.protocol = nat::MappingProtocol::udp;
    CHECK(asker.ask(close));
    CHECK(asker.ask(close));  // it is closed
    CHECK(router.asked() == Texts{"description", "AddPinhole", "AddPinhole", "UpdatePinhole",
                                  "UpdatePinhole", "AddPinhole", "DeletePinhole"});
    const std::scoped_lock lock{mutex};
    CHECK(TestUpnp::member(bodies.back(), "UniqueID") == "17");
}

TEST_CASE("ask router: UPnP routers that open no pinhole") {
    const auto own = *IpAddress::parse("2001:db8::5");
    TestUpnp without{&willing};
    RouterAsker asker{{.listener = own, .upnp_description = without.url()}};
    CHECK(asker.ask(ask_for(MappingMethod::upnp)).error() ==
          nat::MappingError{MappingErrc::no_router,
                            "the router's description names no firewall for IPv6"});
    CHECK(without.asked() == Texts{"description"});
    TestUpnp refusing{but("AddPinhole", TestUpnp::refusal(703)),
                      TestUpnp::described_with_firewall()};
    RouterAsker refused{{.listener = own, .upnp_description = refusing.url()}};
    const auto told = refused.ask(ask_for(MappingMethod::upnp)).error();
    CHECK(told.code == MappingErrc::refused);
    CHECK(told.why.starts_with("the router refuses: AddPinhole, "));
    CHECK(told.why.ends_with(" (703)"));
}

TEST_CASE("ask router: UPnP maps, renews without looking again, and takes back") {
    std::mutex mutex;
    Texts bodies;
    TestUpnp router{[&](const std::string& action, const std::string& body) {
        const std::scoped_lock lock{mutex};
        if (action != "GetExternalIPAddress") bodies.push_back(body);
        return willing(action, body);
    }};
    RouterAsker asker{{.upnp_description = router.url()}};
    const MappingResult mapped =
        Mapping{MappingMethod::upnp, *Endpoint::parse("81.2.3.4:30304"), 3600s};
    CHECK(asker.ask(ask_for(MappingMethod::upnp, 30304)) == mapped);
    CHECK(asker.ask(ask_for(MappingMethod::upnp, 30304)) == mapped);
    CHECK(asker.ask(remove(MappingMethod::upnp, 30304)));
    CHECK(router.asked() == Texts{"description", "GetExternalIPAddress", "AddPortMapping",
                                  "GetExternalIPAddress", "AddPortMapping", "DeletePortMapping"});
    const std::scoped_lock lock{mutex};
    const auto& add = bodies.at(0);
    CHECK(TestUpnp::member(add, "NewExternalPort") == "30304");
    CHECK(TestUpnp::member(add, "NewInternalPort") == "30303");
    CHECK(TestUpnp::member(add, "NewInternalClient") == "127.0.0.1");
    CHECK(TestUpnp::member(add, "NewProtocol") == "TCP");
    CHECK(TestUpnp::member(add, "NewLeaseDuration") == "3600");
    CHECK(TestUpnp::member(bodies.at(2), "NewExternalPort") == "30304");
    CHECK(TestUpnp::member(bodies.at(2), "NewProtocol") == "TCP");
}

TEST_CASE("ask router: UDP by either way") {
    const auto both = {MappingMethod::nat_pmp, MappingMethod::upnp};
    std::mutex mutex;
    Texts protocols;
    TestUpnp upnp{[&](const std::string& action, const std::string& body) {
        const std::scoped_lock lock{mutex};
        if (action != "GetExternalIPAddress") {
            protocols.push_back(action + " " + TestUpnp::member(body, "NewProtocol"));
        }
        return willing(action, body);
    }};
    TestDatagramRouter nat_pmp{[](Bytes datagram) {
        auto replies = honest(datagram);
        if (datagram.size() > 2) replies[0][1] = std::byte{0x81};
        return replies;
    }};
    RouterAsker asker{{.router = nat_pmp.endpoint(), .upnp_description = upnp.url()}};
    for (const auto method : both) {
        auto request = ask_for(method);
        request.protocol = nat::MappingProtocol::udp;
        CHECK(asker.ask(request));
        request = remove(method, 30303);
        request.protocol = nat::MappingProtocol::udp;
        CHECK(asker.ask(request));
    }
    CHECK(nat_pmp.asked() == Texts{"0000", "00010000765f765f00000e10", "00010000765f000000000000"});
    const std::scoped_lock lock{mutex};
    CHECK(protocols == Texts{"AddPortMapping UDP", "DeletePortMapping UDP"});
}

TEST_CASE("ask router: UPnP refusals are told apart") {
    struct Case {
        int code;
        MappingErrc error;
    };
    for (const auto& [code, error] :
         {Case{718, MappingErrc::port_taken}, Case{724, MappingErrc::refused},
          Case{725, MappingErrc::permanent_only}, Case{501, MappingErrc::refused},
          Case{606, MappingErrc::refused}}) {
        TestUpnp router{but("AddPortMapping", TestUpnp::refusal(code))};
        const auto told = error_of(router, ask_for(MappingMethod::upnp));
        CAPTURE(code);
        CHECK(told.code == error);
        CHECK(told.why.starts_with("the router refuses: AddPortMapping, "));
        CHECK(told.why.ends_with(" (" + std::to_string(code) + ")"));
    }
    TestUpnp unknown{but("DeletePortMapping", TestUpnp::refusal(714))};
    RouterAsker asker{{.upnp_description = unknown.url()}};
    CHECK(asker.ask(remove(MappingMethod::upnp, 1)));  // it was gone already
}

TEST_CASE("ask router: UPnP routers that hang up, talk nonsense or do not know where they are") {
    TestUpnp mute{but("AddPortMapping", {0, ""})};
    CHECK(error_of(mute, ask_for(MappingMethod::upnp)).code != MappingErrc::refused);
    TestUpnp nonsense{but("GetExternalIPAddress", {200, "<<<>"})};
    CHECK(error_of(nonsense, ask_for(MappingMethod::upnp)).code == MappingErrc::bad_answer);
    for (const std::string address : {"", "somewhere", "81.2.3", "999.1.1.1"}) {
        TestUpnp lost{
            but("GetExternalIPAddress",
                TestUpnp::success("GetExternalIPAddress",
                                  "<NewExternalIPAddress>" + address + "</NewExternalIPAddress>"))};
        CAPTURE(address);
        CHECK(error_of(lost, ask_for(MappingMethod::upnp)).code == MappingErrc::bad_answer);
    }
    for (const std::string description : {"", "no xml", "<root><device></device></root>"}) {
        TestUpnp other{&willing, description};
        CAPTURE(description);
        const auto told = error_of(other, ask_for(MappingMethod::upnp));
        CHECK((told.code == MappingErrc::no_answer || told.code == MappingErrc::bad_answer));
        CHECK(other.asked() == Texts{"description"});
    }
}

TEST_CASE("ask router: a UPnP router that is gone is looked for again") {
    std::atomic<bool> hung_up{false};
    TestUpnp router{[&](const std::string& action, const std::string& body) {
        if (action == "GetExternalIPAddress" && hung_up.exchange(false)) {
            return TestUpnp::Reply{0, ""};
        }
        return willing(action, body);
    }};
    RouterAsker asker{{.upnp_description = router.url()}};
    CHECK(asker.ask(ask_for(MappingMethod::upnp)));
    hung_up = true;
    CHECK(asker.ask(ask_for(MappingMethod::upnp)));
    const auto asked = router.asked();
    CHECK(std::ranges::count(asked, "description") == 2);
}

TEST_CASE("default router: the one with the lowest metric, in the text of /proc/net/route") {
    constexpr std::string_view head =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    const auto found = [&](const std::string& lines) {
        const auto address = parse_default_router(std::string{head} + lines);
        return address ? address->address.to_string() : std::string{"none"};
    };
    const std::string line = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
    CHECK(found(line) == "192.168.0.1");
    CHECK(found("wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n" + line) ==
          "192.168.0.1");
    CHECK(found("") == "none");
    CHECK(parse_default_router("") == std::nullopt);
    for (const std::string other :
         {"eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n",    // no router
          "eth0\t00000000\t00000000\t0001\t0\t0\t100\t00000000\t0\t0\t0\n",    // on the link
          "eth0\t00000000\t0100A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n",    // down
          "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000080\t0\t0\t0\n",    // half of all
          "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\n",                       // cut
          "eth0\t00000000\t0100A8C000\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",  // no address
          "eth0\tx\ty\tz\t0\t0\t-1\t0\n", "\n\n"}) {
        CAPTURE(other);
        CHECK(found(other) == "none");
    }
}

TEST_CASE("default router: of IPv6, with its network, in the text of /proc/net/ipv6_route") {
    const std::string none(32, '0');
    const std::string router = "fe800000000000000000000000000001";
    const auto line = [&](const std::string& to, const std::string& by, const std::string& metric,
                          const std::string& flags) {
        return to + " " + none + " 00 " + by + " " + metric + " 00000004 00000000 " + flags +
               "     eth0\n";
    };
    const auto standard = line(none + " 00", router, "00000400", "00000003");
    const DefaultRouter expected{*IpAddress::parse("fe80::1"), "eth0"};
    CHECK(parse_default_router_v6(standard) == expected);
    CHECK(parse_default_router_v6(
              line(none + " 00", "fe800000000000000000000000000002", "00000401", "00450003") +
              standard) == expected);
    CHECK_FALSE(parse_default_router_v6(""));
    for (const auto& other :
         {line("fd000000000000000000000000000000 40", router, "00000400", "00000003"),
          line(none + " 40", router, "00000400", "00000003"),
          line(none + " 00", none, "00000400", "00000001"),    // on the link
          line(none + " 00", router, "00000400", "00000002"),  // down
          line(none + " 00", none, "ffffffff", "00200200"),    // to nowhere
          line(none + " 00", router, "00000400", "x"),
          line(none + " 00", router + "00", "00000400", "00000003"), standard.substr(0, 120),
          std::string{"\n\n"}}) {
        CAPTURE(other);
        CHECK_FALSE(parse_default_router_v6(other));
    }
}
