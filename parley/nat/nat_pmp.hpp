// NAT-PMP (RFC 6886): two questions by UDP to the router, port 5351: where it is seen from outside,
// and a port. NatPmpAsk is one MappingRequest from the first datagram to the result; each datagram
// is sent again after waits that double.
// Threading: values and one thread at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/nat/port_mapping.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace parley::nat {

inline constexpr std::uint16_t nat_pmp_port = 5351;

enum class NatPmpErrc : std::uint8_t {
    too_short,    ///< expected: bytes at least; actual: bytes
    bad_version,  ///< expected: 0; actual
    no_reply,     ///< not the reply to a question for an address or a port; actual: its operation
    bad_size,     ///< expected: bytes of that reply; actual: bytes
    refused,      ///< actual: the result code, RFC 6886, section 3.5
};
using NatPmpError = Error<NatPmpErrc>;
std::string message(const NatPmpError& error);

struct NatPmpAddress {
    std::uint32_t epoch = 0;  ///< seconds since the router forgot all mappings
    IpAddress outside;
    friend bool operator==(const NatPmpAddress&, const NatPmpAddress&) = default;
};
struct NatPmpMapped {
    std::uint32_t epoch = 0;
    std::uint16_t port = 0, outside_port = 0;
    std::uint32_t lifetime_seconds = 0;
    MappingProtocol protocol = MappingProtocol::tcp;
    friend bool operator==(const NatPmpMapped&, const NatPmpMapped&) = default;
};
using NatPmpReply = std::variant<NatPmpAddress, NatPmpMapped>;

Buffer encode_nat_pmp_address();
Buffer encode_nat_pmp_map(std::uint16_t port, std::uint16_t outside_port,
                          std::uint32_t lifetime_seconds,
                          MappingProtocol protocol = MappingProtocol::tcp);
/// Sections 3.2 and 3.3.
Result<NatPmpReply, NatPmpError> decode_nat_pmp_reply(Bytes datagram);

class NatPmpAsk {
public:
    /// 250 ms, 500 ms, ... 4 s.
    static constexpr Duration first_wait = 250ms;
    static constexpr unsigned sends_max = 5;

    explicit NatPmpAsk(const MappingRequest& request);

    /// A datagram to send now.
    std::optional<Buffer> output(Now now);
    /// From the router's address and port. What is no reply is passed over: anybody can send it.
    void on_datagram(Bytes datagram);
    /// Nobody is there, as the system says.
    void on_unreachable(const std::string& why);
    Instant next_wakeup() const { return result_ ? never : send_at_; }
    /// In the end.
    const std::optional<MappingResult>& result() const { return result_; }

private:
    void on_address(const NatPmpAddress& reply);
    void on_mapped(const NatPmpMapped& reply);
    void fail_with(MappingErrc code, std::string why);

    MappingRequest request_;
    std::optional<IpAddress> outside_;
    Instant send_at_ = Instant::min();
    unsigned sends_ = 0;
    std::optional<NatPmpError> nonsense_;
    std::optional<MappingResult> result_;
};

}  // namespace parley::nat
