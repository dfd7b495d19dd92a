// Sockets that listen, made so that every failure has its words. For sources of the runtime only.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/start_error.hpp>

#include <string>

namespace parley::runtime {

/// A non-blocking TCP socket that listens on `endpoint`; IPv6 means IPv6 alone.
Result<UniqueFd, StartError> listen_tcp(const Endpoint& endpoint, int backlog);

/// The endpoint that a socket is bound to.
Endpoint local_endpoint(int fd);

/// A non-blocking Unix socket of mode 0600. A socket file that nobody answers on is replaced;
/// any other file, or a socket in use, is an error.
Result<UniqueFd, StartError> listen_unix(const std::string& path, int backlog);

}  // namespace parley::runtime
