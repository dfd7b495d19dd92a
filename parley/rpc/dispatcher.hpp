// Dispatcher: JSON-RPC 2.0 requests to replies. It knows the envelope (batches, notifications,
// errors), and no method: those are added to it. It owns no socket: the runtime's HTTP server
// brings bodies and carries replies, and also what methods tell a Session later.
//
// Bounds: bytes of a body and requests in it (DispatcherLimits), nesting, bytes of a reply.
// Spec: https://www.jsonrpc.org/specification
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/rpc/method.hpp>
#include <parley/rpc/origin.hpp>
#include <parley/rpc/session.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::rpc {

struct DispatcherLimits {
    std::size_t body_bytes_max = 1U << 20;  ///< of a request, or a batch of them
    std::size_t batch_max = 1000;           ///< requests in a batch
};

class Dispatcher {
public:
    static constexpr std::size_t depth_max = 16;
    static constexpr std::size_t name_bytes_max = 64;  ///< of a method
    /// What all replies to one body may have together; a request beyond it gets an error.
    static constexpr std::size_t reply_bytes_max = std::size_t{16} << 20;
    using Reply = std::move_only_function<void(std::string body)>;
    /// Calls the function once all that changed so far is on disk, or with why it is not.
    using Saved = std::move_only_function<void(const std::optional<std::string>& failure)>;
    using WhenSaved = std::function<void(Now, Saved)>;

    /// `when_saved` is for methods that are `lasting`.
    explicit Dispatcher(DispatcherLimits limits, WhenSaved when_saved = {});

    /// For requests from now on.
    void set_limits(DispatcherLimits limits) { limits_ = limits; }

    /// Throws std::invalid_argument if a name is taken, is no name of 1 to 64 printable characters
    /// without space, or a method has not exactly one of `answer`, `start` and `start_text`.
    void add(std::vector<Method> methods);

    /// `reply` is called once, at once or after the methods that take longer. Its body is empty
    /// when there was nothing but notifications. Never called if the node is destroyed before.
    /// Replies to a batch keep the order of its requests.
    void handle(Now now, std::string_view body, Caller caller, Reply reply) const;
    /// The same of a caller that cannot be notified.
    void handle(Now now, std::string_view body, Origin origin, Reply reply) const {
        handle(now, body, Caller{origin}, std::move(reply));
    }

    /// What a method that takes no parameters and answers at once says. Errors: its own; refused
    /// for another kind of method; method_not_found.
    Result ask(Now now, std::string_view name) const;

    using Methods = std::map<std::string, Method, std::less<>>;

private:
    DispatcherLimits limits_;
    WhenSaved when_saved_;
    Methods methods_;
};

}  // namespace parley::rpc
