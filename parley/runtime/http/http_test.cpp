#include <parley/runtime/http/http_server.hpp>
#include <parley/runtime/http/rpc_client.hpp>
#include <parley/runtime/http/test_http.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace parley;
using namespace parley::runtime;

namespace {

void echo(const std::string& body, const rpc::Caller& caller, const HttpServer::Reply& done) {
    done((caller.origin == Origin::http ? "http:" : "unix:") + body);
}

std::unique_ptr<HttpServer> serve(HttpServerConfig config, HttpServer::Handler handler = echo) {
    if (!config.tcp && !config.unix_socket) config.tcp = any_loopback;
    auto server = HttpServer::start(std::move(config), std::move(handler), no_log());
    REQUIRE(server);
    return std::move(*server);
}

std::string request(std::string_view headers, std::string_view body = "{}",
                    std::string_view start = "POST / HTTP/1.1") {
    return std::string{start} + "\r\n" + std::string{headers} +
           "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string{body};
}
constexpr std::string_view good_headers = "Host: localhost\r\nContent-Type: application/json\r\n";

std::string status_of(const HttpServer& server, const std::string& text) {
    RawClient client{*server.tcp_endpoint()};
    client.send(text);
    const auto answer = client.read_to_end();
    return answer.starts_with("HTTP/1.1 ") ? answer.substr(9, 3) : "none: " + answer;
}

}  // namespace

TEST_CASE("a post over TCP reaches the handler and its reply comes back") {
    const auto server = serve({});
    CHECK(rpc_post(*server->tcp_endpoint(), "hello").value() == "http:hello");
    const std::string large(1U << 20, 'x');
    CHECK(rpc_post(*server->tcp_endpoint(), large).value() == "http:" + large);
}

TEST_CASE("a post over the Unix socket is known as one; the file is private and goes at the end") {
    const TestDir dir;
    const auto path = dir.file("rpc.sock");
    {
        const auto server = serve({.unix_socket = path});
        CHECK(rpc_post(path, "hello").value() == "unix:hello");
        struct stat info{};
        REQUIRE(::stat(path.c_str(), &info) == 0);
        CHECK((info.st_mode & 0777) == 0600);
        CHECK_FALSE(server->tcp_endpoint());
    }
    CHECK_FALSE(std::filesystem::exists(path));
    const auto gone = rpc_post(path, "hello");
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == RpcClientError::Kind::no_connection);
    CHECK(gone.error().what == "cannot connect to " + path + ": No such file or directory");
}

TEST_CASE("replies may come from another thread, and after the server has ended") {
    std::vector<std::thread> threads;
    HttpServer::Reply late;
    {
        const auto server =
            serve({}, [&](const std::string& body, const rpc::Caller&, HttpServer::Reply done) {
                if (body == "late") {
                    late = std::move(done);
                } else {
                    threads.emplace_back([body, done] { done("later " + body); });
                }
            });
        CHECK(rpc_post(*server->tcp_endpoint(), "1").value() == "later 1");
        RawClient waiting{*server->tcp_endpoint()};
        waiting.send(request(good_headers, "late"));
        CHECK(rpc_post(*server->tcp_endpoint(), "2").value() == "later 2");
    }
    for (auto& thread : threads) thread.join();
    if (late) late("nobody is there");
}

TEST_CASE("a connection serves request after request, also when they come at once") {
    const auto server = serve({});
    RawClient client{*server->tcp_endpoint()};
    const std::string one =
        "POST / HTTP/1.1\r\n" + std::string{good_headers} + "Content-Length: 1\r\n\r\n";
    client.send(one + "a");
    CHECK(client.read_until("http:a").starts_with("HTTP/1.1 200"));
    client.send(one + "b" + one + "c");
    CHECK(client.read_until("http:c").find("http:b") != std::string::npos);
}

TEST_CASE("what is not a JSON post to this host is refused with its status") {
    const auto server = serve({.hosts = {"node.example"}, .origins = {"http://app.example"}});
    const std::string json = "Content-Type: application/json\r\n";
    struct Case {
        const char* name;
        std::string text;
        const char* status;
    };
    const Case cases[] = {
        {"good", request(good_headers), "200"},
        {"charset",
         request("Host: localhost\r\nContent-Type: Application/JSON ; charset=utf-8\r\n"), "200"},
        {"host with port", request("Host: LocalHost:8545\r\n" + json), "200"},
        {"IPv4", request("Host: 127.0.0.1:1\r\n" + json), "200"},
        {"IPv6", request("Host: [::1]:8545\r\n" + json), "200"},
        {"configured host", request("Host: node.example\r\n" + json), "200"},
        {"rebound name", request("Host: evil.example\r\n" + json), "403"},
        {"tricky name", request("Host: localhost.evil.example:80\r\n" + json), "403"},
        {"tricky port", request("Host: localhost:80@evil.example\r\n" + json), "403"},
        {"no host", request(json), "403"},
        {"two hosts", request("Host: localhost\r\nHost: evil.example\r\n" + json), "403"},
        {"strange origin", request("Origin: http://evil.example\r\n" + std::string{good_headers}),
         "403"},
        {"null origin", request("Origin: null\r\n" + std::string{good_headers}), "403"},
        {"empty origin", request("Origin: \r\n" + std::string{good_headers}), "403"},
        {"known origin", request("Origin: http://app.example\r\n" + std::string{good_headers}),
         "200"},
        {"preflight",
         request("Origin: http://app.example\r\nHost: localhost\r\n", "", "OPTIONS / HTTP/1.1"),
         "204"},
        {"options", request("Host: localhost\r\n", "", "OPTIONS / HTTP/1.1"), "405"},
        {"get", request("Host: localhost\r\n", "", "GET / HTTP/1.1"), "405"},
        {"other path", request(good_headers, "{}", "POST /x HTTP/1.1"), "404"},
        {"another loopback address",
         request("Host: 127.0.0.2:8570\r\nContent-Type: application/json\r\n"), "200"},
        {"whole address", request(good_headers, "{}", "POST http://localhost/ HTTP/1.1"), "200"},
        {"whole address without path",
         request(good_headers, "{}", "POST HTTP://localhost HTTP/1.1"), "200"},
        {"whole address, other path",
         request(good_headers, "{}", "POST http://localhost/x HTTP/1.1"), "404"},
        {"its older type",
         request("Host: localhost\r\nContent-Type: application/json-rpc; charset=utf-8\r\n"),
         "200"},
        {"form", request("Host: localhost\r\nContent-Type: text/plain\r\n"), "415"},
        {"no type", request("Host: localhost\r\n"), "415"},
        {"body of 2 MiB", request(good_headers, std::string(2U << 20, 'x')), "413"},
        {"header of 32 KiB", request("X: " + std::string(32'768, 'x') + "\r\n"), "431"},
        {"no HTTP", "\x16\x03\x01 hello\r\n\r\n", "400"},
    };
    for (const auto& test : cases) {
        CAPTURE(test.name);
        CHECK(status_of(*server, test.text) == test.status);
    }
}

TEST_CASE("a caller that waits for a word before it sends the body gets it") {
    const auto server = serve({});
    RawClient client{*server->tcp_endpoint()};
    client.send("POST / HTTP/1.1\r\n" + std::string{good_headers} +
                "Connection: close\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n");
    CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    const auto answer = client.read_to_end();
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK(answer.ends_with("http:hello"));
}

TEST_CASE("the refusal of a large body is a JSON-RPC error that arrives whole") {
    const auto server = serve({});
    const auto reply = rpc_post(*server->tcp_endpoint(), std::string((1U << 20) + 1, 'x'));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == RpcClientError::Kind::refused);
    CHECK(reply.error().status == 413);
    CHECK(
        reply.error().body ==
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"the request is too large"}})");
}

TEST_CASE("who has a request under way keeps the place, and more are told so") {
    std::vector<HttpServer::Reply> under_way;
    std::atomic<int> calls{0};
    const auto server =
        serve({.connections_max = 2}, [&](const std::string&, const rpc::Caller&, auto done) {
            under_way.push_back(std::move(done));
            ++calls;
            calls.notify_all();
        });
    RawClient a{*server->tcp_endpoint()};
    RawClient b{*server->tcp_endpoint()};
    for (auto* client : {&a, &b}) client->send(request(good_headers));
    while (calls < 2) calls.wait(calls);
    RawClient c{*server->tcp_endpoint()};
    CHECK(c.read_to_end().starts_with("HTTP/1.1 503"));
    for (const auto& done : under_way) done("late");
    for (auto* client : {&a, &b}) CHECK(client->read_to_end().ends_with("late"));
    RawClient d{*server->tcp_endpoint()};
    d.send(request(good_headers));
    while (calls < 3) calls.wait(calls);
}

TEST_CASE("who is silent or slow keeps nobody out") {
    const auto server = serve({.connections_max = 8});
    std::vector<std::unique_ptr<RawClient>> silent;
    for (int i = 0; i < 40; ++i) {
        silent.push_back(std::make_unique<RawClient>(*server->tcp_endpoint()));
        if (i % 2 == 0) silent.back()->send("POST / HTTP/1.1\r\nHost: loc");
        const auto reply = rpc_post(*server->tcp_endpoint(), "x");
        REQUIRE(reply);
        CHECK(*reply == "http:x");
    }
    // The first ones gave way.
    CHECK(silent.front()->read_to_end().empty());
}

TEST_CASE("a caller with few connections does not give way to one with many") {
    const auto server = serve({.connections_max = 8});
    RawClient few{*server->tcp_endpoint(), "127.0.0.9"};
    std::vector<std::unique_ptr<RawClient>> many;
    for (int i = 0; i < 40; ++i) {
        many.push_back(std::make_unique<RawClient>(*server->tcp_endpoint()));
    }
    CHECK(many.front()->read_to_end().empty());
    few.send(request(good_headers));
    CHECK(few.read_to_end().ends_with("http:{}"));
}

TEST_CASE("who is silent is cut off, before, within and after a request") {
    const auto server = serve({.idle_timeout = 50ms, .request_timeout = 50ms});
    RawClient idle{*server->tcp_endpoint()};
    CHECK(idle.read_to_end().empty());
    RawClient half{*server->tcp_endpoint()};
    half.send("POST / HTTP/1.1\r\nHost: loc");
    CHECK(half.read_to_end().empty());
}

TEST_CASE("a handler that does not answer in time is a 503, and its late answer harms nobody") {
    std::atomic<int> calls{0};
    HttpServer::Reply late;
    const auto server = serve({.reply_timeout = 50ms},
                              [&](std::string body, const rpc::Caller&, HttpServer::Reply done) {
                                  if (calls++ == 0) {
                                      late = std::move(done);
                                  } else {
                                      late("too late");
                                      done(std::move(body));
                                  }
                              });
    const auto reply = rpc_post(*server->tcp_endpoint(), "first");
    REQUIRE_FALSE(reply);
    CHECK(reply.error().status == 503);
    CHECK(rpc_post(*server->tcp_endpoint(), "second").value() == "second");
}

TEST_CASE("a port or a socket in use is named at the start") {
    const TestDir dir;
    const auto path = dir.file("rpc.sock");
    const auto server = serve({.tcp = any_loopback, .unix_socket = path});
    const auto endpoint = *server->tcp_endpoint();
    const auto tcp = HttpServer::start({.tcp = endpoint}, echo, no_log());
    REQUIRE_FALSE(tcp);
    CHECK(tcp.error().what ==
          "cannot listen on " + endpoint.to_string() + ": Address already in use");
    CHECK(tcp.error().system_error == EADDRINUSE);
    const auto unix_socket = HttpServer::start({.unix_socket = path}, echo, no_log());
    REQUIRE_FALSE(unix_socket);
    CHECK(unix_socket.error().what == "cannot listen on " + path + ": Address already in use");
    CHECK(rpc_post(path, "still there").value() == "unix:still there");
    const auto far =
        HttpServer::start({.tcp = Endpoint{*IpAddress::parse("0.0.0.0"), 0}}, echo, no_log());
    REQUIRE_FALSE(far);
    CHECK(far.error().what == "cannot serve RPC on 0.0.0.0:0: not a loopback address");
}

TEST_CASE("a socket in a folder of any depth") {
    const TestDir dir;
    const auto deep = std::filesystem::path{dir.file(std::string(60, 'a'))} / std::string(60, 'b');
    std::filesystem::create_directories(deep);
    const auto path = (deep / "parley.sock").string();
    for (int i = 0; i < 2; ++i) {  // the second one replaces the file of the first
        const auto server = serve({.unix_socket = path});
        CHECK(rpc_post(path, "x").value() == "unix:x");
    }
    const auto lost = (deep / "lost" / "parley.sock").string();
    const auto refused = HttpServer::start({.unix_socket = lost}, echo, no_log());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what == "cannot listen on " + lost + ": No such file or directory");
}

TEST_CASE("a stale socket file is replaced, any other file is left alone") {
    const TestDir dir;
    const auto stale = dir.file("stale");
    {
        const auto fd = listen_unix(stale, 1).value();
    }  // the process that made it is gone
    REQUIRE(std::filesystem::exists(stale));
    const auto server = serve({.unix_socket = stale});
    CHECK(rpc_post(stale, "x").value() == "unix:x");

    const auto file = dir.file("file");
    std::ofstream{file} << "precious";
    const auto refused = HttpServer::start({.unix_socket = file}, echo, no_log());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().system_error == EADDRINUSE);
    CHECK(std::filesystem::file_size(file) == 8);
}
