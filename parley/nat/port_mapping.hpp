// PortMapping: has a router at home let callers through to this node, in one family of addresses:
// IPv4 by forwarding a port, IPv6 by a pinhole in its firewall. It decides which method to ask by,
// for what, and when again. A mapping lasts for a time that the router sets, and is asked for again
// at half of it. What fails is tried by the next method, if the settings leave the choice, and then
// again after a wait that grows. UDP, if wanted, follows TCP: it is asked for after each success,
// with the outside port that TCP has, and is of no use with another one.
//
// Between renewals the router is asked now and then how long it has known its mappings. One that
// was started again has forgotten them, and is asked anew at once.
//
// No I/O here: its driver carries out one MappingRequest after the other.
// Threading: one thread at a time.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/nat/mapping.hpp>
#include <parley/nat/router_clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::nat {

/// What is asked for, and how often.
struct PortMappingConfig {
    MappingMode mode = MappingMode::off;                    ///< by which methods
    std::uint16_t port = 0;                                 ///< where this node listens, TCP
    bool v6 = false;                                        ///< there by IPv6; else by IPv4
    bool udp = false;                                       ///< there as well
    std::chrono::seconds lifetime = std::chrono::hours{1};  ///< asked for; above 0
    /// Whatever lifetime the router grants, it is asked again no sooner...
    Duration renew_min = std::chrono::minutes{1};
    Duration renew_max = std::chrono::hours{1};  ///< ...and no later
    Duration retry_first = 30s;                  ///< after a failure; doubles with each
    Duration retry_max = std::chrono::hours{1};  ///< up to this
    /// Of a router whose answers say since when it remembers (RouterClock).
    Duration check_every = std::chrono::minutes{5};
    double jitter = 0.1;  ///< of every wait, either way; 0 to 1
    /// Other outside ports that are tried in a row when one is taken.
    unsigned other_ports_max = 3;
};

/// What there is to show of the mapping: for status and logs.
struct MappingStatus {
    MappingMode mode = MappingMode::off;  ///< as configured
    std::optional<Mapping> mapping;       ///< of TCP, as long as it lasts
    /// All ways failed the last time, until the next success. The code is of the last one.
    std::optional<MappingError> why;
    bool udp = false;                     ///< `mapping` is one of UDP as well
    std::optional<MappingError> udp_why;  ///< why UDP, which was wanted, is not part of `mapping`
    friend bool operator==(const MappingStatus&, const MappingStatus&) = default;
};

/// What is mapped of one listener; see the head of this file.
class PortMapping {
public:
    /// Waits and other ports are drawn from `rng`.
    PortMapping(PortMappingConfig config, Rng rng);

    /// What is to be asked now, one at a time: after a request nothing before its on_result().
    /// Drops a mapping whose time is over.
    std::optional<MappingRequest> next(Now now);
    /// The outcome of the request that next() returned last.
    void on_result(Now now, const MappingResult& result);
    /// When to call next() again.
    Instant next_wakeup() const;
    /// From now on nothing is asked but to remove the mapping that is there.
    void stop() { stopping_ = true; }
    /// After stop(): nothing is left to do.
    bool stopped() const { return stopping_ && !asking_ && !mapping_; }

    const MappingStatus& status() const { return status_; }  ///< as of the last result

private:
    std::optional<MappingRequest> next_udp() const;
    void on_mapped(Now now, const Mapping& mapping);
    void on_udp_mapped(Now now, const MappingResult& result);
    void on_checked(Now now, const MappingResult& result);
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
    Instant check_at_ = never;
    RouterClock clock_;
    std::optional<MappingRequest> asking_;
    bool stopping_ = false;
    MappingStatus status_;
};

}  // namespace parley::nat
