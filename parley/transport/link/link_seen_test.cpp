// ObservedAddress: the listener tells the dialer from where it saw it call.
#include <parley/transport/link/test_link_pair.hpp>

#include <doctest/doctest.h>

namespace parley::transport {
namespace {

using namespace testing;

TEST_CASE("link: the listener tells with Ready from where it saw the dialer, once") {
    const auto remote = *Endpoint::parse("[2001:db8::7]:40000");
    LinkPair pair;
    pair.listener = Side{
        Link::accept(pair.config, pair.listener_node.identity, pair.now(), pair.entropy, remote)};
    pair.pump();
    REQUIRE(pair.dialer.take<Authenticated>().size() == 1);
    pair.dialer.command(pair.now(), Proceed{});
    pair.pump();
    pair.listener.command(pair.now(), Proceed{});
    pair.pump();
    REQUIRE(pair.dialer.events.size() == 2);  // Up, then ObservedAddress
    CHECK(pair.dialer.take<Up>().size() == 1);
    const auto seen = pair.dialer.take<ObservedAddress>();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].endpoint == remote);
    pair.run_for(1h);
    CHECK_FALSE(pair.dialer.has<ObservedAddress>());
    CHECK_FALSE(pair.listener.has<ObservedAddress>());
}

TEST_CASE("link: ObservedAddress is heard once, from the listener alone, and must have its form") {
    const auto seen = control_bytes(ControlCode::seen, encode_seen(*Endpoint::parse("1.2.3.4:5")));
    CHECK(to_hex(encode_seen(*Endpoint::parse("203.0.113.7:30770"))) == "c884cb007107827832");
    RawPeer listener;
    listener.listen_to_link();
    SUBCASE("twice") {
        listener.send(control_bytes(ControlCode::ready, {}));
        listener.send(seen);
        listener.send(seen);
        CHECK(listener.side->take<ObservedAddress>().size() == 1);
        CHECK_FALSE(listener.side->link.closed());
    }
    SUBCASE("before Ready") {
        listener.send(seen);
        CHECK(listener.side->closed().reason == CloseReason::protocol_error);
    }
    SUBCASE("unknown trailing fields are ignored") {
        listener.send(control_bytes(ControlCode::ready, {}));
        listener.send(control_bytes(ControlCode::seen, *from_hex("c98401020304820102"
                                                                 "05")));
        CHECK(listener.side->take<ObservedAddress>().size() == 1);
    }
    SUBCASE("bad ones") {
        for (const auto* bad : {"", "80", "c0",
                                "c3820102"
                                "05",
                                "c58401020304", "c6840102030400",
                                "c98401020304"
                                "83010000",
                                "c88401020304820102"
                                "00"}) {
            INFO(bad);
            RawPeer peer;
            peer.listen_to_link();
            peer.send(control_bytes(ControlCode::ready, {}));
            peer.send(control_bytes(ControlCode::seen, *from_hex(bad)));
            CHECK_FALSE(peer.side->has<ObservedAddress>());
            CHECK(peer.side->closed().reason == CloseReason::protocol_error);
        }
    }
    SUBCASE("from a dialer") {
        RawPeer dialer;
        dialer.dial_link_up();
        dialer.send(seen);
        CHECK_FALSE(dialer.side->has<ObservedAddress>());
        CHECK_FALSE(dialer.side->link.closed());
    }
}

}  // namespace
}  // namespace parley::transport
