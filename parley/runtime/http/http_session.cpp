#include <parley/runtime/http/http_session.hpp>

#include <parley/base/text.hpp>
#include <parley/p2p/config/web_names.hpp>
#include <parley/rpc/json_stream.hpp>
#include <parley/runtime/http/json_session.hpp>
#include <parley/runtime/http/web_socket_session.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <utility>

namespace parley::runtime {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

http::response<http::string_body> make_response(http::status status, std::string body) {
    http::response<http::string_body> response{status, 11};
    if (!body.empty()) response.set(http::field::content_type, "application/json");
    response.body() = std::move(body);
    return response;
}

http::response<http::string_body> make_error(http::status status, std::string_view text) {
    return make_response(status, invalid_request(text));
}

bool is_json(std::string_view content_type) {
    const auto end = content_type.find(';');
    auto type = lower(content_type.substr(0, end));
    while (!type.empty() && type.back() == ' ') type.pop_back();
    return type == "application/json" || type == "application/json-rpc";
}

/// Without what an absolute-form target has before it (RFC 9112, 3.2.2); its Host header says the
/// same and is checked.
std::string_view path_of(const http::request<http::string_body>& request) {
    const std::string_view target{request.target().data(), request.target().size()};
    constexpr std::string_view scheme = "http://";
    if (!lower(target.substr(0, scheme.size())).starts_with(scheme)) return target;
    const auto slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
}

/// What a file of the server may do in a browser: nothing but talk to the server.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

http::response<http::string_body> file_response(const HttpFile& file,
                                                const http::request<http::string_body>& request) {
    const auto tag = '"' + file.tag + '"';
    const auto known = request[http::field::if_none_match];
    const bool is_known = std::string_view{known.data(), known.size()} == tag;
    auto response = make_response(is_known ? http::status::not_modified : http::status::ok,
                                  is_known ? std::string{} : std::string{file.bytes});
    if (!is_known) response.set(http::field::content_type, file.content_type);
    response.set(http::field::etag, tag);
    response.set(http::field::cache_control, "no-cache");
    response.set("Content-Security-Policy", content_policy);
    response.set("X-Content-Type-Options", "nosniff");
    response.set("X-Frame-Options", "DENY");
    response.set("Referrer-Policy", "no-referrer");
    response.set("Cross-Origin-Opener-Policy", "same-origin");
    response.set("Cross-Origin-Resource-Policy", "same-origin");
    return response;
}

}  // namespace

bool host_allowed(std::string_view host, const std::vector<std::string>& more) {
    const auto authority = p2p::read_web_authority(host);
    if (!authority) return false;
    const std::string_view name = authority->host;
    auto literal = name;
    if (literal.starts_with('[') && literal.ends_with(']')) {
        literal = literal.substr(1, literal.size() - 2);
    }
    const auto address = IpAddress::parse(literal);
    if (name == "localhost" || (address && address->is_loopback())) return true;
    return std::ranges::find(more, name) != more.end();
}

void HttpSession::close() {
    beast::error_code ignored;
    stream_.socket().close(ignored);
    if (patience_) patience_->cancel();
}

void HttpSession::wait_for_request() {
    note_wait();
    if (buffer_.size() > 0) {
        read_request();  // the next one is here already
        return;
    }
    // Nothing is allocated for a request before its first byte.
    buffer_.shrink_to_fit();
    stream_.expires_after(config().idle_timeout);
    stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](
                                                       beast::error_code error, std::size_t bytes) {
        if (error) return self->close();
        self->buffer_.commit(bytes);
        self->on_first_bytes();
    });
}

/// HTTP has no white space at its beginning, so that what is white space alone is JSON to come.
void HttpSession::on_first_bytes() {
    const auto first = buffer_.cdata();
    const std::string_view bytes{static_cast<const char*>(first.data()), first.size()};
    const bool may_be_json =
        serving_.origin == Origin::unix_socket && !config().page && request_number_ == 0;
    if (may_be_json && rpc::begins_json(bytes).value_or(true)) return speak_json();
    read_request();
}

void HttpSession::speak_json() {
    const auto next =
        std::make_shared<JsonSession>(std::move(stream_), std::move(serving_), place_);
    place_->connection = next;
    const auto first = buffer_.cdata();
    next->start({static_cast<const char*>(first.data()), first.size()});
}

void HttpSession::read_request() {
    parser_.emplace();
    parser_->body_limit(config().body_bytes_max);
    parser_->header_limit(config().header_bytes_max);
    stream_.expires_after(config().request_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](beast::error_code error, std::size_t) {
                                if (error) return self->on_request(error);
                                const auto expects = self->parser_->get()[http::field::expect];
                                if (lower({expects.data(), expects.size()}) != "100-continue")
                                    return self->read_body();
                                self->invite_body();
                            });
}

/// For a caller that waits for a word before it sends the body.
void HttpSession::invite_body() {
    constexpr std::string_view words = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(words),
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                          if (error) return self->close();
                          self->read_body();
                      });
}

void HttpSession::read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                         self->on_request(error);
                     });
}

void HttpSession::on_request(beast::error_code error) {
    keep_alive_ = false;
    origin_header_.clear();
    if (error == http::error::body_limit) {
        return send(make_error(http::status::payload_too_large, "the request is too large"));
    }
    if (error == http::error::header_limit) {
        return send(
            make_error(http::status::request_header_fields_too_large, "the header is too large"));
    }
    // Only what the parser found wrong is answered; after a time-out the socket is closed already.
    const bool malformed = error.category() == http::make_error_code({}).category() &&
                           error != http::error::end_of_stream &&
                           error != http::error::partial_message;
    if (malformed) return send(make_error(http::status::bad_request, "this is not HTTP"));
    if (error) return close();
    handle(parser_->release());
}

void HttpSession::handle(Request request) {
    keep_alive_ = request.keep_alive();
    version_ = request.version();
    const auto origin = request[http::field::origin];
    if (std::ranges::find(config().origins, std::string_view{origin.data(), origin.size()}) !=
        config().origins.end()) {
        origin_header_ = std::string{origin};
    }
    if (auto refused = refusal(request)) return send(std::move(*refused));
    if (const auto* file = file_for(request)) return send(file_response(*file, request));
    if (beast::websocket::is_upgrade(request) && !config().page) return upgrade(std::move(request));
    if (request.method() == http::verb::options) {  // a browser asks before it posts
        auto response = make_response(http::status::no_content, {});
        response.set(http::field::access_control_allow_methods, "POST");
        response.set(http::field::access_control_allow_headers, "Content-Type");
        return send(std::move(response));
    }
    await_reply(std::move(request.body()));
}

std::optional<HttpSession::Response> HttpSession::refusal(const Request& request) const {
    // Nothing but a browser is led astray by a name, and browsers do not open Unix sockets. A page
    // that is not for this machine alone is asked for under names that we do not know.
    if (serving_.origin == Origin::http &&
        (!config().page || config().tcp->address.is_loopback())) {
        const auto host = request[http::field::host];
        const bool once = request.count(http::field::host) == 1;
        if (!once || !host_allowed({host.data(), host.size()}, config().hosts)) {
            return make_error(http::status::forbidden, "this host is not served");
        }
    }
    if (request.count(http::field::origin) > 0 && origin_header_.empty() &&
        !is_own_origin(request)) {
        return make_error(http::status::forbidden, "this origin is not allowed");
    }
    if (config().page) return page_refusal(request);
    if (file_for(request) != nullptr) return std::nullopt;
    if (path_of(request) != "/") return make_error(http::status::not_found, "no such page");
    const bool preflight = request.method() == http::verb::options && !origin_header_.empty();
    if (preflight) return std::nullopt;
    if (beast::websocket::is_upgrade(request)) return std::nullopt;
    if (request.method() != http::verb::post) {
        auto response = make_error(http::status::method_not_allowed, "only POST is served");
        response.set(http::field::allow, "POST");
        return response;
    }
    const auto type = request[http::field::content_type];
    if (!is_json({type.data(), type.size()})) {
        return make_error(http::status::unsupported_media_type,
                          "the content type must be application/json");
    }
    return std::nullopt;
}

std::optional<HttpSession::Response> HttpSession::page_refusal(const Request& request) const {
    const auto path = path_of(request);
    if (path.substr(0, path.find('?')) != config().page->path) {
        return make_error(http::status::not_found, "no such page");
    }
    if (request.method() == http::verb::get) return std::nullopt;
    auto response = make_error(http::status::method_not_allowed, "only GET is served");
    response.set(http::field::allow, "GET");
    return response;
}

const HttpFile* HttpSession::file_for(const Request& request) const {
    if (serving_.origin != Origin::http || config().page) return nullptr;
    if (request.method() != http::verb::get || beast::websocket::is_upgrade(request)) {
        return nullptr;
    }
    const auto path = path_of(request);
    const auto found =
        std::ranges::find(config().files, path.substr(0, path.find('?')), &HttpFile::path);
    return found == config().files.end() ? nullptr : &*found;
}

/// Host was checked by then: a name that others make point here is none that is served.
bool HttpSession::is_own_origin(const Request& request) const {
    if (serving_.origin != Origin::http || config().files.empty()) return false;
    if (request.count(http::field::origin) != 1) return false;
    const auto host = request[http::field::host];
    const auto own = "http://" + lower({host.data(), host.size()});
    const auto origin = request[http::field::origin];
    return std::string_view{origin.data(), origin.size()} == own;
}

void HttpSession::upgrade(Request request) {
    // The client has to wait for the answer.
    if (buffer_.size() > 0) {
        keep_alive_ = false;
        return send(make_error(http::status::bad_request, "bytes after a request to upgrade"));
    }
    const auto next =
        std::make_shared<WebSocketSession>(std::move(stream_), std::move(serving_), place_);
    place_->connection = next;
    next->accept(std::move(request));
}

void HttpSession::await_reply(std::string body) {
    waits_since_.reset();
    stream_.expires_never();
    awaiting_ = ++request_number_;
    patience_.emplace(stream_.get_executor());
    patience_->expires_after(config().reply_timeout);
    patience_->async_wait([self = shared_from_this(), n = awaiting_](beast::error_code error) {
        if (error || self->awaiting_ != n) return;
        self->awaiting_ = 0;
        self->keep_alive_ = false;
        self->send(make_error(http::status::service_unavailable, "no answer in time"));
    });
    // A session that ended meanwhile is not kept alive by a handler that never answers.
    serving_.handler(
        std::move(body), rpc::Caller{serving_.origin},
        [weak = weak_from_this(), gate = serving_.gate, n = awaiting_](std::string reply) {
            gate->post([weak, n, reply = std::move(reply)]() mutable {
                if (const auto self = weak.lock()) self->on_reply(n, std::move(reply));
            });
        });
}

void HttpSession::on_reply(std::uint64_t request_number, std::string body) {
    if (awaiting_ != request_number || !stream_.socket().is_open()) return;
    awaiting_ = 0;
    patience_->cancel();
    const auto status = body.empty() ? http::status::no_content : http::status::ok;
    auto response = make_response(status, std::move(body));
    if (config().page) response.set(http::field::content_type, config().page->content_type);
    send(std::move(response));
}

void HttpSession::send(Response response) {
    note_wait();
    response_ = std::move(response);
    response_.version(version_);
    response_.keep_alive(keep_alive_);
    response_.set(http::field::server, "parley");
    response_.set(http::field::vary, "Origin");
    if (!origin_header_.empty()) {
        response_.set(http::field::access_control_allow_origin, origin_header_);
    }
    response_.prepare_payload();
    stream_.expires_after(config().reply_timeout);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                          if (error) return self->close();
                          self->response_ = {};
                          if (self->keep_alive_) return self->wait_for_request();
                          self->finish();
                      });
}

// The rest of a refused request is read for a moment: closing on unread bytes would reset the
// connection and destroy the answer on its way.
void HttpSession::finish() {
    beast::error_code ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    stream_.expires_after(2s);
    drain(0);
}

void HttpSession::drain(std::size_t bytes) {
    if (bytes > drain_bytes_max) return close();
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(65536), [self = shared_from_this(), bytes](
                                                        beast::error_code error, std::size_t got) {
        if (error) return self->close();
        self->drain(bytes + got);
    });
}

}  // namespace parley::runtime
