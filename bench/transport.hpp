// Parley's side of the transport benchmarks.
#pragma once

#include "harness.hpp"
#include <parley/identity/endpoint.hpp>

#include <cstdint>

namespace parley::bench {

/// Bytes a second: 1 MiB messages on one link, Context::send to TopicHandler::handle.
double link_bulk(std::uint64_t bytes);
/// The same on the default window of a topic, over a long path: this side listens at `here`, inside
/// the calling thread's network namespace, and the peer process lives in the namespace `there`.
double link_far(std::uint64_t bytes, const IpAddress& here, int there);
/// Messages a second: 200-byte messages, the same way.
/// 0 I/O threads: sockets are served on the node's thread.
double link_small(std::uint64_t messages, std::size_t io_threads);
/// The same with the receiving module on a thread of its own.
double own_thread_small(std::uint64_t messages);
/// Complete handshakes a second, slots included.
/// `known`: of nodes that met before.
double link_handshakes(std::uint64_t count, bool known);

int link_stream_sender(const std::vector<std::string>& arguments);
int link_handshake_dialer(const std::vector<std::string>& arguments);

}  // namespace parley::bench
