#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace parley;

namespace {

struct Up {
    int peer;
};
struct Down {
    int peer;
};

}  // namespace

TEST_CASE("events reach the subscribers of their type, in order, and only on delivery") {
    Hub hub;
    std::string seen;
    const auto up = hub.subscribe<Up>([&](const Up& e) { seen += "u" + std::to_string(e.peer); });
    const auto too = hub.subscribe<Up>([&](const Up& e) { seen += "U" + std::to_string(e.peer); });
    const auto down = hub.subscribe<Down>([&](const Down&) { seen += "d"; });
    hub.publish(Up{1});
    hub.publish(Down{1});
    hub.publish(Up{2});
    CHECK(seen.empty());
    CHECK_FALSE(hub.idle());
    CHECK(hub.deliver() == 3);
    CHECK(seen == "u1U1du2U2");
    CHECK(hub.idle());
    CHECK(hub.deliver() == 0);
    hub.publish(std::string{"nobody listens"});
    CHECK(hub.deliver() == 1);
}

TEST_CASE("no handler is entered while another one runs, and what it publishes comes after") {
    Hub hub;
    std::string seen;
    const auto up = hub.subscribe<Up>([&](const Up& e) {
        seen += "(";
        if (e.peer < 3) hub.publish(Up{e.peer + 1});
        CHECK(hub.deliver() == 0);
        seen += std::to_string(e.peer) + ")";
    });
    hub.publish(Up{1});
    hub.publish(Down{});
    CHECK(hub.deliver() == 4);
    CHECK(seen == "(1)(2)(3)");
}

TEST_CASE("an ended subscription is not called again, even for what is queued") {
    Hub hub;
    int calls = 0;
    {
        const auto up = hub.subscribe<Up>([&](const Up&) { ++calls; });
        hub.publish(Up{1});
        hub.deliver();
        hub.publish(Up{2});
    }
    hub.deliver();
    CHECK(calls == 1);

    auto first = hub.subscribe<Up>([&](const Up&) { calls += 10; });
    first = hub.subscribe<Up>([&](const Up&) { calls += 100; });
    Hub::Subscription moved = std::move(first);
    hub.publish(Up{3});
    hub.deliver();
    CHECK(calls == 101);
}

TEST_CASE("a handler may end its own or another subscription") {
    Hub hub;
    std::string seen;
    std::optional<Hub::Subscription> first;
    std::optional<Hub::Subscription> second;
    first = hub.subscribe<Up>([&](const Up&) {
        seen += "1";
        first.reset();
        second.reset();
        seen += "still here";
    });
    second = hub.subscribe<Up>([&](const Up&) { seen += "2"; });
    hub.publish(Up{1});
    hub.publish(Up{2});
    hub.deliver();
    CHECK(seen == "1still here");
}

TEST_CASE("a handler may subscribe others, which hear the later events") {
    Hub hub;
    std::vector<Hub::Subscription> made;
    int late = 0;
    int early = 0;
    const std::string held(100, 'x');  // on the heap: a moved handler would be noticed
    const auto first = hub.subscribe<Up>([&, held](const Up&) {
        for (int i = 0; i < 100; ++i) {
            made.push_back(hub.subscribe<Up>([&](const Up&) { ++late; }));
        }
        early += held == std::string(100, 'x') ? 1 : 0;
    });
    hub.publish(Up{1});
    hub.deliver();
    CHECK(late == 0);
    hub.publish(Up{2});
    hub.deliver();
    CHECK(late == 100);
    CHECK(early == 2);
}

TEST_CASE("ended subscriptions are forgotten, even if no event ever comes") {
    Hub hub;
    const auto marker = std::make_shared<int>(0);
    for (int i = 0; i < 100; ++i) {
        const auto ended = hub.subscribe<Up>([marker](const Up&) {});
    }
    CHECK(marker.use_count() <= 2);
}

TEST_CASE("a subscription may outlive its hub") {
    std::optional<Hub> hub{std::in_place};
    const auto up = hub->subscribe<Up>([](const Up&) {});
    hub.reset();
}

TEST_CASE("a handler that throws leaves the hub usable") {
    Hub hub;
    int calls = 0;
    const auto up = hub.subscribe<Up>([&](const Up& e) {
        ++calls;
        if (e.peer == 1) throw 1;
    });
    hub.publish(Up{1});
    hub.publish(Up{2});
    CHECK_THROWS(hub.deliver());
    CHECK(hub.deliver() == 1);
    CHECK(calls == 2);
}

TEST_CASE("log levels have names and fields take what is at hand") {
    CHECK(name(LogLevel::trace) == "trace");
    CHECK(name(LogLevel::off) == "off");
    CHECK_FALSE(no_log().enabled(LogLevel::error));
    no_log().write(LogLevel::error, "hub", "nobody reads", {{"a", 1}});
    const std::string_view view = "view";
    const LogField fields[] = {
        {"text", "literal"}, {"view", view}, {"number", std::uint64_t{7}}, {"negative", -1}};
    CHECK(fields[0].value == "literal");
    CHECK(fields[1].value == "view");
    CHECK(fields[2].value == "7");
    CHECK(fields[3].value == "-1");
}
