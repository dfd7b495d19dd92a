// Which unproven caller gives way to a newcomer when all handshake tokens are out. Whoever holds
// most of them is the crowd: the family (IPv4, IPv6) with the most, in it the wide network group
// (/16, IPv6 /32) with the most, in that the group (/24, /48), and there the one that came first.
// Threading: pure functions.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace parley::transport {

/// The index in `oldest_first`. Loopback and private addresses never give way; nothing if there are
/// no others.
std::optional<std::size_t> choose_to_give_way(std::span<const IpAddress> oldest_first);

}  // namespace parley::transport
