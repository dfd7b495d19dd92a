// Carries out MappingRequests of nat's PortMapping: NAT-PMP by a datagram socket, UPnP with
// miniupnpc.
// Threading: an object at a time on one thread. Its calls block for up to a minute.
#pragma once

#include <parley/nat/port_mapping.hpp>
#include <parley/runtime/nat/ask_upnp.hpp>

#include <optional>
#include <string>

namespace parley::runtime {

struct RouterConfig {
    /// Where the router answers NAT-PMP; absent: the default router, port 5351.
    std::optional<Endpoint> nat_pmp = {};
    /// The address of the router's UPnP description; empty: all in the local network are asked who
    /// is one (SSDP, by multicast).
    std::string upnp_description = {};
};

class RouterAsker {
public:
    explicit RouterAsker(const RouterConfig& config)
        : nat_pmp_(config.nat_pmp), upnp_(config.upnp_description) {}

    nat::MappingResult ask(const nat::MappingRequest& request);

private:
    nat::MappingResult ask_nat_pmp(const nat::MappingRequest& request) const;

    std::optional<Endpoint> nat_pmp_;
    AskUpnp upnp_;
};

}  // namespace parley::runtime
