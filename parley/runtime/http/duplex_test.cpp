// HttpServer over WebSocket, and over raw JSON at the Unix socket: requests, notifications, ends.
#include <parley/runtime/http/http_server.hpp>
#include <parley/runtime/http/rpc_client.hpp>
#include <parley/runtime/http/test_http.hpp>
#include <parley/runtime/test_dir.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

using namespace parley;
using namespace parley::runtime;
using Ws = WebSocketClient;

namespace {

std::unique_ptr<HttpServer> serve(HttpServerConfig config, HttpServer::Handler handler) {
    if (!config.tcp && !config.unix_socket) config.tcp = any_loopback;
    auto server = HttpServer::start(std::move(config), std::move(handler), no_log());
    REQUIRE(server);
    return std::move(*server);
}

void echo(const std::string& body, const rpc::Caller& caller, const HttpServer::Reply& done) {
    CHECK(caller.session != nullptr);
    done((caller.origin == Origin::http ? "http:" : "unix:") + body);
}

/// The session of the last request, and what was done to it before its reply.
struct Follower {
    std::shared_ptr<rpc::Session> session;
    std::atomic<int> requests{0};

    /// "follow": two notifications before the reply, the second held back. Else an echo.
    HttpServer::Handler handler() {
        return [this](const std::string& body, const rpc::Caller& caller,
                      const HttpServer::Reply& done) {
            session = caller.session;
            if (session && body == R"(["follow"])") {
                session->notify(R"(["early"])");
                session->hold_until_replied();
                session->notify(R"(["held"])");
            }
            done(body == R"(["silent"])" ? std::string{} : body);
            ++requests;
            requests.notify_all();
        };
    }
    void wait_for(int count) {
        for (int now = requests; now < count; now = requests) requests.wait(now);
    }
};

/// Ends when the server has seen the end of the connection.
void wait_for_end(const rpc::Session& session) {
    while (!session.has_ended()) std::this_thread::yield();
}

std::string status_of(const HttpServer& server, const std::string& text) {
    RawClient client{*server.tcp_endpoint()};
    client.send(text);
    const auto answer = client.read_bytes(12);
    return answer.starts_with("HTTP/1.1 ") ? answer.substr(9) : "none: " + answer;
}

}  // namespace

TEST_CASE("web socket: messages are requests, of either kind, whole or in fragments") {
    const auto server = serve({}, echo);
    Ws client{*server->tcp_endpoint()};
    client.send("[1]");
    CHECK(client.read_text() == "http:[1]");
    client.send(Ws::binary, "[2]");
    CHECK(client.read_text() == "http:[2]");
    client.send(Ws::text, "[3", false);
    client.send(Ws::ping, "there?");
    client.send(Ws::rest, "]");
    CHECK(client.read_frame() == Ws::Frame{0x80 | Ws::pong, "there?"});
    CHECK(client.read_text() == "http:[3]");
    client.raw().send(Ws::frame(Ws::text, "[4]") + Ws::frame(Ws::text, "[5]"));
    CHECK(client.read_text() == "http:[4]");
    CHECK(client.read_text() == "http:[5]");
    const std::string large((1U << 20) - 1, ' ');
    client.send("[" + large);
    CHECK(client.read_text().size() == large.size() + 6);
    client.send(Ws::close, std::string{"\x03\xe8", 2});
    CHECK(client.read_close() == "1000 ");
    CHECK(client.read_frame().opcode == -1);
}

TEST_CASE("web socket: the request to upgrade is checked as any other") {
    const auto server = serve({.hosts = {"node.example"}, .origins = {"http://app.example"}}, echo);
    struct Case {
        const char* name;
        std::string text;
        const char* status;
    };
    const std::string host = "Host: localhost\r\n";
    const Case cases[] = {
        {"good", Ws::upgrade(), "101"},
        {"configured host", Ws::upgrade("Host: node.example\r\n"), "101"},
        {"rebound name", Ws::upgrade("Host: evil.example\r\n"), "403"},
        {"no host", Ws::upgrade(""), "403"},
        {"known origin", Ws::upgrade(host + "Origin: http://app.example\r\n"), "101"},
        {"strange origin", Ws::upgrade(host + "Origin: http://evil.example\r\n"), "403"},
        {"null origin", Ws::upgrade(host + "Origin: null\r\n"), "403"},
        {"other path", Ws::upgrade(host, "/x"), "404"},
        {"whole address", Ws::upgrade(host, "http://localhost/"), "101"},
        {"header of 32 KiB", Ws::upgrade(host + "X: " + std::string(32'768, 'x') + "\r\n"), "431"},
        {"no key",
         "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\n\r\n",
         "400"},
        {"too early", Ws::upgrade() + Ws::frame(Ws::text, "[]"), "400"},
        {"just a get", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
    };
    for (const auto& test : cases) {
        CAPTURE(test.name);
        CHECK(status_of(*server, test.text) == test.status);
    }
}

TEST_CASE("web socket: a page is served without") {
    auto config = HttpServerConfig{.page = HttpPage{"/metrics", "text/plain"}, .tcp = any_loopback};
    const auto server = serve(std::move(config), [](const std::string&, const rpc::Caller& caller,
                                                    const HttpServer::Reply& done) {
        CHECK(caller.session == nullptr);
        done("one 1\n");
    });
    CHECK(status_of(*server, Ws::upgrade("Host: localhost\r\n", "/metrics")) == "200");
}

TEST_CASE("web socket: notifications come when they like, but after the reply that holds them") {
    Follower follower;
    const auto server = serve({}, follower.handler());
    Ws client{*server->tcp_endpoint()};
    client.send(R"(["follow"])");
    CHECK(client.read_text() == R"(["early"])");
    CHECK(client.read_text() == R"(["follow"])");
    CHECK(client.read_text() == R"(["held"])");
    follower.session->notify(R"(["later"])");
    CHECK(client.read_text() == R"(["later"])");
    client.send(R"(["silent"])");
    client.send("[1]");
    CHECK(client.read_text() == "[1]");
    CHECK_FALSE(follower.session->has_ended());
    client.send(Ws::close, std::string{"\x03\xe8", 2});
    wait_for_end(*follower.session);
    follower.session->notify("[]");
}

TEST_CASE("web socket: plain HTTP has no session") {
    Follower follower;
    const auto server = serve({}, follower.handler());
    CHECK(rpc_post(*server->tcp_endpoint(), "[1]").value() == "[1]");
    CHECK(follower.session == nullptr);
}

TEST_CASE("web socket: who reads too slowly is told how much it missed, and ended") {
    std::shared_ptr<rpc::Session> session;
    // The handler keeps the server's thread, so that nothing is written meanwhile.
    const auto server = serve(
        {.notify_bytes_max = 1000},
        [&](const std::string& body, const rpc::Caller& caller, const HttpServer::Reply& done) {
            session = caller.session;
            for (int i = 0; i < 10; ++i) {
                session->notify(std::string(300, static_cast<char>('0' + i)));
            }
            session->notify("small");  // there would be room
            done(body);
        });
    Ws client{*server->tcp_endpoint()};
    client.send("[]");
    for (const char c : {'0', '1', '2'}) CHECK(client.read_text() == std::string(300, c));
    CHECK(client.read_text() == "[]");
    CHECK(client.read_text() ==
          R"({"jsonrpc":"2.0","method":"parley_missed","params":{"notifications":8}})");
    CHECK(client.read_close() == "1008 too slow: 8 notifications missed");
    CHECK(session->has_ended());
    client.send(Ws::close, std::string{"\x03\xf0", 2});
    CHECK(client.read_frame().opcode == -1);
}

TEST_CASE("web socket: room is made by reading") {
    Follower follower;
    const auto server = serve({.notify_bytes_max = 1000}, follower.handler());
    Ws client{*server->tcp_endpoint()};
    client.send("[]");
    CHECK(client.read_text() == "[]");
    for (int i = 0; i < 10; ++i) {
        const std::string text(900, static_cast<char>('0' + i));
        follower.session->notify(text);
        CHECK(client.read_text() == text);
        client.send("[]");  // its reply comes once the server knows that the text is written
        CHECK(client.read_text() == "[]");
    }
}

TEST_CASE("web socket: who does not read at all is cut off") {
    Follower follower;
    const auto server =
        serve({.notify_bytes_max = 64U << 20, .reply_timeout = 50ms}, follower.handler());
    Ws client{*server->tcp_endpoint()};
    client.send("[]");
    CHECK(client.read_text() == "[]");
    follower.session->notify(std::string(32U << 20, 'x'));  // more than sockets hold
    wait_for_end(*follower.session);
}

TEST_CASE("web socket: a message that is too large, or that does not arrive whole, ends it") {
    Follower follower;
    const auto server =
        serve({.body_bytes_max = 1000, .request_timeout = 50ms}, follower.handler());
    Ws large{*server->tcp_endpoint()};
    large.send(std::string(1001, 'x'));
    CHECK(large.read_close() == "1009 ");
    Ws parts{*server->tcp_endpoint()};
    for (int i = 0; i < 3; ++i)
        parts.send(i == 0 ? Ws::text : Ws::rest, std::string(400, 'x'), false);
    CHECK(parts.read_close() == "1009 ");
    Ws half{*server->tcp_endpoint()};
    half.send(Ws::text, "[", false);
    CHECK(half.read_frame().opcode == -1);
    CHECK(follower.requests == 0);
    Ws no_handshake_end{*server->tcp_endpoint()};
    no_handshake_end.raw().send("\x01\x01");  // not masked
    CHECK(no_handshake_end.read_close().starts_with("1002"));
}

TEST_CASE("web socket: a handler that does not answer in time is an error, and the end") {
    HttpServer::Reply late;
    const auto server =
        serve({.reply_timeout = 50ms}, [&](const std::string&, const rpc::Caller&,
                                           HttpServer::Reply done) { late = std::move(done); });
    Ws client{*server->tcp_endpoint()};
    client.send("[]");
    CHECK(client.read_text() ==
          R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no answer in time"}})");
    CHECK(client.read_close() == "1011 no answer in time");
    late("too late");
}

TEST_CASE("web socket: an idle one is pinged, and kept while it answers") {
    Follower follower;
    const auto server = serve({.idle_timeout = 1s}, follower.handler());
    Ws client{*server->tcp_endpoint()};
    client.send("[]");
    CHECK(client.read_text() == "[]");
    for (int i = 0; i < 3; ++i) {
        const auto ping = client.read_frame();
        CHECK(ping.opcode == (0x80 | Ws::ping));
        client.send(Ws::pong, ping.payload);
    }
    CHECK_FALSE(follower.session->has_ended());
    CHECK(client.read_frame().opcode == (0x80 | Ws::ping));
    CHECK(client.read_frame().opcode == -1);  // without an answer
    wait_for_end(*follower.session);
}

TEST_CASE("web socket: takes a place as any other connection, and gives way as one") {
    Follower follower;
    const auto server = serve({.connections_max = 2}, follower.handler());
    Ws first{*server->tcp_endpoint()};
    first.send("[1]");
    CHECK(first.read_text() == "[1]");
    const auto first_session = follower.session;
    Ws second{*server->tcp_endpoint()};
    second.send("[2]");
    CHECK(second.read_text() == "[2]");
    first.send("[3]");  // now the second one waits longer
    CHECK(first.read_text() == "[3]");
    CHECK(rpc_post(*server->tcp_endpoint(), "[4]").value() == "[4]");
    CHECK(second.read_frame().opcode == -1);
    first.send("[5]");
    CHECK(first.read_text() == "[5]");
    CHECK_FALSE(first_session->has_ended());
}

TEST_CASE("web socket: with a request under way it keeps its place") {
    std::optional<HttpServer::Reply> under_way;
    std::atomic<int> calls{0};
    const auto server = serve({.connections_max = 1},
                              [&](const std::string&, const rpc::Caller&, HttpServer::Reply done) {
                                  under_way = std::move(done);
                                  ++calls;
                                  calls.notify_all();
                              });
    Ws client{*server->tcp_endpoint()};
    client.send("[1]");
    calls.wait(0);
    RawClient other{*server->tcp_endpoint()};
    CHECK(other.read_to_end().starts_with("HTTP/1.1 503"));
    (*under_way)("[late]");
    CHECK(client.read_text() == "[late]");
}

TEST_CASE("web socket: the server's end is the session's, which may be kept") {
    Follower follower;
    auto server = serve({}, follower.handler());
    Ws client{*server->tcp_endpoint()};
    client.send("[]");
    CHECK(client.read_text() == "[]");
    server.reset();
    CHECK(client.read_frame().opcode == -1);
    CHECK(follower.session->has_ended());
    follower.session->notify("nobody is there");
}

TEST_CASE("unix socket: JSON without HTTP, value after value, next to HTTP and WebSocket") {
    const TestDir dir;
    const auto path = dir.file("rpc.sock");
    const auto server = serve(
        {.unix_socket = path},
        [](const std::string& body, const rpc::Caller& caller, const HttpServer::Reply& done) {
            CHECK(caller.origin == Origin::unix_socket);
            done(body == "[0]" ? std::string{} : "reply:" + body);
        });
    RawClient client{path};
    client.send(" \n{\"id\":1}[2]");
    CHECK(client.read_until("[2]\n") == "reply:{\"id\":1}\nreply:[2]\n");
    client.send("[0] [");
    client.send("3");
    client.send("]");
    CHECK(client.read_until("\n") == "reply:[3]\n");
    CHECK(rpc_post(path, "[4]").value() == "reply:[4]");
    Ws ws{path};
    ws.send("[5]");
    CHECK(ws.read_text() == "reply:[5]");
}

TEST_CASE("unix socket: raw JSON is notified, and told what it missed") {
    const TestDir dir;
    const auto path = dir.file("rpc.sock");
    Follower follower;
    const auto server = serve({.unix_socket = path, .notify_bytes_max = 1000}, follower.handler());
    RawClient client{path};
    client.send(R"(["follow"])");
    CHECK(client.read_until("[\"held\"]\n") == "[\"early\"]\n[\"follow\"]\n[\"held\"]\n");
    follower.session->notify(std::string(1001, 'x'));
    CHECK(client.read_to_end() ==
          "{\"jsonrpc\":\"2.0\",\"method\":\"parley_missed\",\"params\":{\"notifications\":1}}\n");
    CHECK(follower.session->has_ended());
}

TEST_CASE("unix socket: raw JSON that is none, is too large or does not arrive whole") {
    const TestDir dir;
    const auto path = dir.file("rpc.sock");
    Follower follower;
    const auto server = serve(
        {.unix_socket = path, .body_bytes_max = 1000, .request_timeout = 50ms}, follower.handler());
    RawClient other{path};
    other.send("[1] 2");
    CHECK(other.read_to_end() ==
          "[1]\n{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
          "\"message\":\"parse error: expected an object or an array\"}}\n");
    RawClient large{path};
    large.send("[" + std::string(1000, ' '));
    CHECK(large.read_to_end() ==
          "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
          "\"message\":\"the request is too large\"}}\n");
    RawClient half{path};
    half.send("[1");
    CHECK(half.read_to_end().empty());
    // Over TCP there is only HTTP.
    const auto tcp = serve({.tcp = any_loopback}, follower.handler());
    CHECK(status_of(*tcp, "{\"id\":1}\r\n\r\n") == "400");
}
