// AskUpnp: maps a port on a router that speaks UPnP (Internet Gateway Device 1 and 2), with
// miniupnpc. The router is searched for once, and again when it does not answer any more.
// Threading: one thread. ask() blocks: some seconds for the search, more for a router that hangs.
#pragma once

#include <parley/nat/port_mapping.hpp>

#include <memory>
#include <string>

namespace parley::runtime {

class AskUpnp {
public:
    /// The URL of the router's description; empty: search by multicast (SSDP).
    explicit AskUpnp(std::string description_url);
    ~AskUpnp();
    AskUpnp(const AskUpnp&) = delete;
    AskUpnp& operator=(const AskUpnp&) = delete;

    /// Makes, renews or removes a mapping.
    nat::MappingResult ask(const nat::MappingRequest& request);

private:
    class Router;
    nat::MappingResult ask(const Router& router, const nat::MappingRequest& request);

    std::string description_url_;
    std::unique_ptr<Router> router_;
};

}  // namespace parley::runtime
