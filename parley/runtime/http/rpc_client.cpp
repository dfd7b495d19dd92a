#include <parley/runtime/http/rpc_client.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/socket_path.hpp>
#include <parley/runtime/start_error.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sys/un.h>

#include <utility>
#include <variant>

namespace parley::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Kind = RpcClientError::Kind;

namespace {

constexpr std::uint64_t reply_bytes_max = 64ULL << 20;

std::string describe(const RpcAddress& address) {
    return std::visit(overloaded{
                          [](const Endpoint& endpoint) { return endpoint.to_string(); },
                          [](const std::string& path) { return path; },
                      },
                      address);
}

class Call {
public:
    Call(std::string where, std::string body) : where_(std::move(where)) {
        request_.set(http::field::host, "localhost");
        request_.set(http::field::content_type, "application/json");
        request_.keep_alive(false);
        request_.body() = std::move(body);
        request_.prepare_payload();
        parser_.body_limit(reply_bytes_max);
    }

    Result<std::string, RpcClientError> run(
        const asio::generic::stream_protocol::endpoint& endpoint, Duration timeout) {
        stream_.expires_after(timeout);
        stream_.async_connect(endpoint, [this](beast::error_code error) {
            if (error) return fail_with(error, Kind::no_connection);
            connected_ = true;
            write();
        });
        context_.run();
        return std::move(result_);
    }

private:
    void write() {
        // A server that refuses early may answer before it has read everything: read in any case.
        http::async_write(stream_, request_, [this](beast::error_code error, std::size_t) {
            if (error == beast::error::timeout) return fail_with(error, Kind::timeout);
            read();
        });
    }

    void read() {
        http::async_read(stream_, buffer_, parser_, [this](beast::error_code error, std::size_t) {
            if (error) return fail_with(error, Kind::broken);
            auto response = parser_.release();
            const unsigned status = response.result_int();
            if (status == 200 || status == 204) {
                result_ = std::move(response.body());
                return;
            }
            result_ = std::unexpected{RpcClientError{
                Kind::refused, where_ + " answered with HTTP status " + std::to_string(status),
                status, std::move(response.body())}};
        });
    }

    void fail_with(beast::error_code error, Kind kind) {
        if (error == beast::error::timeout) {
            result_ = std::unexpected{
                RpcClientError{Kind::timeout, "no answer from " + where_ + " in time", 0, {}}};
            return;
        }
        const auto* doing = connected_ ? "lost the connection to " : "cannot connect to ";
        result_ =
            std::unexpected{RpcClientError{kind, doing + where_ + ": " + error.message(), 0, {}}};
    }

    std::string where_;
    asio::io_context context_{1};
    beast::basic_stream<asio::generic::stream_protocol> stream_{context_};
    http::request<http::string_body> request_{http::verb::post, "/", 11};
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
    bool connected_ = false;
    Result<std::string, RpcClientError> result_;
};

}  // namespace

Result<std::string, RpcClientError> rpc_post(const RpcAddress& address, std::string body,
                                             Duration timeout) {
    Call call{describe(address), std::move(body)};
    return std::visit(
        overloaded{
            [&](const Endpoint& endpoint) { return call.run(to_asio(endpoint), timeout); },
            [&](const std::string& path) -> Result<std::string, RpcClientError> {
                const auto near = socket_path(path);
                if (near.error != 0) {
                    return std::unexpected{
                        RpcClientError{Kind::no_connection,
                                       start_error("connect to", path, near.error).what,
                                       0,
                                       {}}};
                }
                return call.run(asio::local::stream_protocol::endpoint{near.path}, timeout);
            },
        },
        address);
}

}  // namespace parley::runtime
