#include <parley/nat/pcp_ask.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::nat;

namespace {

constexpr MappingRequest request{MappingMethod::pcp, 30303, 30303, 3600s};
constexpr PcpNonce nonce{std::byte{1}, std::byte{2}, std::byte{3}};
const auto own = *IpAddress::parse("192.168.1.5");
const auto own_v6 = *IpAddress::parse("2001:db8::5");

Now at(Duration since_start) {
    return {Instant{} + 1h + since_start, {}};
}
std::string sent(PcpAsk& ask, Duration time) {
    const auto datagram = ask.output(at(time));
    return datagram ? to_hex(*datagram) : std::string{};
}
MappingRequest with(MappingAction action, MappingProtocol protocol = MappingProtocol::tcp) {
    auto out = request;
    out.action = action;
    out.protocol = protocol;
    return out;
}

struct Reply {
    PcpResult result = PcpResult::success;
    std::uint32_t lifetime = 3600;
    PcpMap map = {.nonce = nonce, .port = 30303, .outside = *Endpoint::parse("81.2.3.4:40001")};
    bool announce = false;

    /// A reply has the layout of a request but for the header.
    Buffer bytes() const {
        auto out = announce ? encode_pcp_announce(own) : encode_pcp_map(own, lifetime, map);
        out[1] |= std::byte{0x80};
        out[3] = std::byte{static_cast<std::uint8_t>(result)};
        for (std::size_t i = 8; i < 24; ++i) out[i] = std::byte{0};
        out[11] = std::byte{5};  // the epoch
        return out;
    }
};

}  // namespace

TEST_CASE("PCP: a mapping in one question, at the port that the router gives") {
    PcpAsk ask{request, own, nonce};
    const PcpMap wanted{.nonce = nonce, .port = 30303, .outside = {IpAddress{}, 30303}};
    CHECK(sent(ask, 0s) == to_hex(encode_pcp_map(own, 3600, wanted)));
    CHECK(sent(ask, 0s).empty());
    ask.on_datagram(Reply{}.bytes());
    REQUIRE(ask.result());
    CHECK(*ask.result() ==
          MappingResult{Mapping{MappingMethod::pcp, *Endpoint::parse("81.2.3.4:40001"), 3600s, 5}});
    CHECK(ask.next_wakeup() == never);
    CHECK(sent(ask, 1h).empty());
}

TEST_CASE("PCP: a pinhole is asked for the own address, by TCP or UDP") {
    PcpAsk ask{with(MappingAction::map, MappingProtocol::udp), own_v6, nonce};
    const PcpMap wanted{.nonce = nonce,
                        .protocol = MappingProtocol::udp,
                        .port = 30303,
                        .outside = {own_v6, 30303}};
    CHECK(sent(ask, 0s) == to_hex(encode_pcp_map(own_v6, 3600, wanted)));
    ask.on_datagram(Reply{.map = wanted}.bytes());
    REQUIRE(ask.result());
    CHECK((*ask.result())->outside.to_string() == "[2001:db8::5]:30303");
}

TEST_CASE("PCP: answers about other mappings do not count, and are told in the end") {
    struct Case {
        Reply reply;
        std::string why;
    };
    const auto other = [](auto change) {
        Reply out;
        change(out.map);
        return out;
    };
    const Case cases[]{
        {other([](PcpMap& map) { map.nonce[11] = std::byte{9}; }),
         "nonce 010203000000000000000009, expected 010203000000000000000000"},
        {other([](PcpMap& map) { map.port = 30304; }), "TCP port 30304, expected TCP port 30303"},
        {other([](PcpMap& map) { map.protocol = MappingProtocol::udp; }),
         "UDP port 30303, expected TCP port 30303"},
        {Reply{.announce = true}, "expected a mapping"},
    };
    for (auto one : cases) {
        CAPTURE(one.why);
        // A refusal of another mapping counts as little.
        for (const auto result : {PcpResult::success, PcpResult::not_authorized}) {
            one.reply.result = result;
            PcpAsk ask{request, own, nonce};
            Duration time{0};
            while (!ask.result()) {
                sent(ask, time);
                ask.on_datagram(one.reply.bytes());
                if (!ask.result()) time = ask.next_wakeup() - at(0s).instant;
            }
            CHECK(time == 7750ms);
            CHECK(ask.result()->error() ==
                  MappingError{MappingErrc::bad_answer, "its answers make no sense: " + one.why});
        }
        PcpAsk ask{request, own, nonce};
        sent(ask, 0s);
        ask.on_datagram(one.reply.bytes());
        ask.on_datagram(Reply{}.bytes());
        CHECK(ask.result()->has_value());
    }
}

TEST_CASE("PCP: refusals end it, and so does a router of another version") {
    struct Case {
        Buffer reply;
        MappingError error;
    };
    const auto bytes = [](std::string_view text) { return from_hex(text).value(); };
    const Case cases[]{
        {Reply{.result = PcpResult::not_authorized}.bytes(),
         {MappingErrc::refused,
          "the router refuses: it is not allowed there (NOT_AUTHORIZED, code 2)"}},
        {bytes("0081000100000005"),
         {MappingErrc::refused,
          "the router speaks another protocol: version 0 (NAT-PMP), expected 2"}},
        {bytes("0181010100000000"),
         {MappingErrc::refused, "the router speaks another protocol: version 1, expected 2"}},
        {Reply{.lifetime = 0}.bytes(), {MappingErrc::bad_answer, "the router gives no port"}},
        {Reply{.map = {.nonce = nonce, .port = 30303, .outside = {}}}.bytes(),
         {MappingErrc::bad_answer, "the router gives no port"}},
    };
    for (const auto& one : cases) {
        PcpAsk ask{request, own, nonce};
        sent(ask, 0s);
        ask.on_datagram(one.reply);
        REQUIRE(ask.result());
        CHECK(ask.result()->error() == one.error);
    }
    PcpAsk silent{request, own, nonce};
    for (const auto time : {0ms, 250ms, 750ms, 1750ms, 3750ms})
        CHECK_FALSE(sent(silent, time).empty());
    CHECK(sent(silent, 7750ms).empty());
    CHECK(silent.result()->error() ==
          MappingError{MappingErrc::no_answer, "the router does not answer"});
}

TEST_CASE("PCP: a mapping is taken back under its nonce") {
    PcpAsk ask{with(MappingAction::remove), own, nonce};
    const PcpMap none{.nonce = nonce, .port = 30303, .outside = {}};
    CHECK(sent(ask, 0s) == to_hex(encode_pcp_map(own, 0, none)));
    ask.on_datagram(Reply{}.bytes());  // of a request before
    CHECK_FALSE(ask.result());
    ask.on_datagram(Reply{.lifetime = 0, .map = none}.bytes());
    REQUIRE(ask.result());
    CHECK(*ask.result());
}

TEST_CASE("PCP: a check takes the epoch of any answer to it, and of IPv6 the own address") {
    for (const auto result : {PcpResult::success, PcpResult::unsupp_opcode}) {
        PcpAsk ask{with(MappingAction::check), own, nonce};
        CHECK(sent(ask, 0s) == to_hex(encode_pcp_announce(own)));
        PcpAsk v6{with(MappingAction::check), own_v6, nonce};
        CHECK(sent(v6, 0s) == to_hex(encode_pcp_announce(own_v6)));
        v6.on_datagram(Reply{.result = result, .announce = true}.bytes());
        REQUIRE(v6.result());
        CHECK(*v6.result() == MappingResult{Mapping{MappingMethod::pcp, {own_v6, 0}, 0s, 5}});
        ask.on_datagram(Reply{}.bytes());
        CHECK_FALSE(ask.result());
        ask.on_datagram(Reply{.result = result, .announce = true}.bytes());
        REQUIRE(ask.result());
        CHECK(*ask.result() == MappingResult{Mapping{MappingMethod::pcp, {}, 0s, 5}});
    }
}
