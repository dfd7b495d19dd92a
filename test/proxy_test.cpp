// A node behind a SOCKS5 proxy that others made: microsocks of Debian. Where it is missing:
// test_skip.hpp.
#include "program.hpp"
#include <parley/base/test_skip.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/io/test_closed_port.hpp>
#include <parley/runtime/io/test_proxy.hpp>
#include <parley/runtime/test_node.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;
using namespace parley::testing;

namespace {

const std::string microsocks = "/usr/bin/microsocks";

/// The program takes no port 0: it gets one that was free a moment ago, at an address where no
/// other test listens.
Endpoint free_endpoint() {
    const Endpoint own{*IpAddress::parse("127.77.0.2"), 0};
    return local_endpoint(listen_tcp(own, 1).value().get());
}

bool takes_calls(const Endpoint& endpoint) {
    const UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto address = to_asio(endpoint);
    return ::connect(fd.get(), address.data(), static_cast<socklen_t>(address.size())) == 0;
}

TestNode::Options through(const transport::Proxy& proxy, Log& log) {
    TestNode::Options options;
    options.host.listen = {};
    options.host.proxy = proxy;
    options.log = &log;
    return options;
}

}  // namespace

TEST_CASE("two nodes exchange messages through microsocks, which checks the login") {
    if (!std::filesystem::exists(microsocks)) {
        skip("proxy", microsocks);
        return;
    }
    const Endpoint at = free_endpoint();
    Program proxy{{microsocks, "-i", at.address.to_string(), "-p", std::to_string(at.port), "-u",
                   "alice", "-P", "secret"},
                  "/dev/null",
                  "/dev/null"};
    Stream from_a{{.count = 500, .size = 20'000, .expected = 500}};
    Stream from_b{{.count = 500, .size = 20'000, .expected = 500}};
    TestNode a{{&from_a}};
    // It does not say when it listens.
    while (!takes_calls(at)) REQUIRE_FALSE(proxy.wait(20ms));
    {
        TestNode b{{&from_b}, through({at, "alice", "secret"}, no_log())};
        b.dial(a.target());
        CHECK(from_a.complete());
        CHECK(from_b.complete());
        CHECK(from_b.wrong() == 0);
    }
    DetailLog log{"link ended before it was up", "detail"};
    TestNode c{{}, through({at, "alice", "wrong"}, log)};
    c.dial(a.target());
    CHECK(log.wait() == "proxy " + at.to_string() + ": wrong user name or password (status 2)");
    // Nobody listens where it asks to be led.
    DetailLog later{"link ended before it was up", "detail"};
    TestNode d{{}, through({at, "alice", "secret"}, later)};
    const ClosedPort closed;
    d.dial({a.target().id, closed.at(any_port.address)});
    CHECK(later.wait() == "proxy " + at.to_string() + ": connection refused");
}
