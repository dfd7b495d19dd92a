#include <parley/transport/switch/caller_rates.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

using namespace parley;
using namespace parley::transport;

namespace {

Instant at(Duration d) {
    return Instant{} + d;
}

struct Callers {
    explicit Callers(const CallerLimits& limits = {}) : rates(limits, 1) {}
    bool come(const std::string& from, Duration when = 0s) {
        return rates.admit(at(when), IpAddress::parse(from).value());
    }
    void fail(const std::string& from, Duration when) {
        rates.on_failure(at(when), IpAddress::parse(from).value());
    }
    void succeed(const std::string& from) { rates.on_success(IpAddress::parse(from).value()); }
    /// How many of `count` come, one after the other at the same moment.
    int come_often(const std::string& from, int count, Duration when = 0s) {
        int came = 0;
        for (int i = 0; i < count; ++i) came += come(from, when) ? 1 : 0;
        return came;
    }
    CallerRates rates;
};

}  // namespace

TEST_CASE("caller rates: by address, /64 of IPv6, and apart for loopback") {
    Callers callers{{.address = {1.0, 2.0}, .exempt_address = {1.0, 5.0}}};
    CHECK(callers.come_often("1.1.1.1", 5) == 2);
    CHECK(callers.come("1.1.1.2"));
    CHECK(callers.come("1.1.1.1", 1s));
    CHECK_FALSE(callers.come("1.1.1.1", 1s));
    CHECK(callers.come("2001:db8::1"));
    CHECK(callers.come("2001:db8::2"));
    CHECK_FALSE(callers.come("2001:db8::3"));
    CHECK(callers.come("2001:db8:0:1::3"));
    CHECK(callers.come_often("127.0.0.1", 9) == 5);
    CHECK(callers.come("10.0.0.1"));
}

TEST_CASE("caller rates: by /24 and /16, /48 and /32, and others are not touched") {
    Callers callers{{.address = {1.0, 2.0}, .group = {1.0, 3.0}, .wide_group = {1.0, 5.0}}};
    CHECK(callers.come_often("8.8.1.1", 9) == 2);
    CHECK(callers.come_often("8.8.1.2", 9) == 1);
    CHECK(callers.come_often("8.8.2.1", 9) == 2);
    CHECK_FALSE(callers.come("8.8.3.1"));
    CHECK(callers.come_often("8.9.1.1", 9) == 2);
    CHECK(callers.come_often("2001:db8:1::1", 9) == 2);
    CHECK(callers.come_often("2001:db8:1:1::1", 9) == 1);
    CHECK(callers.come_often("2001:db8:2::1", 9) == 2);
    CHECK_FALSE(callers.come("2001:db8:3::1"));
}

TEST_CASE("caller rates: a crowd that uses up a family's rate leaves each group its share") {
    Callers callers;
    // 250 addresses of as many /16 call five times a second each.
    int crowd = 0;
    int honest = 0;
    for (int step = 0; step < 60 * 1250; ++step) {
        const auto when = std::chrono::microseconds{step * 800};
        crowd += callers.come(fmt::format("{}.{}.1.1", 20 + step % 50, step / 50 % 5), when);
        if (step % 1250 == 0) honest += callers.come("9.9.9.9", when);
    }
    CHECK(honest == 60);
    CHECK(crowd < 60 * (200 + 250) + 400 + 250 * 8);
    CHECK(crowd > 60 * 200);
}

TEST_CASE("caller rates: a crowd of one family leaves the other one alone") {
    Callers callers{{.family = {1.0, 10.0}, .share = {0.001, 1.0}, .shares_all = {0.001, 1.0}}};
    for (int i = 0; i < 50; ++i) callers.come(fmt::format("2001:{:x}::1", i + 1));
    CHECK_FALSE(callers.come("2001:ffff::1"));
    CHECK(callers.come_often("8.8.8.8", 10) == 10);
}

TEST_CASE("caller rates: many failures in a row wait, longer each time, and a success forgives") {
    Callers callers;
    Duration now = 0s;
    for (int i = 0; i < 8; ++i) {
        now += 1min;
        CHECK(callers.come("8.8.8.8", now));
        callers.fail("8.8.8.8", now);
    }
    CHECK(callers.come("8.8.8.8", now));
    for (const auto wait : {1s, 2s, 4s, 8s, 16s, 16s}) {
        callers.fail("8.8.8.8", now);
        CHECK_FALSE(callers.come("8.8.8.8", now + wait - 1ms));
        now += wait;
        CHECK(callers.come("8.8.8.8", now));
    }
    callers.fail("8.8.8.8", now);
    CHECK_FALSE(callers.come("8.8.8.8", now));
    CHECK(callers.come("8.8.8.9", now));  // a neighbour
    callers.succeed("8.8.8.8");
    CHECK(callers.come("8.8.8.8", now));
    callers.fail("8.8.8.8", now);
    CHECK(callers.come("8.8.8.8", now));
    for (int i = 0; i < 100; ++i) callers.fail("127.0.0.1", now);
    CHECK(callers.come("127.0.0.1", now));
}

TEST_CASE("caller rates: what is refused costs nobody anything") {
    Callers callers{{.address = {0.001, 2.0}, .group = {0.001, 4.0}}};
    CHECK(callers.come_often("8.8.8.1", 100) == 2);
    CHECK(callers.come_often("8.8.8.2", 100) == 2);
}
