#include <parley/runtime/http/connection.hpp>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <utility>

namespace parley::runtime {

void ReplyGate::post(std::move_only_function<void()> call) {
    const std::scoped_lock lock{mutex_};
    if (context_) boost::asio::post(*context_, std::move(call));
}

void ReplyGate::close() {
    const std::scoped_lock lock{mutex_};
    context_ = nullptr;
}

std::string invalid_request(std::string_view text) {
    return fmt::format(
        "{{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
        "{{\"code\":-32600,\"message\":\"{}\"}}}}",
        text);
}

}  // namespace parley::runtime
