// RouterAsker: carries out the MappingRequests of nat's PortMapping: NAT-PMP over a datagram
// socket, UPnP with miniupnpc. Threading: one thread at a time. A call blocks for up to a minute.
#pragma once

#include <parley/nat/port_mapping.hpp>
#include <parley/runtime/nat/ask_upnp.hpp>

#include <optional>
#include <string>

namespace parley::runtime {

/// The routers to ask; by default those that are found.
struct RouterConfig {
    /// The endpoint for NAT-PMP; nothing: the default router, port 5351.
    std::optional<Endpoint> nat_pmp = {};
    /// The URL of the router's UPnP description; empty: routers are searched for in the local
    /// network (SSDP, by multicast).
    std::string upnp_description = {};
};

class RouterAsker {
public:
    explicit RouterAsker(const RouterConfig& config)
        : nat_pmp_(config.nat_pmp), upnp_(config.upnp_description) {}

    /// Asks by the protocol that the request names.
    nat::MappingResult ask(const nat::MappingRequest& request);

private:
    nat::MappingResult ask_nat_pmp(const nat::MappingRequest& request) const;

    std::optional<Endpoint> nat_pmp_;
    AskUpnp upnp_;
};

}  // namespace parley::runtime
