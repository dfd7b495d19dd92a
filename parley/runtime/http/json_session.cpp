#include <parley/runtime/http/json_session.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

namespace parley::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::string_view not_json =
    R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,)"
    R"("message":"parse error: expected an object or an array"}})";

}  // namespace

void JsonSession::start(std::string_view first_bytes) {
    values_.push(first_bytes);
    begin();
}

void JsonSession::read() {
    auto next = values_.next(serving().config.body_bytes_max);
    if (!next) {
        const bool large = next.error() == rpc::JsonStreamErrc::too_large;
        return refuse(large ? invalid_request("the request is too large") : std::string{not_json},
                      Cause::refused, {});
    }
    if (*next) return on_message(std::move(**next));
    if (values_.in_value()) expect_rest();
    stream_.async_read_some(asio::buffer(part_), [self = shared_from_this(), this](
                                                     beast::error_code error, std::size_t bytes) {
        if (error) return close();
        values_.push({part_.data(), bytes});
        read();
    });
}

void JsonSession::write(const std::string& text) {
    static constexpr std::string_view end = "\n";
    asio::async_write(stream_, std::array{asio::buffer(text), asio::buffer(end)},
                      [self = shared_from_this(), this](beast::error_code error, std::size_t) {
                          on_written(error);
                      });
}

void JsonSession::say_goodbye(Cause, const std::string&) {
    close();
}

void JsonSession::close_socket() {
    stream_.close();
}

}  // namespace parley::runtime
