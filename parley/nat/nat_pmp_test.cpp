#include <parley/nat/nat_pmp.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::nat;

namespace {

constexpr MappingRequest request{MappingMethod::nat_pmp, 30303, 30303, 3600s};
constexpr MappingRequest removal{MappingMethod::nat_pmp, 30303, 40001, 0s, MappingAction::remove};

Buffer hex(std::string_view text) {
    return from_hex(text).value();
}
Now at(Duration since_start) {
    return {Instant{} + 1h + since_start, {}};
}
std::string sent(NatPmpAsk& ask, Duration time) {
    const auto datagram = ask.output(at(time));
    return datagram ? to_hex(*datagram) : std::string{};
}

// RFC 6886: version, operation, result, epoch; address | ports and lifetime.
constexpr auto address_81_2_3_4 =
    "0080000000000005"
    "51020304";
constexpr auto mapped_40001 =
    "0082000000000005"
    "765f9c4100000e10";

}  // namespace

TEST_CASE("NAT-PMP: the datagrams are those of RFC 6886") {
    CHECK(to_hex(encode_nat_pmp_address()) == "0000");
    CHECK(to_hex(encode_nat_pmp_map(30303, 30304, 7200)) == "00020000765f766000001c20");
    CHECK(to_hex(encode_nat_pmp_map(30303, 30304, 7200, MappingProtocol::udp)) ==
          "00010000765f766000001c20");
    CHECK(decode_nat_pmp_reply(hex(address_81_2_3_4)) ==
          NatPmpReply{NatPmpAddress{5, *IpAddress::parse("81.2.3.4")}});
    CHECK(decode_nat_pmp_reply(hex(mapped_40001)) ==
          NatPmpReply{NatPmpMapped{5, 30303, 40001, 3600}});
    CHECK(decode_nat_pmp_reply(hex("0081000000000005765f9c4100000e10")) ==
          NatPmpReply{NatPmpMapped{5, 30303, 40001, 3600, MappingProtocol::udp}});
}

TEST_CASE("NAT-PMP: datagrams that are no replies") {
    struct Case {
        std::string_view datagram;
        NatPmpError error;
        std::string_view words;
    };
    const Case cases[]{
        {"", {NatPmpErrc::too_short, 8, 0}, "0 bytes, expected 8 at least"},
        {"00820000000000", {NatPmpErrc::too_short, 8, 7}, "7 bytes, expected 8 at least"},
        {"0280000000000005", {NatPmpErrc::bad_version, 0, 2}, "version 2, expected 0"},
        {"0002000000000005",
         {NatPmpErrc::no_reply, 0, 2},
         "operation 2 is no reply to what was asked"},
        {"0083000000000005",
         {NatPmpErrc::no_reply, 0, 131},
         "operation 131 is no reply to what was asked"},
        {"0081000000000005765f9c41", {NatPmpErrc::bad_size, 16, 12}, "12 bytes, expected 16"},
        {"0080000000000005510203", {NatPmpErrc::bad_size, 12, 11}, "11 bytes, expected 12"},
        {"008000000000000551020304ff", {NatPmpErrc::bad_size, 12, 13}, "13 bytes, expected 12"},
        {"0082000000000005765f9c41", {NatPmpErrc::bad_size, 16, 12}, "12 bytes, expected 16"},
        {"0080000300000005", {NatPmpErrc::refused, 0, 3}, "it has no connection itself (code 3)"},
        {"008200020000000500000000",
         {NatPmpErrc::refused, 0, 2},
         "it is not allowed there (code 2)"},
        {"0082012c00000005", {NatPmpErrc::refused, 0, 300}, "an unknown reason (code 300)"},
    };
    for (const auto& one : cases) {
        const auto bytes = hex(one.datagram);
        const auto reply = decode_nat_pmp_reply(bytes);
        CAPTURE(one.datagram);
        REQUIRE_FALSE(reply);
        CHECK(reply.error() == one.error);
        CHECK(message(reply.error()) == one.words);
    }
}

TEST_CASE("NAT-PMP: first the address, then the port, which may be another one") {
    NatPmpAsk ask{request};
    CHECK(sent(ask, 0s) == "0000");
    CHECK(sent(ask, 0s).empty());
    ask.on_datagram(hex(mapped_40001));  // not yet asked for
    ask.on_datagram(hex(address_81_2_3_4));
    CHECK(sent(ask, 10ms) == "00020000765f765f00000e10");
    ask.on_datagram(hex(address_81_2_3_4));  // twice
    CHECK_FALSE(ask.result());
    ask.on_datagram(
        hex("0082000000000005"
            "76609c4200000e10"));  // of another port
    CHECK_FALSE(ask.result());
    ask.on_datagram(hex(mapped_40001));
    REQUIRE(ask.result());
    CHECK(*ask.result() == MappingResult{Mapping{MappingMethod::nat_pmp,
                                                 *Endpoint::parse("81.2.3.4:40001"), 3600s, 5}});
    CHECK(ask.next_wakeup() == never);
    CHECK(sent(ask, 1h).empty());
}

TEST_CASE("NAT-PMP: a port of UDP, which the answer about TCP does not give") {
    for (const bool remove : {false, true}) {
        auto wanted = remove ? removal : request;
        wanted.protocol = MappingProtocol::udp;
        NatPmpAsk ask{wanted};
        if (!remove) {
            CHECK(sent(ask, 0s) == "0000");
            ask.on_datagram(hex(address_81_2_3_4));
        }
        CHECK(sent(ask, 0s) == (remove ? "00010000765f000000000000" : "00010000765f765f00000e10"));
        const std::string rest =
            remove ? "000000000005765f000000000000" : "000000000005765f9c4100000e10";
        ask.on_datagram(hex("0082" + rest));
        CHECK_FALSE(ask.result());
        ask.on_datagram(hex("0081" + rest));
        REQUIRE(ask.result());
        CHECK(*ask.result());
    }
}

TEST_CASE("NAT-PMP: each datagram is sent five times, after waits that double") {
    NatPmpAsk ask{request};
    std::vector<Duration> times;
    Duration time{0};
    while (!ask.result()) {
        if (!sent(ask, time).empty()) times.push_back(time);
        if (!ask.result()) time = ask.next_wakeup() - at(0s).instant;
    }
    CHECK(times == std::vector<Duration>{0ms, 250ms, 750ms, 1750ms, 3750ms});
    CHECK(time == 7750ms);
    CHECK(ask.result()->error() ==
          MappingError{MappingErrc::no_answer, "the router does not answer"});

    // The second question has its own tries.
    NatPmpAsk second{request};
    CHECK(sent(second, 0s) == "0000");
    CHECK(sent(second, 250ms) == "0000");
    second.on_datagram(hex(address_81_2_3_4));
    for (const auto wait : {300ms, 550ms, 1050ms, 2050ms, 4050ms}) {
        CHECK(sent(second, wait) == "00020000765f765f00000e10");
    }
    CHECK(sent(second, 8050ms).empty());
    CHECK(second.result());
}

TEST_CASE("NAT-PMP: refusals end it, nonsense does not, but is told in the end") {
    NatPmpAsk refused{request};
    sent(refused, 0s);
    refused.on_datagram(hex("0080000300000005"));
    CHECK(refused.result()->error() ==
          MappingError{MappingErrc::refused,
                       "the router refuses: it has no connection itself (code 3)"});

    NatPmpAsk ask{request};
    Duration time{0};
    while (!ask.result()) {
        sent(ask, time);
        if (ask.result()) break;
        ask.on_datagram(hex("0280000100000000"));
        time = ask.next_wakeup() - at(0s).instant;
    }
    CHECK(
        ask.result()->error() ==
        MappingError{MappingErrc::bad_answer, "its answers make no sense: version 2, expected 0"});

    for (const auto* none :
         {"0082000000000005765f000000000e10", "0082000000000005765f9c4100000000"}) {
        NatPmpAsk no_port{request};
        sent(no_port, 0s);
        no_port.on_datagram(hex(address_81_2_3_4));
        sent(no_port, 0s);
        no_port.on_datagram(hex(none));
        CHECK(no_port.result()->error() ==
              MappingError{MappingErrc::bad_answer, "the router gives no port"});
    }
}

TEST_CASE("NAT-PMP: a mapping is taken back by its inside port") {
    NatPmpAsk ask{removal};
    CHECK(sent(ask, 0s) == "00020000765f000000000000");
    ask.on_datagram(hex(address_81_2_3_4));
    ask.on_datagram(hex(mapped_40001));  // of a request before
    CHECK_FALSE(ask.result());
    ask.on_datagram(hex("0082000000000005765f000000000000"));
    REQUIRE(ask.result());
    CHECK(*ask.result());
}

TEST_CASE("NAT-PMP: a check asks for the address alone, and tells the epoch") {
    NatPmpAsk ask{{.method = MappingMethod::nat_pmp, .port = 1, .action = MappingAction::check}};
    CHECK(sent(ask, 0s) == "0000");
    ask.on_datagram(hex(mapped_40001));
    CHECK_FALSE(ask.result());
    ask.on_datagram(hex(address_81_2_3_4));
    REQUIRE(ask.result());
    CHECK(*ask.result() ==
          MappingResult{Mapping{MappingMethod::nat_pmp, *Endpoint::parse("81.2.3.4:0"), 0s, 5}});
    CHECK(ask.next_wakeup() == never);
}
