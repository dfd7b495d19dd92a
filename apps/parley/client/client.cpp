#include "client/client.hpp"
#include "folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace parley::app {

namespace json = boost::json;

namespace {

constexpr std::size_t batch_requests_max = 100;
/// Well below the smallest limit of a body that can be set.
constexpr std::size_t batch_bytes_max = 512 * 1024;

Result<json::value, Failure> json_of(const std::string& reply) {
    boost::system::error_code error;
    auto value = json::parse(reply, error);
    if (error) return failed(fmt::format("the reply is not JSON: {}", error.message()));
    return value;
}

Result<json::value, Failure> post(const std::string& path, const json::value& request) {
    const auto socket = socket_in(path);
    if (!socket) return std::unexpected{socket.error()};
    const auto reply = runtime::rpc_post(*socket, json::serialize(request));
    if (!reply) {
        auto what = reply.error().what;
        if (reply.error().kind == runtime::RpcClientError::Kind::no_connection) {
            what = fmt::format("no node runs in {0} ({1}); `parley run {0}` starts it", path, what);
        }
        return failed(std::move(what));
    }
    return json_of(*reply);
}

json::object request_of(std::string_view method, json::array params, std::size_t id) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}

Result<json::value, Failure> result_of(const json::value& reply) {
    const auto* object = reply.if_object();
    if (object == nullptr) return failed("the reply is not one of JSON-RPC");
    if (object->contains("error")) return failed(text_at(reply, "/error/message"));
    const auto* result = object->if_contains("result");
    if (result == nullptr) return failed("the reply is not one of JSON-RPC");
    return *result;
}

std::size_t size_of(const json::array& params) {
    std::size_t bytes = 100;
    for (const auto& value : params) {
        if (const auto* text = value.if_string()) bytes += text->size();
    }
    return bytes;
}

}  // namespace

Result<std::string, Failure> socket_in(const std::string& path) {
    const Folder folder{path};
    const auto settings = read_config(folder);
    if (!settings) return std::unexpected{settings.error()};
    if (settings->rpc.socket.empty()) {
        return failed(
            fmt::format("{}: rpc.socket is \"\": the node cannot be asked", folder.config()));
    }
    return socket_of(folder, *settings);
}

Result<json::value, Failure> call_at(const runtime::RpcAddress& node, std::string_view method,
                                     json::array params) {
    const auto reply =
        runtime::rpc_post(node, json::serialize(request_of(method, std::move(params), 1)));
    if (!reply) return failed(reply.error().what);
    const auto value = json_of(*reply);
    if (!value) return std::unexpected{value.error()};
    return result_of(*value);
}

Result<json::value, Failure> call(const std::string& folder, std::string_view method,
                                  json::array params) {
    const auto reply = post(folder, request_of(method, std::move(params), 1));
    if (!reply) return std::unexpected{reply.error()};
    return result_of(*reply);
}

Result<std::vector<Result<json::value, Failure>>, Failure> call_each(
    const std::string& folder, std::string_view method, const std::vector<json::array>& params) {
    std::vector<Result<json::value, Failure>> out;
    while (out.size() < params.size()) {
        json::array batch;
        std::size_t bytes = 0;
        for (auto i = out.size(); i < params.size() && batch.size() < batch_requests_max; ++i) {
            bytes += size_of(params[i]);
            if (!batch.empty() && bytes > batch_bytes_max) break;
            batch.emplace_back(request_of(method, params[i], i));
        }
        const auto reply = post(folder, batch);
        if (!reply) return std::unexpected{reply.error()};
        const auto* replies = reply->if_array();
        if (replies == nullptr || replies->size() != batch.size()) {
            const auto whole = result_of(*reply);
            return failed(whole ? "the reply is not one of JSON-RPC" : whole.error().what);
        }
        for (const auto& one : *replies) out.push_back(result_of(one));
    }
    return out;
}

Outcome change_each(const std::string& folder, std::string_view method,
                    const std::vector<std::string>& names, const std::vector<json::array>& params,
                    const std::function<void(std::size_t, const json::value&)>& done) {
    const auto results = call_each(folder, method, params);
    if (!results) return std::unexpected{results.error()};
    std::size_t refused = 0;
    for (std::size_t i = 0; i < results->size(); ++i) {
        const auto& result = (*results)[i];
        if (result) {
            done(i, *result);
            continue;
        }
        const auto why = fmt::format("{}: {}", names[i], result.error().what);
        if (results->size() == 1) return failed(why);
        ++refused;
        fmt::print(stderr, "parley: {}\n", why);
    }
    if (refused == 0) return {};
    return failed(fmt::format("{} of {} were refused", refused, results->size()));
}

}  // namespace parley::app
