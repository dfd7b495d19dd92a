// The router that this machine sends what is for elsewhere to.
// Threading: any.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <optional>
#include <string_view>

namespace parley::runtime {

/// Of the default routes of IPv4 in the text of /proc/net/route (proc(5)) the one with the lowest
/// metric; nothing if there is none. Lines that are not as expected are passed over.
std::optional<IpAddress> parse_default_router(std::string_view routes);

/// As the system says now.
std::optional<IpAddress> default_router();

}  // namespace parley::runtime
