// A client of the HttpServer for the command line: one request, one reply, then the connection
// is closed. Blocks the caller.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>

#include <string>
#include <variant>

namespace parley::runtime {

/// A TCP endpoint, or the path of a Unix socket.
using RpcAddress = std::variant<Endpoint, std::string>;

struct RpcClientError {
    enum class Kind : std::uint8_t {
        no_connection,  ///< nobody listens there, or the file may not be opened
        timeout,
        broken,   ///< the connection ended, or what came is not HTTP
        refused,  ///< an HTTP status other than 200 and 204
    };
    Kind kind;
    std::string what;     ///< for the user, with the address
    unsigned status = 0;  ///< refused: the HTTP status
    std::string body;     ///< refused: what the server said
};

/// Posts a JSON-RPC request and returns the reply. At most 64 MiB of it.
Result<std::string, RpcClientError> rpc_post(const RpcAddress& address, std::string body,
                                             Duration timeout = 30s);

}  // namespace parley::runtime
