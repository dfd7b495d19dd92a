// WebSocketSession: a connection of the HttpServer that was upgraded to WebSocket (RFC 6455): a
// message is a request or a batch, in text or binary frames; the server's are text. Who says
// nothing is pinged after half the idle time and let go after the whole. For sources of the server
// only. Threading: the server's thread.
#pragma once

#include <parley/runtime/http/duplex_session.hpp>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <memory>
#include <string>

namespace parley::runtime {

class WebSocketSession final : public DuplexSession {
public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;

    WebSocketSession(Stream stream, Serving serving, std::shared_ptr<Place> place)
        : DuplexSession(stream, std::move(serving), std::move(place)), ws_(std::move(stream)) {}

    /// Answers the request, whose Host, Origin and path were checked. Owned by a shared_ptr.
    void accept(Request request);

private:
    void read() override;
    void write(const std::string& text) override;
    void say_goodbye(Cause cause, const std::string& reason) override;
    void close_socket() override;

    // Without compression: it would cost more than it saves on one machine.
    boost::beast::websocket::stream<Stream, false> ws_;
    boost::beast::flat_buffer buffer_;
    Request request_;
};

}  // namespace parley::runtime
