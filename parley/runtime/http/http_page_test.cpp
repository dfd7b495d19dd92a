// HttpServer as the server of one page.
#include <parley/runtime/http/http_server.hpp>
#include <parley/runtime/http/rpc_client.hpp>
#include <parley/runtime/http/test_http.hpp>
#include <parley/runtime/test_dir.hpp>

using namespace parley;
using namespace parley::runtime;

namespace {

std::unique_ptr<HttpServer> serve(const char* address) {
    HttpServerConfig config{.page = HttpPage{"/metrics", "text/plain; version=0.0.4"},
                            .tcp = Endpoint{*IpAddress::parse(address), 0}};
    auto server = HttpServer::start(
        std::move(config),
        [](const std::string& body, const rpc::Caller&, const HttpServer::Reply& done) {
            CHECK(body.empty());
            done("one 1\n");
        },
        no_log());
    REQUIRE(server);
    return std::move(*server);
}

std::string status_of(const std::string& answer) {
    return answer.substr(0, 12);
}

}  // namespace

TEST_CASE("a page is served to GET, with its type") {
    const auto server = serve("127.0.0.1");
    const auto endpoint = *server->tcp_endpoint();
    const auto answer = http_get(endpoint, "/metrics");
    CHECK(status_of(answer) == "HTTP/1.1 200");
    CHECK(answer.find("\r\nContent-Type: text/plain; version=0.0.4\r\n") != std::string::npos);
    CHECK(answer.ends_with("\r\n\r\none 1\n"));
    CHECK(status_of(http_get(endpoint, "/metrics?name=x", "127.0.0.1:9464")) == "HTTP/1.1 200");
}

TEST_CASE("nothing but the page is served") {
    const auto server = serve("127.0.0.1");
    const auto endpoint = *server->tcp_endpoint();
    CHECK(status_of(http_get(endpoint, "/")) == "HTTP/1.1 404");
    CHECK(status_of(http_get(endpoint, "/metricsx")) == "HTTP/1.1 404");
    CHECK(status_of(http_get(endpoint, "/metrics", "localhost", "POST")) == "HTTP/1.1 405");
    CHECK(status_of(http_get(endpoint, "/metrics", "evil.example")) == "HTTP/1.1 403");
    const auto rpc = rpc_post(endpoint, "{}");
    REQUIRE_FALSE(rpc);
    CHECK(rpc.error().status == 404);
}

TEST_CASE("a page on an address for others is asked for under any name") {
    const auto server = serve("0.0.0.0");
    const Endpoint endpoint{*IpAddress::parse("127.0.0.1"), server->tcp_endpoint()->port};
    CHECK(status_of(http_get(endpoint, "/metrics", "node.example:9464")) == "HTTP/1.1 200");
}

namespace {

/// With a page beside JSON-RPC, whose handler answers what it was asked.
std::unique_ptr<HttpServer> serve_files(const std::string& socket) {
    HttpServerConfig config{.files = {{"/", "text/html; charset=utf-8", "<p>hello", "one"},
                                      {"/page.js", "text/javascript", "x", "two"}},
                            .tcp = any_loopback,
                            .unix_socket = socket,
                            .hosts = {"node.example"},
                            .origins = {"https://wallet.example"}};
    auto server = HttpServer::start(
        std::move(config),
        [](const std::string& body, const rpc::Caller&, const HttpServer::Reply& done) {
            done(body);
        },
        no_log());
    REQUIRE(server);
    return std::move(*server);
}

std::string asked(const HttpServer& server, const std::string& headers,
                  std::string_view start = "GET / HTTP/1.1") {
    RawClient client{*server.tcp_endpoint()};
    client.send(std::string{start} + "\r\n" + headers + "Connection: close\r\n\r\n");
    return client.read_to_end();
}

bool has(const std::string& answer, std::string_view line) {
    return answer.find("\r\n" + std::string{line} + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("files are served beside JSON-RPC, and may load and frame nothing of others") {
    const TestDir dir;
    const auto server = serve_files(dir.file("rpc.sock"));
    const auto answer = asked(*server, "Host: localhost\r\n");
    CHECK(status_of(answer) == "HTTP/1.1 200");
    CHECK(answer.ends_with("\r\n\r\n<p>hello"));
    CHECK(has(answer, "Content-Type: text/html; charset=utf-8"));
    CHECK(has(answer, "X-Content-Type-Options: nosniff"));
    CHECK(has(answer, "Referrer-Policy: no-referrer"));
    CHECK(has(answer, "Cache-Control: no-cache"));
    CHECK(has(answer,
              "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
              "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'none'"));
    CHECK(answer.find("Access-Control-Allow-Origin") == std::string::npos);
    CHECK(has(asked(*server, "Host: [::1]\r\n", "GET /page.js?1 HTTP/1.1"),
              "Content-Type: text/javascript"));
    CHECK(status_of(asked(*server, "Host: node.example\r\n")) == "HTTP/1.1 200");
    CHECK(status_of(asked(*server, "Host: evil.example\r\n")) == "HTTP/1.1 403");
    CHECK(status_of(asked(*server, "Host: localhost\r\n", "GET /other HTTP/1.1")) ==
          "HTTP/1.1 404");
    CHECK(rpc_post(*server->tcp_endpoint(), "{}").value() == "{}");
}

TEST_CASE("a browser that has a file already is told so") {
    const TestDir dir;
    const auto server = serve_files(dir.file("rpc.sock"));
    CHECK(has(asked(*server, "Host: localhost\r\n"), "ETag: \"one\""));
    const auto again = asked(*server, "Host: localhost\r\nIf-None-Match: \"one\"\r\n");
    CHECK(status_of(again) == "HTTP/1.1 304");
    CHECK(again.find("hello") == std::string::npos);
    CHECK(status_of(asked(*server, "Host: localhost\r\nIf-None-Match: \"old\"\r\n")) ==
          "HTTP/1.1 200");
}

TEST_CASE("the page may ask this node, and pages of others may not") {
    const TestDir dir;
    const auto server = serve_files(dir.file("rpc.sock"));
    const auto status = [&](const std::string& host, const std::string& origin) {
        RawClient client{*server->tcp_endpoint()};
        client.send(WebSocketClient::upgrade("Host: " + host + "\r\nOrigin: " + origin + "\r\n"));
        return status_of(client.read_until("\r\n\r\n"));
    };
    CHECK(status("127.0.0.1:8570", "http://127.0.0.1:8570") == "HTTP/1.1 101");
    CHECK(status("LocalHost:8570", "http://localhost:8570") == "HTTP/1.1 101");
    CHECK(status("localhost:8570", "https://wallet.example") == "HTTP/1.1 101");
    CHECK(status("localhost:8570", "http://localhost:3000") == "HTTP/1.1 403");
    CHECK(status("localhost:8570", "http://localhost") == "HTTP/1.1 403");
    CHECK(status("localhost:8570", "https://localhost:8570") == "HTTP/1.1 403");
    CHECK(status("localhost:8570", "null") == "HTTP/1.1 403");
    CHECK(status("evil.example", "http://evil.example") == "HTTP/1.1 403");
}

TEST_CASE("at the Unix socket there are no files") {
    const TestDir dir;
    const auto path = dir.file("rpc.sock");
    const auto server = serve_files(path);
    RawClient client{path};
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(status_of(client.read_to_end()) == "HTTP/1.1 405");
}
