// HttpSession: one connection of the HttpServer, which carries one request at a time. It lives
// while one of its operations is pending. For sources of the server only. Threading: the server's
// thread; replies of handlers come to it through the ReplyGate.
#pragma once

#include <parley/runtime/clock.hpp>
#include <parley/runtime/http/http_server.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

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

class HttpSession : public std::enable_shared_from_this<HttpSession> {
public:
    using Socket = boost::asio::generic::stream_protocol::socket;

    /// `config` and `handler` outlive the session.
    HttpSession(Socket socket, NetworkGroup caller, const HttpServerConfig& config,
                const HttpServer::Handler& handler, Origin origin, std::shared_ptr<ReplyGate> gate)
        : stream_(std::move(socket)),
          caller_(caller),
          config_(config),
          handler_(handler),
          origin_(origin),
          gate_(std::move(gate)) {}

    /// Begins to read. Owned by a shared_ptr by then.
    void start() { wait_for_request(); }
    /// Closes the connection at once.
    void close();
    /// Whose it is; at a Unix socket all are one.
    const NetworkGroup& caller() const { return caller_; }
    /// Since when the server has waited for the client: to ask, to send the whole request, or to
    /// read the answer. Nothing while a request is with the handler.
    std::optional<Instant> waits_since() const { return waits_since_; }

private:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    void wait_for_request();
    void read_request();
    void invite_body();
    void read_body();
    void on_request(boost::beast::error_code error);
    void handle(Request request);
    /// The response to a request that is refused; nothing if it is to be handled.
    std::optional<Response> refusal(const Request& request) const;
    std::optional<Response> page_refusal(const Request& request) const;
    void await_reply(std::string body);
    void on_reply(std::uint64_t request_number, std::string body);
    void send(Response response);
    void finish();
    void note_wait() { waits_since_ = monotonic_now(); }

    static constexpr std::size_t drain_bytes_max = 4U << 20;
    void drain(std::size_t bytes);

    boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
    NetworkGroup caller_;
    std::optional<Instant> waits_since_;
    const HttpServerConfig& config_;
    const HttpServer::Handler& handler_;
    Origin origin_;
    std::shared_ptr<ReplyGate> gate_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
    Response response_;
    std::optional<boost::asio::steady_timer> patience_;
    std::uint64_t request_number_ = 0;
    std::uint64_t awaiting_ = 0;  ///< number of the request that the handler has, 0 if none
    std::string origin_header_;   ///< echoed to a browser that is let in
    bool keep_alive_ = false;
    unsigned version_ = 11;
};

}  // namespace parley::runtime
