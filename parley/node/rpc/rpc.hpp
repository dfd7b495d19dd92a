// Rpc: JSON-RPC 2.0 requests to replies. It knows the envelope (batches, notifications, errors)
// and hands each request to its method; docs/RPC.md lists them. It owns no socket: the runtime's
// HTTP server brings bodies and carries replies.
//
// Bounds: bytes of a request (configuration), nesting, requests in a batch, bytes of a reply.
// Spec: https://www.jsonrpc.org/specification; methods as in Ethereum's execution API and geth.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/node/node.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace parley::node {

/// Where a request came in. Only `unix_socket` callers have proven that they own the node.
enum class RpcOrigin : std::uint8_t { http, unix_socket };

class Rpc {
public:
    static constexpr std::size_t batch_requests_max = 100;
    static constexpr std::size_t depth_max = 16;
    /// What all replies to one body may have together; a request beyond it gets an error.
    static constexpr std::size_t reply_bytes_max = std::size_t{16} << 20;
    using Reply = std::move_only_function<void(std::string body)>;

    /// `node` outlives this and all replies under way.
    explicit Rpc(Node& node) : node_(node) {}

    /// Where the HTTP server listens, for parley_status.
    void set_http(const Endpoint& endpoint) { http_ = endpoint; }

    /// `reply` is called once, at once or (for eth_sendRawTransaction) after a Job of the node. Its
    /// body is empty when there was nothing but notifications. Never called if the node is
    /// destroyed before. Replies to a batch keep the order of its requests.
    void handle(Now now, std::string_view body, RpcOrigin origin, Reply reply);

private:
    Node& node_;
    std::optional<Endpoint> http_;
};

}  // namespace parley::node
