// Listening sockets. Each failure names the endpoint or path and the reason. For sources of the
// runtime only.
// Threading: any.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/start_error.hpp>

#include <string>

namespace parley::runtime {

/// A non-blocking TCP socket that listens on `endpoint` (port 0: the system chooses) with that
/// backlog. An IPv6 socket takes no IPv4.
Result<UniqueFd, StartError> listen_tcp(const Endpoint& endpoint, int backlog);

/// The endpoint that a TCP or UDP socket is bound to.
Endpoint local_endpoint(int fd);

/// A non-blocking Unix socket of mode 0600. A socket file that no process listens on any more is
/// replaced; any other file, or a socket in use, is an error.
Result<UniqueFd, StartError> listen_unix(const std::string& path, int backlog);

}  // namespace parley::runtime
