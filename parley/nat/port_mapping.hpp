// PortMapping: has a router at home send callers on to this node: whom to ask, for what, when
// again. A mapping lasts for a time that the router says, and is asked for again at half of it.
// What fails is tried the other way, if the settings leave the choice, and then again after a wait
// that grows. UDP, if wanted, follows TCP: it is asked for after each success, with the outside
// port that TCP has, and is of no use with another one. It asks nobody itself: whoever drives it
// carries out one MappingRequest after the other. Threading: one thread at a time.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::nat {

enum class MappingMethod : std::uint8_t { nat_pmp, upnp };
std::string_view name(MappingMethod method);

/// `automatic`: NAT-PMP, and UPnP if that fails.
enum class MappingMode : std::uint8_t { off, nat_pmp, upnp, automatic };
std::string_view name(MappingMode mode);
std::optional<MappingMode> parse_mapping_mode(std::string_view text);

enum class MappingProtocol : std::uint8_t { tcp, udp };
std::string_view name(MappingProtocol protocol);

/// Without `remove`: that callers of `outside_port`, or another port if the router likes that
/// better, are sent on to `port` of this machine.
struct MappingRequest {
    MappingMethod method = MappingMethod::nat_pmp;
    std::uint16_t port = 0;
    std::uint16_t outside_port = 0;
    std::chrono::seconds lifetime{};  ///< 0: for ever, or with `remove` nothing
    bool remove = false;
    MappingProtocol protocol = MappingProtocol::tcp;
    friend bool operator==(const MappingRequest&, const MappingRequest&) = default;
};

struct Mapping {
    MappingMethod method = MappingMethod::nat_pmp;
    Endpoint outside;
    std::chrono::seconds lifetime{};  ///< 0: for ever
    friend bool operator==(const Mapping&, const Mapping&) = default;
};

enum class MappingErrc : std::uint8_t {
    no_router,       ///< nobody to ask
    no_answer,       ///< not in time
    bad_answer,      ///< none that makes sense
    refused,         ///< it does not want to, or cannot
    port_taken,      ///< the outside port belongs to somebody else: another one may do
    permanent_only,  ///< it knows no mappings that end
    io,              ///< the system refused
};
struct MappingError {
    MappingErrc code;
    std::string why;  ///< in words
    friend bool operator==(const MappingError&, const MappingError&) = default;
};
/// Of a removal: the value means nothing.
using MappingResult = Result<Mapping, MappingError>;

struct PortMappingConfig {
    MappingMode mode = MappingMode::off;
    std::uint16_t port = 0;  ///< where this node listens
    bool udp = false;        ///< there as well
    std::chrono::seconds lifetime = std::chrono::hours{1};
    /// Whatever the router says, it is asked again no sooner and no later.
    Duration renew_min = std::chrono::minutes{1};
    Duration renew_max = std::chrono::hours{1};
    Duration retry_first = 30s;
    Duration retry_max = std::chrono::hours{1};
    double jitter = 0.1;
    /// Other outside ports that are tried in a row.
    unsigned other_ports_max = 3;
};

/// What there is to tell.
struct MappingStatus {
    MappingMode mode = MappingMode::off;
    std::optional<Mapping> mapping;  ///< of TCP, as long as it lasts
    /// All ways failed the last time, until the next success. The code is of the last one.
    std::optional<MappingError> why;
    bool udp = false;                     ///< `mapping` is one of UDP as well
    std::optional<MappingError> udp_why;  ///< that UDP was wanted, and is not part of `mapping`
    friend bool operator==(const MappingStatus&, const MappingStatus&) = default;
};

class PortMapping {
public:
    PortMapping(PortMappingConfig config, Rng rng);

    /// What is to be asked now, one at a time: nothing before on_result(). Drops a mapping whose
    /// time is over.
    std::optional<MappingRequest> next(Now now);
    void on_result(Now now, const MappingResult& result);
    Instant next_wakeup() const;
    /// From now on only a mapping that is there is removed.
    void stop() { stopping_ = true; }
    /// After stop(): nothing is left to do.
    bool stopped() const { return stopping_ && !asking_ && !mapping_; }

    const MappingStatus& status() const { return status_; }

private:
    std::optional<MappingRequest> next_udp() const;
    void on_mapped(Now now, const Mapping& mapping);
    void on_udp_mapped(Now now, const MappingResult& result);
    void on_failure(Now now, const MappingError& error);
    void forget();
    MappingMethod method() const { return methods_[at_]; }
    std::chrono::seconds wanted_lifetime() const;
    Duration renew_after(std::chrono::seconds lifetime) const;

    PortMappingConfig config_;
    Rng rng_;
    std::vector<MappingMethod> methods_;
    std::size_t at_ = 0;     // which is tried, or was the last that worked
    std::size_t tried_ = 0;  // in a row, in vain
    std::string in_vain_;    // why, of each
    std::uint16_t outside_port_;
    unsigned other_ports_ = 0;
    bool permanent_ = false;  // the router wants it so
    Duration retry_;
    std::optional<Mapping> mapping_;
    Instant until_ = never;
    bool udp_due_ = false;                   // TCP was mapped, UDP was not asked for since
    std::optional<std::uint16_t> udp_port_;  // outside; what the router may map for UDP
    Instant ask_at_ = Instant::min();
    std::optional<MappingRequest> asking_;
    bool stopping_ = false;
    MappingStatus status_;
};

}  // namespace parley::nat
