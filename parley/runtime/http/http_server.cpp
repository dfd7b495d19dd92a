#include <parley/runtime/http/http_server.hpp>

#include <parley/runtime/http/http_session.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <thread>
#include <utility>

namespace parley::runtime {

namespace asio = boost::asio;
using Stream = asio::generic::stream_protocol;

namespace {

constexpr int backlog = 64;
constexpr std::string_view busy_text =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// One endpoint: accepts until its connections are at their limit, and turns the rest away.
class Door {
public:
    Door(asio::io_context& context, UniqueFd fd, Origin origin, int family,
         const HttpServerConfig& config, const HttpServer::Handler& handler,
         std::shared_ptr<ReplyGate> gate, Log& log)
        : acceptor_(context),
          retry_(context),
          serving_{config, handler, origin, std::move(gate)},
          log_(log) {
        // The protocol matters only to acceptors that open their own sockets.
        acceptor_.assign(Stream{family, 0}, fd.release());
        accept();
    }

    void close() {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        retry_.cancel();
        for (const auto& one : held()) one.connection->close();
    }

private:
    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, Stream::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (error) return accept_later(error);
            complained_ = false;
            welcome(std::move(socket));
            accept();
        });
    }

    // Out of descriptors or memory: the callers wait in the backlog.
    void accept_later(boost::system::error_code error) {
        if (!std::exchange(complained_, true)) {
            log_.write(LogLevel::warn, "http", "cannot accept", {{"error", error.message()}});
        }
        retry_.expires_after(100ms);
        retry_.async_wait([this](boost::system::error_code stopped) {
            if (!stopped) accept();
        });
    }

    void welcome(Stream::socket socket) {
        const auto caller = caller_of(socket);
        std::erase_if(places_, [](const auto& place) { return place.expired(); });
        if (places_.size() >= serving_.config.connections_max && !make_room(caller)) {
            (void)::send(socket.native_handle(), busy_text.data(), busy_text.size(),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
            return;
        }
        const auto place = std::make_shared<Place>(caller);
        const auto session = std::make_shared<HttpSession>(std::move(socket), serving_, place);
        place->connection = session;
        places_.push_back(place);
        session->start();
    }

    static NetworkGroup caller_of(const Stream::socket& socket) {
        boost::system::error_code error;
        const auto endpoint = socket.remote_endpoint(error);
        if (error) return {};
        const auto address = address_of(endpoint.data());
        return address ? exact_group(*address) : NetworkGroup{};
    }

    struct Held {
        std::shared_ptr<Place> place;
        std::shared_ptr<Connection> connection;
    };

    /// The places that somebody has.
    std::vector<Held> held() const {
        std::vector<Held> out;
        for (const auto& weak : places_) {
            const auto place = weak.lock();
            if (!place) continue;
            if (auto connection = place->connection.lock()) {
                out.push_back({place, std::move(connection)});
            }
        }
        return out;
    }

    /// Ends the connection that makes the server wait longest, of the caller with the most of them;
    /// not one of a caller that has fewer than the new one. False if there is none.
    bool make_room(const NetworkGroup& for_caller) {
        std::map<NetworkGroup, std::size_t> shares;
        auto open = held();
        for (const auto& [place, connection] : open) ++shares[place->caller];
        const auto least = shares[for_caller];
        std::erase_if(open, [&](const Held& one) {
            return !one.connection->waits_since() || shares[one.place->caller] < least;
        });
        const auto victim = std::ranges::min_element(open, {}, [&](const Held& one) {
            return std::pair{-static_cast<std::int64_t>(shares[one.place->caller]),
                             *one.connection->waits_since()};
        });
        if (victim == open.end()) return false;
        victim->connection->close();
        std::erase_if(places_, [&](const auto& weak) { return weak.lock() == victim->place; });
        return true;
    }

    asio::basic_socket_acceptor<Stream> acceptor_;
    asio::steady_timer retry_;
    Serving serving_;
    Log& log_;
    bool complained_ = false;
    std::vector<std::weak_ptr<Place>> places_;
};

}  // namespace

class HttpServer::Impl {
public:
    Impl(HttpServerConfig config, Handler handler, Log& log)
        : config_(std::move(config)), handler_(std::move(handler)), log_(log) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        gate_->close();
        asio::post(context_, [this] {
            for (auto& door : doors_) door->close();
            context_.stop();
        });
        if (thread_.joinable()) thread_.join();
        if (bound_) ::unlink(config_.unix_socket->c_str());
    }

    Result<void, StartError> start() {
        if (config_.tcp) {
            if (!config_.page && !config_.tcp->address.is_loopback()) {
                return std::unexpected{StartError{
                    "cannot serve RPC on " + config_.tcp->to_string() + ": not a loopback address",
                    0}};
            }
            auto fd = listen_tcp(*config_.tcp, backlog);
            if (!fd) return std::unexpected{fd.error()};
            endpoint_ = local_endpoint(fd->get());
            const int family = config_.tcp->address.is_v4() ? AF_INET : AF_INET6;
            add_door(std::move(*fd), Origin::http, family);
        }
        if (config_.unix_socket) {
            auto fd = listen_unix(*config_.unix_socket, backlog);
            if (!fd) return std::unexpected{fd.error()};
            bound_ = true;
            add_door(std::move(*fd), Origin::unix_socket, AF_UNIX);
        }
        thread_ = std::thread{[this] {
            const auto guard = asio::make_work_guard(context_);
            context_.run();
        }};
        return {};
    }

    std::optional<Endpoint> endpoint() const { return endpoint_; }

    void reload(HttpServerConfig config) {
        asio::post(context_, [this, config = std::move(config)]() mutable {
            config_.hosts = std::move(config.hosts);
            config_.origins = std::move(config.origins);
            config_.connections_max = config.connections_max;
            config_.body_bytes_max = config.body_bytes_max;
        });
    }

private:
    void add_door(UniqueFd fd, Origin origin, int family) {
        doors_.push_back(std::make_unique<Door>(context_, std::move(fd), origin, family, config_,
                                                handler_, gate_, log_));
    }

    HttpServerConfig config_;
    Handler handler_;
    Log& log_;
    asio::io_context context_{1};
    std::shared_ptr<ReplyGate> gate_ = std::make_shared<ReplyGate>(context_);
    std::vector<std::unique_ptr<Door>> doors_;
    std::optional<Endpoint> endpoint_;
    bool bound_ = false;
    std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>, StartError> HttpServer::start(HttpServerConfig config,
                                                                  Handler handler, Log& log) {
    auto impl = std::make_unique<Impl>(std::move(config), std::move(handler), log);
    if (auto started = impl->start(); !started) return std::unexpected{started.error()};
    return std::unique_ptr<HttpServer>(new HttpServer{std::move(impl)});
}

void HttpServer::reload(HttpServerConfig config) {
    impl_->reload(std::move(config));
}

std::optional<Endpoint> HttpServer::tcp_endpoint() const {
    return impl_->endpoint();
}

}  // namespace parley::runtime
