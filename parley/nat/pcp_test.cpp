#include <parley/nat/pcp.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace parley;
using namespace parley::nat;

namespace {

Buffer hex(std::string_view text) {
    return from_hex(text).value();
}

// RFC 6887. Of a request: version, opcode, lifetime, own address; of a reply: version, opcode,
// result, lifetime, epoch, 12 bytes reserved.
const std::string asked_from = "0201000000000e1000000000000000000000ffffc0a80105";
const std::string told =
    "0281000000000e10000000050000000000000000"
    "00000000";
// Nonce, protocol, port, outside port, outside address.
const std::string nonce = "0102030405060708090a0b0c";
const std::string tcp_30303 = nonce +
                              "06000000"
                              "765f";

const PcpMap map{.nonce = *array_from_hex<12>(nonce),
                 .port = 30303,
                 .outside = *Endpoint::parse("81.2.3.4:40001")};

}  // namespace

TEST_CASE("PCP: the datagrams are those of RFC 6887") {
    const auto own = *IpAddress::parse("192.168.1.5");
    CHECK(to_hex(encode_pcp_map(own, 3600, map)) == asked_from + tcp_30303 +
                                                        "9c41"
                                                        "00000000000000000000ffff51020304");
    auto v6 = map;
    v6.protocol = MappingProtocol::udp;
    v6.outside = *Endpoint::parse("[2001:db8::5]:30303");
    CHECK(to_hex(encode_pcp_map(v6.outside.address, 0, v6)) ==
          "0201000000000000"
          "20010db8000000000000000000000005" +
              nonce +
              "11000000"
              "765f765f"
              "20010db8000000000000000000000005");
    CHECK(to_hex(encode_pcp_announce(own)) ==
          "0200000000000000"
          "00000000000000000000ffffc0a80105");

    const auto mapped = tcp_30303 +
                        "9c41"
                        "00000000000000000000ffff51020304";
    CHECK(decode_pcp_reply(hex(told + mapped)) == PcpReply{PcpResult::success, 3600, 5, map});
    // Options are passed over.
    CHECK(decode_pcp_reply(hex(told + mapped + "7f000000")) ==
          PcpReply{PcpResult::success, 3600, 5, map});
    CHECK(decode_pcp_reply(hex("028100000000000000000007000000000000000000000000" + nonce +
                               "11000000"
                               "765f765f"
                               "20010db8000000000000000000000005")) ==
          PcpReply{PcpResult::success, 0, 7, v6});
    CHECK(decode_pcp_reply(hex("0280000400000708000000ff000000000000000000000000")) ==
          PcpReply{PcpResult::unsupp_opcode, 1800, 255, std::nullopt});
}

TEST_CASE("PCP: datagrams that are no replies") {
    struct Case {
        std::string datagram;
        PcpError error;
        std::string_view words;
    };
    const auto mapped = told + tcp_30303 +
                        "9c41"
                        "00000000000000000000ffff51020304";
    const Case cases[]{
        {"", {PcpErrc::too_short, 24, 0}, "0 bytes, expected 24 at least"},
        {"02", {PcpErrc::too_short, 24, 1}, "1 bytes, expected 24 at least"},
        {"0080000100000005", {PcpErrc::bad_version, 2, 0}, "version 0 (NAT-PMP), expected 2"},
        {"0381000100000005", {PcpErrc::bad_version, 2, 3}, "version 3, expected 2"},
        {"0201", {PcpErrc::no_reply, 0, 1}, "operation 1 is no reply to what was asked"},
        {"0282" + told.substr(4),
         {PcpErrc::no_reply, 0, 130},
         "operation 130 is no reply to what was asked"},
        {"0280" + told.substr(4, 42),
         {PcpErrc::too_short, 24, 23},
         "23 bytes, expected 24 at least"},
        {told, {PcpErrc::too_short, 60, 24}, "24 bytes, expected 60 at least"},
        {mapped.substr(0, 118), {PcpErrc::too_short, 60, 59}, "59 bytes, expected 60 at least"},
        {mapped + "00", {PcpErrc::odd_size, 0, 61}, "61 bytes, expected a multiple of 4"},
        {mapped + std::string(2 * 1041, '0'),
         {PcpErrc::too_long, 1100, 1101},
         "1101 bytes, expected 1100 at most"},
        {told + nonce + "01000000" + mapped.substr(80),
         {PcpErrc::bad_protocol, 0, 1},
         "protocol 1, expected 6 (TCP) or 17 (UDP)"},
    };
    for (const auto& one : cases) {
        const auto bytes = hex(one.datagram);
        const auto reply = decode_pcp_reply(bytes);
        CAPTURE(one.datagram);
        REQUIRE_FALSE(reply);
        CHECK(reply.error() == one.error);
        CHECK(message(reply.error()) == one.words);
    }
    CHECK(decode_pcp_reply(hex(mapped + std::string(2 * 1040, '0'))));
}

TEST_CASE("PCP: results have the names of RFC 6887") {
    CHECK(name(PcpResult::success) == "SUCCESS");
    CHECK(message(PcpResult::not_authorized) == "it is not allowed there (NOT_AUTHORIZED, code 2)");
    CHECK(message(PcpResult::address_mismatch) ==
          "another router is between this machine and it (ADDRESS_MISMATCH, code 12)");
    CHECK(name(PcpResult::excessive_remote_peers) == "EXCESSIVE_REMOTE_PEERS");
    CHECK(message(PcpResult{14}) == "an unknown reason (unknown, code 14)");
    CHECK(message(PcpResult{255}) == "an unknown reason (unknown, code 255)");
}
