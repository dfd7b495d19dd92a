#include <parley/runtime/frames/frame_client.hpp>

#include <parley/base/endian.hpp>
#include <parley/runtime/io/socket_path.hpp>
#include <parley/runtime/start_error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace parley::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

class FrameCall {
public:
    FrameCall(std::string where, Bytes request, std::size_t answer_bytes_max)
        : where_(std::move(where)), request_(request), answer_bytes_max_(answer_bytes_max) {
        store_be(MutableBytes{size_}, static_cast<std::uint32_t>(request.size()));
    }

    Result<Buffer, std::string> run(const std::string& path, Duration timeout) {
        stream_.expires_after(timeout);
        stream_.async_connect(asio::local::stream_protocol::endpoint{path},
                              [this](beast::error_code error) {
                                  if (error) return fail_with("cannot connect to", error);
                                  write();
                              });
        context_.run();
        return std::move(result_);
    }

private:
    void write() {
        const std::array parts{asio::const_buffer{size_.data(), size_.size()},
                               asio::const_buffer{request_.data(), request_.size()}};
        asio::async_write(stream_, parts, [this](beast::error_code error, std::size_t) {
            if (error) return fail_with("lost the connection to", error);
            read_size();
        });
    }

    void read_size() {
        asio::async_read(
            stream_, asio::buffer(size_), [this](beast::error_code error, std::size_t) {
                if (error) return fail_with("lost the connection to", error);
                const auto size = load_be<std::uint32_t>(size_);
                if (size > answer_bytes_max_) {
                    result_ = std::unexpected{
                        fmt::format("an answer of {} bytes from {}, expected at most {}", size,
                                    where_, answer_bytes_max_)};
                    return;
                }
                answer_.resize(size);
                read_answer();
            });
    }

    void read_answer() {
        asio::async_read(stream_, asio::buffer(answer_),
                         [this](beast::error_code error, std::size_t) {
                             if (error) return fail_with("lost the connection to", error);
                             result_ = std::move(answer_);
                         });
    }

    void fail_with(std::string_view doing, beast::error_code error) {
        result_ = std::unexpected{error == beast::error::timeout
                                      ? fmt::format("no answer from {} in time", where_)
                                      : fmt::format("{} {}: {}", doing, where_, error.message())};
    }

    std::string where_;
    Bytes request_;
    std::size_t answer_bytes_max_;
    asio::io_context context_{1};
    beast::basic_stream<asio::local::stream_protocol> stream_{context_};
    ByteArray<4> size_{};
    Buffer answer_;
    Result<Buffer, std::string> result_;
};

}  // namespace

Result<Buffer, std::string> ask_frame(const std::string& path, Bytes request,
                                      std::size_t answer_bytes_max, Duration timeout) {
    const auto near = socket_path(path);
    if (near.error != 0) return std::unexpected{start_error("connect to", path, near.error).what};
    FrameCall call{path, request, answer_bytes_max};
    return call.run(near.path, timeout);
}

}  // namespace parley::runtime
