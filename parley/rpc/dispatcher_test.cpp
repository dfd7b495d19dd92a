// The envelope, with methods of the test's own; what the node's methods answer is tested with them.
#include <parley/rpc/dispatcher.hpp>

#include <parley/rpc/params.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>

using namespace parley;
using rpc::Call;
using rpc::Dispatcher;
using rpc::Done;
using rpc::Method;
using rpc::Origin;
namespace json = boost::json;

namespace {

rpc::Result echo(const Call& call) {
    const auto text = rpc::text_param(call, 0, "a word");
    if (!text) return std::unexpected{text.error()};
    return json::value(*text);
}

std::string ask(const Dispatcher& dispatcher, std::string_view body, Origin origin = Origin::http) {
    std::string out = "no reply";
    dispatcher.handle({}, body, origin, [&](std::string reply) { out = std::move(reply); });
    return out;
}

std::string request(std::string_view method, std::string_view params = "[]") {
    return R"({"jsonrpc":"2.0","id":1,"method":")" + std::string{method} + R"(","params":)" +
           std::string{params} + "}";
}

std::string refusal_of(Dispatcher& dispatcher, Method method) {
    try {
        dispatcher.add({std::move(method)});
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("dispatcher: methods of several owners answer side by side, by the same rules") {
    Dispatcher dispatcher{{.body_bytes_max = 1000}};
    dispatcher.add({{.name = "a_echo", .params_max = 1, .answer = &echo}});
    dispatcher.add({{.name = "b_echo", .params_max = 1, .owner_only = true, .answer = &echo}});
    CHECK(ask(dispatcher, request("a_echo", R"(["x"])")) ==
          R"({"jsonrpc":"2.0","id":1,"result":"x"})");
    CHECK(ask(dispatcher, request("a_echo", "[5]")) ==
          R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,)"
          R"("message":"params[0]: expected a word, got number"}})");
    CHECK(ask(dispatcher, request("a_echo", R"(["x","y"])")) ==
          R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,)"
          R"("message":"params: expected at most 1, got 2"}})");
    CHECK(ask(dispatcher, request("b_echo", R"(["x"])")) ==
          R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,)"
          R"("message":"b_echo answers only on the Unix socket"}})");
    CHECK(ask(dispatcher, request("b_echo", R"(["x"])"), Origin::unix_socket) ==
          R"({"jsonrpc":"2.0","id":1,"result":"x"})");
    CHECK(ask(dispatcher, "[" + request("a_echo", R"(["x"])") + "," + request("c_echo") + "]") ==
          R"([{"jsonrpc":"2.0","id":1,"result":"x"},{"jsonrpc":"2.0","id":1,"error":)"
          R"({"code":-32601,"message":"the method c_echo does not exist"}}])");
}

TEST_CASE("dispatcher: params may be null, and an id of any size is repeated") {
    Dispatcher dispatcher{{.body_bytes_max = 1000}};
    dispatcher.add({{.name = "one", .answer = [](const Call&) -> rpc::Result { return 1; }}});
    CHECK(ask(dispatcher, request("one", "null")) == R"({"jsonrpc":"2.0","id":1,"result":1})");
    const auto huge = ask(dispatcher, R"({"jsonrpc":"2.0","id":1e400,"method":"one"})");
    CHECK(huge == R"({"jsonrpc":"2.0","id":1e400,"result":1})");
}

TEST_CASE("dispatcher: a method that cannot be is refused when it is added") {
    Dispatcher dispatcher{{.body_bytes_max = 1000}};
    CHECK(refusal_of(dispatcher, {.name = "a_echo", .answer = &echo}) == "none");
    CHECK(refusal_of(dispatcher, {.name = "a_echo", .answer = &echo}) ==
          "RPC method a_echo: there is one already");
    CHECK(refusal_of(dispatcher, {.name = "", .answer = &echo}) ==
          "RPC method \"\": expected a name of 1 to 64 printable characters without space");
    CHECK(refusal_of(dispatcher, {.name = "a b", .answer = &echo}) != "none");
    CHECK(refusal_of(dispatcher, {.name = std::string(65, 'a'), .answer = &echo}) != "none");
    CHECK(refusal_of(dispatcher, {.name = "nothing"}) ==
          "RPC method nothing: expected one of answer, start and start_text");
    CHECK(refusal_of(dispatcher, {.name = "both", .answer = &echo, .start = [](const Call&, Done) {
                                  }}) != "none");
}

TEST_CASE("dispatcher: a method's exception is its caller's error, and no end of the node") {
    Dispatcher dispatcher{{.body_bytes_max = 1000}};
    dispatcher.add(
        {{.name = "now",
          .answer = [](const Call&) -> rpc::Result { throw std::runtime_error{"broken"}; }},
         {.name = "later",
          .start =
              [](const Call&, Done done) {
                  const Done gone = std::move(done);
                  throw std::runtime_error{"broken"};
              }},
         {.name = "after", .start = [](const Call&, Done done) {
              done(json::value(1));
              throw std::runtime_error{"broken"};
          }}});
    CHECK(ask(dispatcher, request("now")) == R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,)"
                                             R"("message":"now failed: broken"}})");
    CHECK(ask(dispatcher, request("later")) ==
          R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"later failed: broken"}})");
    CHECK(ask(dispatcher, request("after")) == R"({"jsonrpc":"2.0","id":1,"result":1})");
}

TEST_CASE("dispatcher: a lasting method is answered once its change is on disk") {
    Dispatcher::Saved saved;
    Dispatcher dispatcher{{.body_bytes_max = 1000},
                          [&](Now, Dispatcher::Saved done) { saved = std::move(done); }};
    dispatcher.add({{.name = "keep", .params_max = 1, .lasting = true, .answer = &echo}});
    std::string reply;
    const auto keep = [&](std::string_view params) {
        reply.clear();
        dispatcher.handle({}, request("keep", params), Origin::http,
                          [&](std::string text) { reply = std::move(text); });
    };
    keep(R"(["x"])");
    CHECK(reply.empty());
    saved(std::nullopt);
    CHECK(reply == R"({"jsonrpc":"2.0","id":1,"result":"x"})");
    keep(R"(["x"])");
    saved("the disk is full");
    CHECK(reply == R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":)"
                   R"("in force until the node ends, but not on disk: the disk is full"}})");
    keep("[1]");  // what failed changed nothing
    CHECK(reply.find("-32602") != std::string::npos);
}

namespace {

struct ToldSession final : rpc::Session {
    std::string told;
    void notify(std::string text) override { told += text; }
    void hold_until_replied() override {}
    bool has_ended() const override { return false; }
};

}  // namespace

TEST_CASE("dispatcher: a method may keep its caller's session, where there is one") {
    Dispatcher dispatcher{{.body_bytes_max = 1000}};
    std::shared_ptr<rpc::Session> kept;
    dispatcher.add({{.name = "follow", .answer = [&](const Call& call) -> rpc::Result {
                         if (!call.session) {
                             return std::unexpected{rpc::notifications_unsupported()};
                         }
                         kept = call.session;
                         return true;
                     }}});
    CHECK(ask(dispatcher, request("follow")) == R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,)"
                                                R"("message":"notifications not supported"}})");
    const auto session = std::make_shared<ToldSession>();
    std::string reply;
    dispatcher.handle({}, request("follow"), {Origin::http, session},
                      [&](std::string text) { reply = std::move(text); });
    CHECK(reply == R"({"jsonrpc":"2.0","id":1,"result":true})");
    REQUIRE(kept == session);
    kept->notify("later");
    CHECK(session->told == "later");
}

TEST_CASE("the program itself asks a method that answers at once") {
    Dispatcher dispatcher{{}};
    dispatcher.add({{.name = "a_now", .answer = [](const Call&) { return rpc::Result{7}; }},
                    {.name = "a_later", .start = [](const Call&, Done done) { done(7); }}});
    CHECK(dispatcher.ask({}, "a_now").value() == 7);
    CHECK(dispatcher.ask({}, "a_later").error().code == rpc::code::refused);
    CHECK(dispatcher.ask({}, "a_other").error().code == rpc::code::method_not_found);
}
