// HttpSession: one connection of the HttpServer, which carries one request at a time. It hands its
// stream on to a WebSocketSession when that is asked for, and at the Unix socket to a JsonSession
// if what comes first is no HTTP. For sources of the server only. Threading: the server's thread.
#pragma once

#include <parley/runtime/clock.hpp>
#include <parley/runtime/http/connection.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace parley::runtime {

class HttpSession final : public Connection, public std::enable_shared_from_this<HttpSession> {
public:
    using Socket = boost::asio::generic::stream_protocol::socket;

    HttpSession(Socket socket, Serving serving, std::shared_ptr<Place> place)
        : stream_(std::move(socket)), serving_(std::move(serving)), place_(std::move(place)) {}

    /// Begins to read. Owned by a shared_ptr by then.
    void start() { wait_for_request(); }
    void close() override;
    std::optional<Instant> waits_since() const override { return waits_since_; }

private:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    const HttpServerConfig& config() const { return serving_.config; }
    void wait_for_request();
    void on_first_bytes();
    void speak_json();
    void read_request();
    void invite_body();
    void read_body();
    void on_request(boost::beast::error_code error);
    void handle(Request request);
    /// The response to a request that is refused; nothing if it is to be handled.
    std::optional<Response> refusal(const Request& request) const;
    std::optional<Response> page_refusal(const Request& request) const;
    /// Null if the request asks for something else.
    const HttpFile* file_for(const Request& request) const;
    /// Whether it comes from a file of this server, under the name that the browser asked for.
    bool is_own_origin(const Request& request) const;
    void upgrade(Request request);
    void await_reply(std::string body);
    void on_reply(std::uint64_t request_number, std::string body);
    void send(Response response);
    void finish();
    void note_wait() { waits_since_ = monotonic_now(); }

    static constexpr std::size_t drain_bytes_max = 4U << 20;
    void drain(std::size_t bytes);

    boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
    Serving serving_;
    std::shared_ptr<Place> place_;
    std::optional<Instant> waits_since_;
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
