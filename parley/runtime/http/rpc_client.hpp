// A client of the HttpServer for the command line: one request, one reply, then the connection
// is closed. Blocks the caller.
// Threading: any.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>

#include <string>
#include <variant>

namespace parley::runtime {

/// A TCP endpoint, or the path of a Unix socket.
using RpcAddress = std::variant<Endpoint, std::string>;

/// The reason for which there is no reply.
struct RpcClientError {
    /// Kinds of failure, so that a caller can tell a node that is down from one that refused.
    enum class Kind : std::uint8_t {
        no_connection,  ///< nothing listens there, or the socket's file may not be opened
        timeout,        ///< no whole reply in time
        broken,         ///< the connection ended before the reply did, or the reply is not HTTP
        refused,        ///< an HTTP status other than 200 and 204
    };
    Kind kind;
    std::string what;     ///< for the user, with the address
    unsigned status = 0;  ///< refused: the HTTP status
    std::string body;     ///< refused: the body of the reply
};

/// Posts a JSON-RPC request and returns the body of the reply, at most 64 MiB. `timeout` is for all
/// of it.
Result<std::string, RpcClientError> rpc_post(const RpcAddress& address, std::string body,
                                             Duration timeout = 30s);

}  // namespace parley::runtime
