// What the connections of the HttpServer have in common, whatever they speak. For sources of the
// server only. Threading: the server's thread, but for the ReplyGate.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/runtime/http/http_server.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace parley::runtime {

/// The way of replies back to the server's thread. Handlers may hold it longer than the server
/// lives. Threading: any.
class ReplyGate {
public:
    explicit ReplyGate(boost::asio::io_context& context) : context_(&context) {}
    /// Runs `call` on the server's thread, or drops it when the server has ended.
    void post(std::move_only_function<void()> call);
    /// The server ends: from now on calls are dropped.
    void close();

private:
    std::mutex mutex_;
    boost::asio::io_context* context_;
};

/// It lives while one of its operations is pending.
class Connection {
public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;

    /// Closes it at once.
    virtual void close() = 0;
    /// Since when the server has waited for the client: to ask, to send the whole request, or to
    /// read the answer. Nothing while a request is with the handler.
    virtual std::optional<Instant> waits_since() const = 0;
};

/// One of the places that an endpoint has for callers. The connection that has it holds it, and
/// hands it on to the one that goes on with another protocol.
struct Place {
    NetworkGroup caller;  ///< whose it is; at a Unix socket all are one
    std::weak_ptr<Connection> connection = {};
};

/// What a connection serves; config and handler outlive it.
struct Serving {
    const HttpServerConfig& config;
    const HttpServer::Handler& handler;
    rpc::Origin origin;
    std::shared_ptr<ReplyGate> gate;
};

/// An error of JSON-RPC 2.0, "invalid request". The texts are ours and need no escaping.
std::string invalid_request(std::string_view text);

}  // namespace parley::runtime
