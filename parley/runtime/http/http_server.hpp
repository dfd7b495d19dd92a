// HttpServer: JSON-RPC over HTTP/1.1 and WebSocket on a loopback TCP endpoint and on a Unix socket,
// there also JSON without HTTP. It carries bodies to a handler and replies back, over all but plain
// HTTP also notifications, and knows nothing of JSON-RPC beyond the form of an error. Or it serves
// one page of text, such as metrics, to programs that poll it.
//
// Browsers: a page from anywhere can make its reader's browser send requests to 127.0.0.1, under
// a name that resolves to it (DNS rebinding). Therefore the Host header must name this machine or
// a configured name, an Origin must be configured, and only application/json is read.
//
// Bounds: connections per endpoint, header and body bytes, one request at a time per connection,
// notifications that wait for a client, and a time limit on everything that a client can make the
// server wait for. A WebSocket waits from its last message or answer to a ping on. When connections
// are at their limit, a new one takes the place of one that makes the server wait: who holds them
// open, silent or slow, keeps nobody out. The Unix socket has places of its own.
//
// Threading: start and destroy on one thread; the handler runs on the server's own.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/rpc/origin.hpp>
#include <parley/rpc/session.hpp>
#include <parley/runtime/start_error.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::runtime {

using rpc::Origin;

/// A page that is served instead of JSON-RPC.
struct HttpPage {
    std::string path;          ///< such as "/metrics"
    std::string content_type;  ///< the header of that name
};

/// A file that is served beside JSON-RPC, over TCP alone: part of a page that asks this node.
struct HttpFile {
    std::string path;          ///< such as "/page.js"; "/" is what a browser gets first
    std::string content_type;  ///< the header of that name
    std::string_view bytes;    ///< outlive the server
    std::string tag;           ///< changes with the bytes; for the header ETag
};

/// Endpoints, permissions, limits and deadlines of a server.
struct HttpServerConfig {
    /// If set, this page is served to GET, and nothing else, and `tcp` may be any address. The
    /// handler gets an empty body and returns the page.
    std::optional<HttpPage> page = {};
    /// Without a page: served to GET, with headers that let them load nothing from elsewhere and
    /// let nothing elsewhere frame them. What they ask, they ask as any other client does.
    std::vector<HttpFile> files = {};
    /// Without a page: a loopback address. Port 0: the system chooses.
    std::optional<Endpoint> tcp = {};
    /// Path of the socket's file; created with mode 0600, removed at the end. A file that no
    /// process listens on any more is replaced.
    std::optional<std::string> unix_socket = {};
    /// Host names beyond localhost and loopback addresses, without port, in lower case.
    std::vector<std::string> hosts = {};
    /// Values of the Origin header that are let in, such as "http://localhost:8080".
    std::vector<std::string> origins = {};
    std::size_t connections_max = 64;         ///< at each endpoint
    std::size_t body_bytes_max = 1U << 20;    ///< of a request; else status 413
    std::size_t notify_bytes_max = 1U << 20;  ///< of notifications that a connection has not read
    std::uint32_t header_bytes_max = 16 * 1024;  ///< of a request; else status 431
    Duration idle_timeout = 60s;                 ///< between two requests; pongs count as such
    Duration request_timeout = 10s;              ///< for a whole request to arrive
    /// For the handler to answer (else status 503), and then for the client to read.
    Duration reply_timeout = 60s;
};

class HttpServer {
public:
    using Reply = std::function<void(std::string body)>;
    /// Called on the server's thread; must not block. `done` is called at most once, from any
    /// thread, at once or later, also after the server ended. An empty body is answered by 204.
    /// The session of `caller`, if there is one, may be kept, also after the server ended.
    using Handler = std::function<void(std::string body, rpc::Caller caller, Reply done)>;

    /// Listens, and serves on a thread of its own from now on. The error names the endpoint that
    /// cannot be bound, and why. `log` outlives the server.
    static Result<std::unique_ptr<HttpServer>, StartError> start(HttpServerConfig config,
                                                                 Handler handler, Log& log);
    /// Closes all connections and joins the thread.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Whom it answers, and limits: `hosts`, `origins`, `connections_max` and `body_bytes_max` of
    /// `config`, for what comes from now on. From any thread.
    void reload(HttpServerConfig config);
    /// The TCP endpoint with the port that the system chose; nothing without one.
    std::optional<Endpoint> tcp_endpoint() const;

private:
    class Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Whether a request with this Host header ("localhost:8545", "[::1]", "127.0.0.1") is served:
/// localhost, a loopback address, or one of `more` (lower case, without port).
bool host_allowed(std::string_view host, const std::vector<std::string>& more);

}  // namespace parley::runtime
