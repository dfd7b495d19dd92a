#include <parley/node/rpc/rpc.hpp>

#include <parley/node/rpc/rpc_method.hpp>
#include <parley/node/rpc/rpc_params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace parley::node {

namespace {

std::string serialize_reply(const json::value& id, const RpcResult& result) {
    json::object out{{"jsonrpc", "2.0"}, {"id", id}};
    if (result) {
        out["result"] = *result;
    } else {
        out["error"] = {{"code", result.error().code}, {"message", result.error().message}};
    }
    return json::serialize(out);
}

RpcResult error(int code, std::string message) {
    return std::unexpected{RpcError{code, std::move(message)}};
}

/// The replies to one body, until all are there. Held by the requests that are under way.
class Exchange {
public:
    Exchange(std::size_t requests, bool batch, Rpc::Reply reply)
        : replies_(requests), open_(requests), batch_(batch), reply_(std::move(reply)) {}

    std::size_t bytes_left() const { return Rpc::reply_bytes_max - bytes_; }

    /// A notification's end has no reply.
    void finish(std::size_t index, const std::optional<json::value>& id, const RpcResult& result) {
        if (id) {
            auto text = serialize_reply(*id, result);
            if (text.size() > bytes_left() && result) {
                text = serialize_reply(
                    *id, error(rpc_code::reply_too_large,
                               fmt::format("reply: more than {} bytes", Rpc::reply_bytes_max)));
            }
            bytes_ += std::min(text.size(), bytes_left());
            replies_[index] = std::move(text);
        }
        if (--open_ == 0) reply_(join());
    }

private:
    std::string join() {
        std::string out;
        for (auto& text : replies_) {
            if (text.empty()) continue;
            if (!batch_) return std::move(text);
            out += out.empty() ? '[' : ',';
            out += text;
        }
        if (!out.empty()) out += ']';
        return out;
    }

    std::vector<std::string> replies_;
    std::size_t open_;
    std::size_t bytes_ = 0;
    bool batch_;
    Rpc::Reply reply_;
};

/// A request whose envelope is in order.
struct Request {
    std::string_view method;
    const json::array* params;
    std::optional<json::value> id;  ///< absent: a notification
};

bool id_fits(const json::value& id) {
    return id.is_string() || id.is_number() || id.is_null();
}

RpcError invalid(std::string what) {
    return {rpc_code::invalid_request, "invalid request: " + std::move(what)};
}

RpcError wrong_kind(std::string_view where, std::string_view expected, const json::value* actual) {
    return invalid(fmt::format("{}: expected {}, got {}", where, expected,
                               actual == nullptr ? "nothing" : json_kind(*actual)));
}

Result<Request, RpcError> read_request(const json::value& value) {
    static const json::array no_params;
    const auto* object = value.if_object();
    if (object == nullptr) return std::unexpected{wrong_kind("request", "object", &value)};
    Request out{{}, &no_params, std::nullopt};
    if (const auto* id = object->if_contains("id")) {
        if (!id_fits(*id)) {
            return std::unexpected{wrong_kind("id", "string, number or null", id)};
        }
        out.id = *id;
    }
    const auto* version = object->if_contains("jsonrpc");
    if (version == nullptr || !version->is_string()) {
        return std::unexpected{wrong_kind("jsonrpc", "\"2.0\"", version)};
    }
    if (version->get_string() != "2.0") {
        return std::unexpected{invalid("jsonrpc: expected \"2.0\", got another version")};
    }
    const auto* method = object->if_contains("method");
    if (method == nullptr || !method->is_string()) {
        return std::unexpected{wrong_kind("method", "string", method)};
    }
    out.method = {method->get_string().data(), method->get_string().size()};
    if (const auto* params = object->if_contains("params")) {
        if (params->is_object()) {
            return std::unexpected{
                RpcError{rpc_code::invalid_params, "params: expected array, got object"}};
        }
        if (!params->is_array()) {
            return std::unexpected{wrong_kind("params", "array", params)};
        }
        out.params = &params->get_array();
    }
    return out;
}

/// The id of a request that is not in order, as far as there is one.
json::value id_of(const json::value& value) {
    const auto* object = value.if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("id");
    return id != nullptr && id_fits(*id) ? *id : json::value{};
}

/// Names of methods are the caller's: only harmless ones are repeated.
std::string no_such_method(std::string_view name) {
    const bool harmless =
        name.size() <= 64 && std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
    return fmt::format("the method {} does not exist", harmless ? name : "of this name");
}

std::optional<RpcError> refusal(const Request& request, const RpcMethod* method, RpcOrigin origin) {
    if (method == nullptr) {
        return RpcError{rpc_code::method_not_found, no_such_method(request.method)};
    }
    if (method->unix_only && origin != RpcOrigin::unix_socket) {
        return RpcError{rpc_code::refused,
                        fmt::format("{} answers only on the Unix socket", method->name)};
    }
    if (request.params->size() > method->params_max) {
        return RpcError{rpc_code::invalid_params,
                        fmt::format("params: expected at most {}, got {}", method->params_max,
                                    request.params->size())};
    }
    return std::nullopt;
}

RpcResult not_kept(const StoreError& why) {
    return error(rpc_code::refused,
                 fmt::format("in force until the node ends, but not on disk: {}", message(why)));
}

/// What all requests of one body have in common.
struct Common {
    Node& node;
    Now now;
    RpcOrigin origin;
    const std::optional<Endpoint>& http;
    std::shared_ptr<Exchange> exchange;
};

void run(const Common& common, const json::value& value, std::size_t index) {
    const auto& exchange = common.exchange;
    auto request = read_request(value);
    if (!request) return exchange->finish(index, id_of(value), std::unexpected{request.error()});
    const auto* method = find_method(request->method);
    if (auto refused = refusal(*request, method, common.origin)) {
        return exchange->finish(index, request->id, std::unexpected{std::move(*refused)});
    }
    const RpcCall call{common.node, common.now, *request->params, exchange->bytes_left(),
                       common.http};
    if (method->answer != nullptr) {
        auto result = method->answer(call);
        if (!method->lasting || !result) return exchange->finish(index, request->id, result);
        common.node.when_saved(common.now, [exchange, index, id = std::move(request->id),
                                            result = std::move(result)](const auto& failure) {
            exchange->finish(index, id, failure ? not_kept(*failure) : result);
        });
        return;
    }
    method->start(call, [exchange, index, id = std::move(request->id)](RpcResult result) {
        exchange->finish(index, id, result);
    });
}

Result<json::value, RpcError> parse(std::string_view body) {
    json::parse_options options;
    options.max_depth = Rpc::depth_max;
    json::parser parser{{}, options};
    boost::system::error_code failed;
    const auto read = parser.write(body.data(), body.size(), failed);
    if (!failed) return parser.release();
    if (failed == json::error::too_deep) {
        return std::unexpected{
            RpcError{rpc_code::parse_error,
                     fmt::format("parse error: nested deeper than {}", Rpc::depth_max)}};
    }
    return std::unexpected{RpcError{
        rpc_code::parse_error, fmt::format("parse error: {} at byte {}", failed.message(), read)}};
}

}  // namespace

void Rpc::handle(Now now, std::string_view body, RpcOrigin origin, Reply reply) {
    const auto refuse = [&](RpcError why) {
        reply(serialize_reply(nullptr, std::unexpected{std::move(why)}));
    };
    const std::size_t body_bytes_max = node_.config().rpc.body_bytes_max;
    if (body.size() > body_bytes_max) {
        return refuse(
            invalid(fmt::format("expected at most {} bytes, got {}", body_bytes_max, body.size())));
    }
    const auto value = parse(body);
    if (!value) return refuse(value.error());
    const auto* batch = value->if_array();
    Common common{node_, now, origin, http_, nullptr};
    if (batch == nullptr) {
        common.exchange = std::make_shared<Exchange>(1, false, std::move(reply));
        return run(common, *value, 0);
    }
    if (batch->empty()) return refuse(invalid("empty batch"));
    if (batch->size() > batch_requests_max) {
        return refuse(invalid(fmt::format("batch: expected at most {} requests, got {}",
                                          batch_requests_max, batch->size())));
    }
    common.exchange = std::make_shared<Exchange>(batch->size(), true, std::move(reply));
    for (std::size_t i = 0; i < batch->size(); ++i) run(common, (*batch)[i], i);
}

}  // namespace parley::node
