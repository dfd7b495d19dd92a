// What a JSON-RPC method is, gets and gives. Whoever has methods hands them to a Dispatcher: the
// network its own, the chain its own, a program that embeds them whatever it likes.
//
//     dispatcher.add({{.name = "kv_get", .params_max = 1, .answer = [&](const rpc::Call& call) {
//         const auto key = rpc::text_param(call, 0, "a key");
//         if (!key) return rpc::Result{std::unexpected{key.error()}};
//         return rpc::Result{store.find(*key)};
//     }}});
//
// Threading: methods are called on the node's thread and must not block.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/rpc/session.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace parley::rpc {

namespace json = boost::json;

/// Error codes of JSON-RPC 2.0 and of geth.
namespace code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
inline constexpr int refused = -32000;          ///< as geth: understood, and declined
inline constexpr int reply_too_large = -32003;  ///< as geth
inline constexpr int reverted = 3;              ///< as geth: code of the chain refused
}  // namespace code

/// The error object of a reply.
struct Error {
    int code;             ///< one of `code`
    std::string message;  ///< what was expected and what came
};
using Result = parley::Result<json::value, Error>;

/// An understood request that is declined.
inline std::unexpected<Error> refused(std::string why) {
    return std::unexpected{Error{code::refused, std::move(why)}};
}

/// What a method that would notify its caller tells one that cannot be: as geth.
inline Error notifications_unsupported() {
    return {code::method_not_found, "notifications not supported"};
}

/// One request. Valid only during the method's call.
struct Call {
    Now now;
    const json::array& params;    ///< at most Method::params_max of them
    std::size_t reply_bytes_max;  ///< what the result may have as text
    /// Null where the caller cannot be notified. May be kept after the call.
    std::shared_ptr<Session> session = {};
};
/// Takes the result of a method that does not have it at once. Called once, on the node's thread.
using Done = std::move_only_function<void(Result)>;
/// As Result and Done, with JSON that is text already.
using TextResult = parley::Result<std::string, Error>;
using DoneText = std::move_only_function<void(TextResult)>;

/// A name that callers use, its limits, and the function behind it.
struct Method {
    std::string name;            ///< "admin_peers": a namespace, an underscore, a name
    std::size_t params_max = 0;  ///< a request with more is refused
    /// It changes the node: only the node's owner may, over the Unix socket.
    bool owner_only = false;
    /// What it changes outlives the node: the reply waits until that is on disk.
    bool lasting = false;
    /// One of the three: the result at once, or later, or later and so large that it is made into
    /// text off the node's thread. An exception that one throws becomes `internal_error`.
    std::function<Result(const Call&)> answer{};
    std::function<void(const Call&, Done)> start{};
    std::function<void(const Call&, DoneText)> start_text{};
};

}  // namespace parley::rpc
