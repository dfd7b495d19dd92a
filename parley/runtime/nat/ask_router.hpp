// RouterAsker: carries out the MappingRequests of nat's PortMapping: PCP and NAT-PMP over a
// datagram socket, UPnP with miniupnpc. One for each family of addresses. Threading: one thread at
// a time. A call blocks for up to a minute.
#pragma once

#include <parley/nat/pcp.hpp>
#include <parley/nat/port_mapping.hpp>
#include <parley/runtime/nat/ask_upnp.hpp>

#include <optional>
#include <string>

namespace parley::runtime {

/// The routers to ask; by default those of IPv4 that are found.
struct RouterConfig {
    /// Where the node listens: routers of that family are asked, from that address. "::" means the
    /// one that the system sends from, if it is public.
    IpAddress listener = {};
    /// The endpoint for PCP and NAT-PMP; nothing: the default router, port 5351.
    std::optional<Endpoint> router = {};
    /// The URL of the router's UPnP description; empty: routers are searched for in the local
    /// network (SSDP, by multicast).
    std::string upnp_description = {};
};

class RouterAsker {
public:
    /// Draws the nonce of its mappings by PCP from the system.
    explicit RouterAsker(const RouterConfig& config);

    /// Asks by the protocol that the request names.
    nat::MappingResult ask(const nat::MappingRequest& request);

private:
    nat::MappingResult ask_by_datagrams(const nat::MappingRequest& request,
                                        const IpAddress& own) const;

    IpAddress listener_;
    std::optional<Endpoint> router_;
    AskUpnp upnp_;
    nat::PcpNonce nonce_{};
};

}  // namespace parley::runtime
