// The address of this machine that others could use, where the settings leave it open.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <optional>

namespace parley::runtime {

/// For a node that listens on all addresses of a family: the one that the system would send from;
/// nothing if that one is not public and `allow_private` is false, there is none, or `bound` is
/// one address. Sends nothing.
std::optional<IpAddress> guessed_address(const Endpoint& bound, bool allow_private);

}  // namespace parley::runtime
