// HttpServer as the server of one page.
#include <parley/runtime/http/http_server.hpp>
#include <parley/runtime/http/rpc_client.hpp>
#include <parley/runtime/http/test_http.hpp>

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
