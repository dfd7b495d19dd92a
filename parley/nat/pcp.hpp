// PCP (RFC 6887), as far as a host needs it: a request by UDP for a mapping (MAP), which for IPv6
// is a pinhole in the router's firewall, and one that only asks whether the router still knows of
// its mappings (ANNOUNCE). A mapping has a nonce: without it nobody changes it, nor forges a reply.
// Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/nat/mapping.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::nat {

using PcpNonce = ByteArray<12>;  ///< of a mapping, from its first request to its removal

/// What MAP asks for, and what is granted.
struct PcpMap {
    PcpNonce nonce{};                                 ///< the same in the reply
    MappingProtocol protocol = MappingProtocol::tcp;  ///< the same in the reply
    std::uint16_t port = 0;                           ///< of this machine; the same in the reply
    Endpoint outside;  ///< asked for: may be unspecified, in the family that is wanted
    friend bool operator==(const PcpMap&, const PcpMap&) = default;
};

/// RFC 6887, section 7.4. Others may come.
enum class PcpResult : std::uint8_t {
    success = 0,
    unsupp_version = 1,
    not_authorized = 2,
    malformed_request = 3,
    unsupp_opcode = 4,
    unsupp_option = 5,
    malformed_option = 6,
    network_failure = 7,
    no_resources = 8,
    unsupp_protocol = 9,
    user_ex_quota = 10,
    cannot_provide_external = 11,
    address_mismatch = 12,
    excessive_remote_peers = 13,
};
/// The RFC's name, such as "NOT_AUTHORIZED"; "unknown".
std::string_view name(PcpResult result);
/// One line for people, with name and number.
std::string message(PcpResult result);

/// The reply to a MAP or an ANNOUNCE.
struct PcpReply {
    PcpResult result = PcpResult::success;  ///< anything else refuses
    std::uint32_t lifetime_seconds = 0;     ///< of the mapping, or of the refusal
    std::uint32_t epoch = 0;                ///< seconds since the router lost all mappings
    std::optional<PcpMap> map;              ///< nothing: to an ANNOUNCE
    friend bool operator==(const PcpReply&, const PcpReply&) = default;
};

/// What can be wrong with a reply.
enum class PcpErrc : std::uint8_t {
    too_short,     ///< expected: bytes at least; actual: bytes
    too_long,      ///< expected: bytes at most; actual: bytes
    odd_size,      ///< actual: bytes, which are no multiple of 4
    bad_version,   ///< expected: 2; actual. 0 is NAT-PMP
    no_reply,      ///< not the reply to a MAP or ANNOUNCE; actual: its operation
    bad_protocol,  ///< neither TCP nor UDP; actual
};
using PcpError = Error<PcpErrc>;  ///< of decode_pcp_reply()
/// One line for people.
std::string message(const PcpError& error);

/// The longest datagram of PCP.
inline constexpr std::size_t pcp_bytes_max = 1100;

/// Asks for a mapping; with a lifetime of 0 for its removal. `own` is this machine's address in the
/// packet that carries it: the router compares the two.
Buffer encode_pcp_map(const IpAddress& own, std::uint32_t lifetime_seconds, const PcpMap& map);
/// Asks for the epoch alone.
Buffer encode_pcp_announce(const IpAddress& own);
/// RFC 6887, sections 7.2, 8.3 and 11.1. Options are passed over, as none were asked for.
Result<PcpReply, PcpError> decode_pcp_reply(Bytes datagram);

}  // namespace parley::nat
