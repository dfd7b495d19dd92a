// AskUpnp: maps a port on a router that speaks UPnP (Internet Gateway Device 1 and 2), or opens a
// pinhole in its IPv6 firewall (WANIPv6FirewallControl of version 2), with miniupnpc. The router is
// searched for once, and again when it does not answer any more. Threading: one thread. ask()
// blocks: some seconds for the search, more for a router that hangs.
#pragma once

#include <parley/nat/port_mapping.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace parley::runtime {

class AskUpnp {
public:
    /// The URL of the router's description; empty: search by multicast (SSDP) in that family.
    AskUpnp(std::string description_url, bool v4);
    ~AskUpnp();
    AskUpnp(const AskUpnp&) = delete;
    AskUpnp& operator=(const AskUpnp&) = delete;

    /// Makes, renews or removes a mapping. A pinhole is for `own`. Precondition: no check.
    nat::MappingResult ask(const nat::MappingRequest& request, const IpAddress& own);

private:
    class Router;
    /// The router knows a pinhole by an ID of its own.
    struct Pinhole {
        std::string id;
        IpAddress own;
    };
    nat::MappingResult ask_router(const nat::MappingRequest& request, const IpAddress& own);
    nat::MappingResult ask_mapping(const nat::MappingRequest& request) const;
    nat::MappingResult ask_pinhole(const nat::MappingRequest& request, const IpAddress& own);
    std::optional<nat::MappingError> close_pinhole(nat::MappingProtocol protocol);

    std::string description_url_;
    bool v4_;
    std::unique_ptr<Router> router_;
    std::map<nat::MappingProtocol, Pinhole> pinholes_;
};

}  // namespace parley::runtime
