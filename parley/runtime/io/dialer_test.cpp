// The Dialer alone, without links. Where the poller is not run no connection is ever made, so
// that time is what a test says.
#include <parley/runtime/io/dialer.hpp>

#include <parley/runtime/clock.hpp>
#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace parley;
using namespace parley::runtime;
using transport::LinkId;

namespace {

const IpAddress loopback4 = *IpAddress::parse("127.0.0.1");
const IpAddress loopback6 = *IpAddress::parse("::1");
/// Generous: a test that fails may be slow, one that passes is not.
constexpr std::chrono::seconds patience{60};

/// A dialer, and a listener for it to dial.
struct Fixture {
    explicit Fixture(DialerConfig config = {}, Lookup lookup = system_lookup)
        : dialer(poller, with(std::move(config), resolver)), resolver(std::move(lookup)) {}
    static DialerConfig with(DialerConfig config, Resolver& resolver) {
        config.resolver = &resolver;
        return config;
    }

    Endpoint here() const { return local_endpoint(listener.get()); }
    /// Waits for the outcome.
    template <class Kind>
    Kind outcome() {
        const Instant end = monotonic_now() + patience;
        while (!dialer.has_outcomes() && monotonic_now() < end) poller.wait(end);
        return take<Kind>();
    }
    /// The outcome that is there.
    template <class Kind>
    Kind take() {
        auto outcomes = dialer.take_outcomes();
        REQUIRE(outcomes.size() == 1);
        REQUIRE(std::holds_alternative<Kind>(outcomes.front()));
        CHECK(dialer.dials() == 0);
        CHECK(dialer.next_wakeup() == never);
        return std::get<Kind>(std::move(outcomes.front()));
    }
    /// Time passes, while no connection comes about.
    void to(Instant instant) {
        time.instant = instant;
        dialer.on_timer(time);
    }
    void to_next_wakeup() { to(dialer.next_wakeup()); }

    Now time = now();
    UniqueFd listener = listen_tcp({loopback4, 0}, 8).value();
    Poller poller;
    Dialer dialer;
    Resolver resolver;  // its answers go to the poller: it ends first
};

}  // namespace

TEST_CASE("a dial ends in a connected socket, with what was asked for") {
    Fixture f;
    f.dialer.dial(f.time, {LinkId{7}, {{}, f.here()}, {}});
    CHECK(f.dialer.dials() == 1);
    const auto dialed = f.outcome<Dialer::Connected>();
    CHECK(dialed.request.link == LinkId{7});
    CHECK(dialed.request.target.endpoint == f.here());
    CHECK(dialed.endpoint == f.here());
    CHECK(peer_of(dialed.socket.get()) == f.here());
}

TEST_CASE("a name leads to the address that answers") {
    Fixture f{{},
              [](const std::string&) -> Addresses { return std::vector{loopback6, loopback4}; }};
    f.dialer.dial(f.time, {LinkId{7}, {{}, {{}, f.here().port}, "a.example"}, {}});
    CHECK(f.outcome<Dialer::Connected>().endpoint == f.here());
}

TEST_CASE("a name has connect_timeout to be resolved") {
    std::promise<void> opened;
    {
        Fixture f{{.connect_timeout = 3s},
                  [gate = opened.get_future().share()](const std::string&) -> Addresses {
                      gate.wait();
                      return std::vector{loopback4};
                  }};
        f.dialer.dial(f.time, {LinkId{7}, {{}, {{}, f.here().port}, "a.example"}, {}});
        CHECK(f.dialer.next_wakeup() == f.time.instant + 3s);
        f.to(f.time.instant + 2s);
        CHECK(!f.dialer.has_outcomes());
        f.to_next_wakeup();
        CHECK(f.take<Dialer::Failed>().why == "a.example: the name was not resolved in time");
    }
    opened.set_value();
}

TEST_CASE("each address has its share of the time, and each failure is told") {
    Fixture f{{.connect_timeout = 6s}};
    const Instant begin = f.time.instant;
    const Endpoint other{loopback6, f.here().port};
    f.dialer.dial(f.time, {LinkId{7}, {{}, f.here(), {}, other}, {}});
    CHECK(f.dialer.next_wakeup() == begin + 3s);
    SUBCASE("of 6 s") {
        f.to_next_wakeup();
        CHECK(!f.dialer.has_outcomes());
        CHECK(f.dialer.next_wakeup() == begin + 6s);
        f.to_next_wakeup();
    }
    SUBCASE("a late timer still lets the second be tried") {
        f.to(begin + 7s);
        CHECK(!f.dialer.has_outcomes());
        CHECK(f.dialer.next_wakeup() > begin + 7s);
        f.to_next_wakeup();
    }
    const auto failed = f.take<Dialer::Failed>();
    CHECK(failed.link == LinkId{7});
    CHECK(failed.why == f.here().to_string() + ": timed out; " + other.to_string() + ": timed out");
    CHECK(!failed.by_proxy);
}

TEST_CASE("a proxy that cannot be reached is told apart, and has a time of its own") {
    Fixture f{{.connect_timeout = 1s,
               .proxy = transport::Proxy{{loopback4, 1}, {}, {}},
               .proxy_timeout = 9s}};
    f.dialer.dial(f.time, {LinkId{7}, {{}, f.here()}, {}});
    CHECK(f.dialer.next_wakeup() == f.time.instant + 9s);
    f.to_next_wakeup();
    const auto failed = f.take<Dialer::Failed>();
    CHECK(failed.why == "proxy 127.0.0.1:1: timed out");
    CHECK(failed.by_proxy);
}

TEST_CASE("a dial can be given up, once, and hears nothing of its connection") {
    Fixture f;
    CHECK(!f.dialer.give_up(LinkId{7}));
    f.dialer.dial(f.time, {LinkId{7}, {{}, f.here()}, {}});
    CHECK(f.dialer.give_up(LinkId{7}));
    CHECK(!f.dialer.give_up(LinkId{7}));
    CHECK(f.take<Dialer::Failed>().why == "given up");
    f.dialer.dial(f.time, {LinkId{8}, {{}, f.here()}, {}});
    f.dialer.clear();
    f.poller.poll();
    CHECK(!f.dialer.has_outcomes());
    CHECK(f.dialer.dials() == 0);
    CHECK(f.dialer.next_wakeup() == never);
}
