// The default router of this machine: the gateway of its default route (IPv4, Linux).
// Threading: any.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <optional>
#include <string_view>

namespace parley::runtime {

/// The gateway of the default route with the lowest metric in the text of /proc/net/route
/// (proc(5)); nothing if there is none. Malformed lines are passed over.
std::optional<IpAddress> parse_default_router(std::string_view routes);

/// The same from the system's table, as it is now. Nothing if it cannot be read.
std::optional<IpAddress> default_router();

}  // namespace parley::runtime
