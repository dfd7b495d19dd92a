#include <parley/nat/pcp.hpp>

#include <parley/base/endian.hpp>

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace parley::nat {

namespace {

constexpr std::uint8_t pcp_version = 2;
constexpr std::uint8_t announce = 0;
constexpr std::uint8_t map_opcode = 1;
constexpr std::uint8_t pcp_reply_bit = 128;
constexpr std::size_t header_bytes = 24;
constexpr std::size_t map_bytes = header_bytes + 36;
constexpr std::uint8_t tcp_number = 6;
constexpr std::uint8_t udp_number = 17;

struct ResultText {
    std::string_view name;
    std::string_view words;
};
constexpr std::array<ResultText, 14> results{{
    {"SUCCESS", "granted"},
    {"UNSUPP_VERSION", "it does not speak this version"},
    {"NOT_AUTHORIZED", "it is not allowed there"},
    {"MALFORMED_REQUEST", "it does not understand the request"},
    {"UNSUPP_OPCODE", "it does not know how"},
    {"UNSUPP_OPTION", "it does not know an option"},
    {"MALFORMED_OPTION", "it does not understand an option"},
    {"NETWORK_FAILURE", "it has no connection itself"},
    {"NO_RESOURCES", "it has no room for more mappings"},
    {"UNSUPP_PROTOCOL", "it does not map this protocol"},
    {"USER_EX_QUOTA", "this machine has too many mappings"},
    {"CANNOT_PROVIDE_EXTERNAL", "it cannot give this address and port"},
    {"ADDRESS_MISMATCH", "another router is between this machine and it"},
    {"EXCESSIVE_REMOTE_PEERS", "it does not take so many filters"},
}};
constexpr ResultText unknown_result{"unknown", "an unknown reason"};

const ResultText& text_of(PcpResult result) {
    const auto at = static_cast<std::size_t>(result);
    return at < results.size() ? results[at] : unknown_result;
}

/// 16 bytes; IPv4 as an IPv4-mapped IPv6 address.
void append_address(Buffer& out, const IpAddress& address) {
    if (address.is_v4()) {
        out.resize(out.size() + 10);
        append_be(out, std::uint16_t{0xffff});
    }
    append(out, address.bytes());
}

Buffer encode_header(std::uint8_t opcode, std::uint32_t lifetime_seconds, const IpAddress& own) {
    Buffer out{std::byte{pcp_version}, std::byte{opcode}, std::byte{0}, std::byte{0}};
    append_be(out, lifetime_seconds);
    append_address(out, own);
    return out;
}

Result<PcpMap, PcpError> decode_map(Bytes payload) {
    const auto protocol = std::to_integer<std::uint8_t>(payload[12]);
    if (protocol != tcp_number && protocol != udp_number) {
        return fail(PcpErrc::bad_protocol, 0, protocol);
    }
    return PcpMap{.nonce = array_of<12>(payload),
                  .protocol = protocol == tcp_number ? MappingProtocol::tcp : MappingProtocol::udp,
                  .port = load_be<std::uint16_t>(payload.subspan(16)),
                  .outside = {IpAddress::v6(array_of<16>(payload.subspan(20))),
                              load_be<std::uint16_t>(payload.subspan(18))}};
}

}  // namespace

std::string_view name(PcpResult result) {
    return text_of(result).name;
}

std::string message(PcpResult result) {
    const auto& text = text_of(result);
    return fmt::format("{} ({}, code {})", text.words, text.name, static_cast<unsigned>(result));
}

std::string message(const PcpError& error) {
    switch (error.code) {
        case PcpErrc::too_short:
            return fmt::format("{} bytes, expected {} at least", error.actual, error.expected);
        case PcpErrc::too_long:
            return fmt::format("{} bytes, expected {} at most", error.actual, error.expected);
        case PcpErrc::odd_size:
            return fmt::format("{} bytes, expected a multiple of 4", error.actual);
        case PcpErrc::bad_version:
            return fmt::format("version {}{}, expected {}", error.actual,
                               error.actual == 0 ? " (NAT-PMP)" : "", error.expected);
        case PcpErrc::no_reply:
            return fmt::format("operation {} is no reply to what was asked", error.actual);
        case PcpErrc::bad_protocol:
            return fmt::format("protocol {}, expected {} (TCP) or {} (UDP)", error.actual,
                               tcp_number, udp_number);
    }
    return "unknown error";
}

Buffer encode_pcp_map(const IpAddress& own, std::uint32_t lifetime_seconds, const PcpMap& map) {
    auto out = encode_header(map_opcode, lifetime_seconds, own);
    append(out, map.nonce);
    out.push_back(std::byte{map.protocol == MappingProtocol::tcp ? tcp_number : udp_number});
    out.resize(out.size() + 3);
    append_be(out, map.port);
    append_be(out, map.outside.port);
    append_address(out, map.outside.address);
    return out;
}

Buffer encode_pcp_announce(const IpAddress& own) {
    return encode_header(announce, 0, own);
}

Result<PcpReply, PcpError> decode_pcp_reply(Bytes datagram) {
    if (datagram.size() < 2) return fail(PcpErrc::too_short, header_bytes, datagram.size());
    // A router of another version says so in its own, which may be shorter.
    const auto told_version = std::to_integer<std::uint8_t>(datagram[0]);
    if (told_version != pcp_version) return fail(PcpErrc::bad_version, pcp_version, told_version);
    const auto operation = std::to_integer<std::uint8_t>(datagram[1]);
    if (operation != pcp_reply_bit + announce && operation != pcp_reply_bit + map_opcode) {
        return fail(PcpErrc::no_reply, 0, operation);
    }
    const bool has_map = operation == pcp_reply_bit + map_opcode;
    const auto bytes = has_map ? map_bytes : header_bytes;
    if (datagram.size() < bytes) return fail(PcpErrc::too_short, bytes, datagram.size());
    if (datagram.size() > pcp_bytes_max) {
        return fail(PcpErrc::too_long, pcp_bytes_max, datagram.size());
    }
    if (datagram.size() % 4 != 0) return fail(PcpErrc::odd_size, 0, datagram.size());
    PcpReply reply{.result = static_cast<PcpResult>(datagram[3]),
                   .lifetime_seconds = load_be<std::uint32_t>(datagram.subspan(4)),
                   .epoch = load_be<std::uint32_t>(datagram.subspan(8)),
                   .map = std::nullopt};
    if (has_map) {
        const auto map = decode_map(datagram.subspan(header_bytes));
        if (!map) return std::unexpected{map.error()};
        reply.map = *map;
    }
    return reply;
}

}  // namespace parley::nat
