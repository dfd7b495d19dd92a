// What is asked of a router, and what it answers, whatever the protocol.
// Threading: values only.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::nat {

/// The protocol by which a router is asked: RFC 6887, RFC 6886, or UPnP's Internet Gateway Device.
enum class MappingMethod : std::uint8_t { pcp, nat_pmp, upnp };
/// "PCP", "NAT-PMP", "UPnP".
std::string_view name(MappingMethod method);

/// What the settings allow. `automatic`: PCP, NAT-PMP if that fails, and then UPnP.
enum class MappingMode : std::uint8_t { off, pcp, nat_pmp, upnp, automatic };
/// As in the settings: "off", "pcp", "nat-pmp", "upnp", "auto".
std::string_view name(MappingMode mode);
/// The mode of that name; nothing if there is none.
std::optional<MappingMode> parse_mapping_mode(std::string_view text);

/// What a mapping forwards.
enum class MappingProtocol : std::uint8_t { tcp, udp };
/// "TCP", "UDP".
std::string_view name(MappingProtocol protocol);

/// What a MappingRequest wants.
enum class MappingAction : std::uint8_t {
    map,     ///< a mapping, or its renewal: see MappingRequest
    remove,  ///< the end of the mapping
    check,   ///< whether the mapping stands: the epoch, and the outside address if it is told
};

/// One thing to ask of a router. To map: forward `outside_port`, or another port if the router
/// prefers that, to `port` of this machine.
struct MappingRequest {
    MappingMethod method = MappingMethod::nat_pmp;    ///< how to ask
    std::uint16_t port = 0;                           ///< of this machine
    std::uint16_t outside_port = 0;                   ///< of the router
    std::chrono::seconds lifetime{};                  ///< to map; 0: for ever
    MappingAction action = MappingAction::map;        ///< what is wanted
    MappingProtocol protocol = MappingProtocol::tcp;  ///< what to forward
    friend bool operator==(const MappingRequest&, const MappingRequest&) = default;
};

/// What a router granted.
struct Mapping {
    MappingMethod method = MappingMethod::nat_pmp;  ///< how it was asked
    Endpoint outside;                               ///< where others call
    std::chrono::seconds lifetime{};                ///< from now; 0: for ever
    /// Seconds since the router lost all mappings; nothing if it does not say (UPnP).
    std::optional<std::uint32_t> epoch = {};
    friend bool operator==(const Mapping&, const Mapping&) = default;
};

/// Why there is no mapping.
enum class MappingErrc : std::uint8_t {
    no_router,       ///< none was found
    no_answer,       ///< not in time
    bad_answer,      ///< none that makes sense
    refused,         ///< it does not want to, or cannot
    port_taken,      ///< the outside port belongs to another machine: another one may do
    permanent_only,  ///< it knows no mappings that end
    io,              ///< the system refused
};
/// A failure, for programs and for people.
struct MappingError {
    MappingErrc code;  ///< what to do about it
    std::string why;   ///< in words
    friend bool operator==(const MappingError&, const MappingError&) = default;
};
/// The outcome of a MappingRequest. Of a removal the value means nothing; of a check the address
/// and the epoch count, and the address is unspecified where the answer has none.
using MappingResult = Result<Mapping, MappingError>;

}  // namespace parley::nat
