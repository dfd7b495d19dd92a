// Dials through a SOCKS5 proxy.
#include <parley/runtime/io/test_closed_port.hpp>
#include <parley/runtime/io/test_proxy.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;
using transport::CloseReason;
using transport::Proxy;

namespace {

/// A node that listens nowhere and dials through `proxy`.
TestNode::Options through(const Proxy& proxy, Log& log = no_log()) {
    TestNode::Options options;
    options.host.listen = {};
    options.host.proxy = proxy;
    options.log = &log;
    return options;
}

}  // namespace

TEST_CASE("two nodes exchange messages through a proxy") {
    TestProxy::Options options;
    Proxy login;
    SUBCASE("that lets anybody in") {}
    SUBCASE("that wants a login") {
        options = {.user = "alice", .password = "secret"};
        login = {.endpoint = {}, .user = "alice", .password = "secret"};
    }
    SUBCASE("that wants none, with a login at hand") {
        login = {.endpoint = {}, .user = "alice", .password = "secret"};
    }
    TestProxy proxy{options};
    login.endpoint = proxy.endpoint();
    Stream from_a{{.count = 2'000, .size = 5'000, .expected = 2'000}};
    Stream from_b{{.count = 2'000, .size = 5'000, .expected = 2'000}};
    TestNode a{{&from_a}};
    TestNode b{{&from_b}, through(login)};
    b.dial(a.target());
    CHECK(from_a.complete());
    CHECK(from_b.complete());
    CHECK(from_a.wrong() == 0);
    CHECK(proxy.asked() == std::vector{a.target().endpoint.to_string()});
    // To those above it is a link to the node, not to the proxy.
    b.on_node([&](Now) {
        const auto peers = b.core().links().peers();
        REQUIRE(peers.size() == 1);
        CHECK(peers[0].endpoint == a.target().endpoint);
    });
}

TEST_CASE("each failure of a proxy is told in its own words") {
    struct Case {
        std::string script;
        std::string expected;
    };
    for (const auto& [script, expected] : {
             Case{"0401", "not SOCKS version 5: its answer begins with 4"},
             Case{"05ff", "it takes none of the ways to log in that were offered"},
             Case{"05020101", "wrong user name or password (status 1)"},
             Case{"05000502", "not allowed by its rules"},
             Case{"05000504", "host unreachable"},
             Case{"05000505", "connection refused"},
             Case{"0500050000", "it ended the connection after 3 of 5 bytes of a message"},
         }) {
        INFO(script);
        TestProxy proxy{{.script = script}};
        DetailLog log{"link ended before it was up", "detail"};
        TestNode node{{},
                      through({.endpoint = proxy.endpoint(), .user = "u", .password = "p"}, log)};
        TestNode other{{}};
        node.dial(other.target());
        CHECK(node.saw_end(CloseReason::dial_failed));
        CHECK(log.wait() == "proxy " + proxy.endpoint().to_string() + ": " + expected);
    }
}

TEST_CASE("what is wrong with the proxy itself is logged as a warning, once a minute") {
    DetailLog log{"dials fail", "why"};
    SUBCASE("nobody is there") {
        const ClosedPort closed;
        const Endpoint proxy = closed.at(any_port.address);
        TestNode node{{}, through({.endpoint = proxy, .user = {}, .password = {}}, log)};
        TestNode other{{}};
        node.dial(other.target());
        CHECK(log.wait() == "proxy " + proxy.to_string() + ": Connection refused");
        CHECK(node.saw_end(CloseReason::dial_failed));
        node.dial(other.target());
        CHECK(node.saw_ends(2));
        CHECK(log.count() == 1);
    }
    SUBCASE("it refuses the login") {
        TestProxy proxy{{.user = "alice", .password = "secret"}};
        TestNode node{
            {}, through({.endpoint = proxy.endpoint(), .user = "alice", .password = "?"}, log)};
        TestNode other{{}};
        node.dial(other.target());
        CHECK(log.wait() ==
              "proxy " + proxy.endpoint().to_string() + ": wrong user name or password (status 1)");
    }
    SUBCASE("it says nothing") {
        const auto listener = listen_tcp(any_port, 8).value();
        const Endpoint proxy = local_endpoint(listener.get());
        auto options = through({.endpoint = proxy, .user = {}, .password = {}}, log);
        options.host.proxy_timeout = 50ms;
        TestNode node{{}, options};
        TestNode other{{}};
        node.dial(other.target());
        CHECK(log.wait() == "proxy " + proxy.to_string() + ": no answer in time");
    }
    SUBCASE("one destination that cannot be reached is no matter of the proxy") {
        TestProxy proxy{{}};
        TestNode node{{}, through({.endpoint = proxy.endpoint(), .user = {}, .password = {}}, log)};
        TestNode other{{}};
        const ClosedPort closed;
        node.dial({other.target().id, closed.at(any_port.address)});
        CHECK(node.saw_end(CloseReason::dial_failed));
        CHECK(log.count() == 0);
    }
}

TEST_CASE("a dial that waits for the proxy can be given up, and the host ends in the midst of it") {
    const auto listener = listen_tcp(any_port, 8).value();
    TestNode node{
        {}, through({.endpoint = local_endpoint(listener.get()), .user = {}, .password = {}})};
    TestNode other{{}};
    node.dial(other.target());
    SUBCASE("given up") {
        node.on_node([&](Now now) {
            node.core().links().disconnect(now, other.target().id, CloseReason::requested);
        });
        CHECK(node.saw_end(CloseReason::requested));
    }
    SUBCASE("the end") {
        node.host().stop();
        CHECK(node.ended());
    }
}
