// The limits: the least that must be done, with nothing of Parley but its bindings to the same
// libraries. Plain blocking sockets on the loopback, one thread a side.
#pragma once

#include "harness.hpp"

#include <cstdint>

namespace parley::bench {

/// Bytes a second: AES-256-GCM over 64 KiB records on a TCP connection.
double bare_bulk(std::uint64_t bytes);
/// Messages a second: 200-byte messages coalesced into the same records.
double bare_small(std::uint64_t messages);
/// Handshakes a second: the public-key operations, messages of the same size, TCP connect.
double bare_handshakes(std::uint64_t count);

int bare_bulk_sender(const std::vector<std::string>& arguments);
int bare_small_sender(const std::vector<std::string>& arguments);
int bare_handshake_dialer(const std::vector<std::string>& arguments);

inline constexpr std::size_t small_message_bytes = 200;
/// Handshakes under way at a time. Ours has as many callers, since each needs an ID of its own.
inline constexpr std::size_t parallel_handshakes = 32;

}  // namespace parley::bench
