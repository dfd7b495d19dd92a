#include <parley/runtime/frames/frame_server.hpp>

#include <parley/base/endian.hpp>
#include <parley/runtime/io/listen.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <thread>
#include <utility>

namespace parley::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Local = asio::local::stream_protocol;

namespace {

constexpr int frame_backlog = 64;

/// One connection.
class FrameSession : public std::enable_shared_from_this<FrameSession> {
public:
    FrameSession(Local::socket socket, const FrameServerConfig& config,
                 const FrameServer::Handler& handler, Log& log)
        : stream_(std::move(socket)), config_(config), handler_(handler), log_(log) {}

    void start() { read_size(); }
    void close() {
        beast::error_code ignored;
        stream_.socket().close(ignored);
    }

private:
    void read_size() {
        stream_.expires_after(config_.idle_max);
        asio::async_read(stream_, asio::buffer(size_),
                         [self = shared_from_this()](beast::error_code error, std::size_t) {
                             if (!error) self->read_request();
                         });
    }

    void read_request() {
        const auto size = load_be<std::uint32_t>(size_);
        if (size > config_.request_bytes_max) {
            log_.write(LogLevel::warn, "frames", "request is too large",
                       {{"bytes", size}, {"expected_at_most", config_.request_bytes_max}});
            return;  // what follows is no frame
        }
        request_.resize(size);
        asio::async_read(stream_, asio::buffer(request_),
                         [self = shared_from_this()](beast::error_code error, std::size_t) {
                             if (!error) self->answer();
                         });
    }

    void answer() {
        answer_ = handler_(SharedBytes::own(std::exchange(request_, {})));
        store_be(MutableBytes{size_}, static_cast<std::uint32_t>(answer_.size()));
        const std::array parts{asio::const_buffer{size_.data(), size_.size()},
                               asio::const_buffer{answer_.view().data(), answer_.size()}};
        asio::async_write(stream_, parts,
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (!error) self->read_size();
                          });
    }

    beast::basic_stream<Local> stream_;
    const FrameServerConfig& config_;
    const FrameServer::Handler& handler_;
    Log& log_;
    ByteArray<4> size_{};
    Buffer request_;
    SharedBytes answer_;
};

}  // namespace

class FrameServer::Impl {
public:
    Impl(FrameServerConfig config, Handler handler, Log& log)
        : config_(std::move(config)), handler_(std::move(handler)), log_(log) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        asio::post(context_, [this] {
            beast::error_code ignored;
            acceptor_.close(ignored);
            retry_.cancel();
            context_.stop();
        });
        if (!thread_.joinable()) return;
        thread_.join();
        ::unlink(config_.path.c_str());
    }

    Result<void, StartError> start() {
        auto fd = listen_unix(config_.path, frame_backlog);
        if (!fd) return std::unexpected{fd.error()};
        acceptor_.assign(Local{}, fd->release());
        accept();
        thread_ = std::thread{[this] {
            const auto guard = asio::make_work_guard(context_);
            context_.run();
        }};
        return {};
    }

private:
    void accept() {
        acceptor_.async_accept([this](beast::error_code error, Local::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (error) return accept_later(error);
            welcome(std::move(socket));
            accept();
        });
    }

    // Out of descriptors or memory: the callers wait in the backlog.
    void accept_later(beast::error_code error) {
        log_.write(LogLevel::warn, "frames", "cannot accept", {{"error", error.message()}});
        retry_.expires_after(std::chrono::seconds{1});
        retry_.async_wait([this](beast::error_code stopped) {
            if (!stopped) accept();
        });
    }

    void welcome(Local::socket socket) {
        std::erase_if(sessions_, [](const auto& one) { return one.expired(); });
        if (sessions_.size() >= config_.connections_max) {
            if (const auto oldest = sessions_.front().lock()) oldest->close();
            sessions_.pop_front();
        }
        const auto session =
            std::make_shared<FrameSession>(std::move(socket), config_, handler_, log_);
        sessions_.push_back(session);
        session->start();
    }

    FrameServerConfig config_;
    Handler handler_;
    Log& log_;
    asio::io_context context_{1};
    asio::basic_socket_acceptor<Local> acceptor_{context_};
    asio::steady_timer retry_{context_};
    std::list<std::weak_ptr<FrameSession>> sessions_;  // the oldest first
    std::thread thread_;
};

FrameServer::FrameServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FrameServer::~FrameServer() = default;

Result<std::unique_ptr<FrameServer>, StartError> FrameServer::start(FrameServerConfig config,
                                                                    Handler handler, Log& log) {
    auto impl = std::make_unique<Impl>(std::move(config), std::move(handler), log);
    if (auto started = impl->start(); !started) return std::unexpected{started.error()};
    return std::unique_ptr<FrameServer>(new FrameServer{std::move(impl)});
}

}  // namespace parley::runtime
