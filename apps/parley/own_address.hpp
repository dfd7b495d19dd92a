// The address of this machine that others could use, where the settings leave it open.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <optional>

namespace parley::app {

/// Where a node that listens on `bound` is reached from outside. For "all addresses" it is the
/// one that the system would send from; nothing if that one is not public and `allow_private`
/// is false, or there is none. Sends nothing.
std::optional<Endpoint> reachable_at(const Endpoint& bound, bool allow_private);

}  // namespace parley::app
