// NAT-PMP (RFC 6886): two questions by UDP to the router, port 5351: for its outside address, and
// for a port there. The answer to the first says by its epoch whether the router lost its mappings.
// Threading: values and one thread at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/nat/router_ask.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace parley::nat {

/// What can be wrong with a reply.
enum class NatPmpErrc : std::uint8_t {
    too_short,    ///< expected: bytes at least; actual: bytes
    bad_version,  ///< expected: 0; actual
    no_reply,     ///< not the reply to a question for an address or a port; actual: its operation
    bad_size,     ///< expected: bytes of that reply; actual: bytes
    refused,      ///< actual: the result code, RFC 6886, section 3.5
};
using NatPmpError = Error<NatPmpErrc>;  ///< of decode_nat_pmp_reply()
/// One line for people.
std::string message(const NatPmpError& error);

/// The reply to encode_nat_pmp_address().
struct NatPmpAddress {
    std::uint32_t epoch = 0;  ///< seconds since the router forgot all mappings
    IpAddress outside;        ///< the router's, IPv4
    friend bool operator==(const NatPmpAddress&, const NatPmpAddress&) = default;
};
/// The reply to encode_nat_pmp_map().
struct NatPmpMapped {
    std::uint32_t epoch = 0;                          ///< as in NatPmpAddress
    std::uint16_t port = 0;                           ///< of this machine
    std::uint16_t outside_port = 0;                   ///< of the router; 0 after a removal
    std::uint32_t lifetime_seconds = 0;               ///< 0 after a removal
    MappingProtocol protocol = MappingProtocol::tcp;  ///< as asked for
    friend bool operator==(const NatPmpMapped&, const NatPmpMapped&) = default;
};
using NatPmpReply = std::variant<NatPmpAddress, NatPmpMapped>;  ///< that was not refused

/// Asks for the router's outside address.
Buffer encode_nat_pmp_address();
/// Asks for a mapping; with a lifetime of 0 for its removal.
Buffer encode_nat_pmp_map(std::uint16_t port, std::uint16_t outside_port,
                          std::uint32_t lifetime_seconds,
                          MappingProtocol protocol = MappingProtocol::tcp);
/// Sections 3.2 and 3.3 of the RFC.
Result<NatPmpReply, NatPmpError> decode_nat_pmp_reply(Bytes datagram);

/// One request by NAT-PMP; see RouterAsk.
class NatPmpAsk : public RouterAsk {
public:
    /// `request` is of the method nat_pmp.
    explicit NatPmpAsk(const MappingRequest& request) : RouterAsk(request) {}

    /// A datagram to send now, if there is one.
    std::optional<Buffer> output(Now now);
    /// A datagram from the router's address and port came. What is no reply is passed over.
    void on_datagram(Bytes datagram);

private:
    void on_address(const NatPmpAddress& reply);
    void on_mapped(const NatPmpMapped& reply);

    std::optional<IpAddress> outside_;
};

}  // namespace parley::nat
