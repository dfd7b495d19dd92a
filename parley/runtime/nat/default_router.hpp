// The default router of this machine: the gateway of its default route (Linux).
// Threading: any.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace parley::runtime {

/// A router's address; one of IPv6 often means something on its network alone.
struct DefaultRouter {
    IpAddress address;
    std::string network;  ///< the name of the interface, such as "eth0"
    friend bool operator==(const DefaultRouter&, const DefaultRouter&) = default;
};

/// The gateway of the default route with the lowest metric in the text of /proc/net/route
/// (proc(5)); nothing if there is none. Malformed lines are passed over.
std::optional<DefaultRouter> parse_default_router(std::string_view routes);
/// The same for IPv6, from /proc/net/ipv6_route.
std::optional<DefaultRouter> parse_default_router_v6(std::string_view routes);

/// The same from the system's table, as it is now. Nothing if it cannot be read.
std::optional<DefaultRouter> default_router(bool v4);

}  // namespace parley::runtime
