#include <parley/runtime/http/web_socket_session.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/option.hpp>
#include <boost/beast/websocket/stream_base.hpp>

#include <utility>

namespace parley::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

constexpr std::size_t part_bytes_max = 64 * 1024;  // read at a time

}  // namespace

void WebSocketSession::accept(Request request) {
    const auto& config = serving().config;
    ws_.set_option(
        websocket::stream_base::timeout{config.request_timeout, config.idle_timeout, true});
    ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
        response.set(beast::http::field::server, "parley");
    }));
    ws_.auto_fragment(false);
    ws_.text(true);
    ws_.control_callback([this](websocket::frame_type type, beast::string_view) {
        if (type == websocket::frame_type::close) return on_goodbye();
        note_life();
    });
    request_ = std::move(request);
    ws_.async_accept(request_, [self = shared_from_this(), this](beast::error_code error) {
        if (error) return close();
        request_ = {};
        begin();
    });
}

void WebSocketSession::read() {
    if (buffer_.size() == 0) ws_.read_message_max(serving().config.body_bytes_max);
    ws_.async_read_some(buffer_, part_bytes_max,
                        [self = shared_from_this(), this](beast::error_code error, std::size_t) {
                            if (error) return close();
                            if (!ws_.is_message_done()) {
                                expect_rest();
                                return read();
                            }
                            auto text = beast::buffers_to_string(buffer_.data());
                            buffer_.clear();
                            buffer_.shrink_to_fit();
                            on_message(std::move(text));
                        });
}

void WebSocketSession::write(const std::string& text) {
    ws_.async_write(asio::buffer(text),
                    [self = shared_from_this(), this](beast::error_code error, std::size_t) {
                        on_written(error);
                    });
}

void WebSocketSession::say_goodbye(Cause cause, const std::string& reason) {
    const auto code = cause == Cause::no_answer ? websocket::close_code::internal_error
                                                : websocket::close_code::policy_error;
    ws_.async_close({code, reason},
                    [self = shared_from_this(), this](beast::error_code) { close(); });
}

void WebSocketSession::close_socket() {
    beast::get_lowest_layer(ws_).close();
}

}  // namespace parley::runtime
