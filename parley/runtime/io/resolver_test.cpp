#include <parley/runtime/io/resolver.hpp>

#include <parley/runtime/test_node.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>

using namespace parley;
using namespace parley::runtime;
using parley::runtime::test::patience;

namespace {

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

Addresses ask(Resolver& resolver, std::string host) {
    std::promise<Addresses> said;
    auto answer = said.get_future();
    resolver.resolve(std::move(host), [&](Addresses a) { said.set_value(std::move(a)); });
    REQUIRE(answer.wait_for(patience) == std::future_status::ready);
    return answer.get();
}

}  // namespace

TEST_CASE("the system knows localhost, and says in words what it does not know") {
    Resolver resolver{system_lookup};
    const auto known = ask(resolver, "localhost");
    REQUIRE(known);
    for (const auto& address : *known) CHECK(address.is_loopback());
    const auto unknown = ask(resolver, "nobody.invalid");  // RFC 6761: never resolves
    REQUIRE_FALSE(unknown);
    CHECK_FALSE(unknown.error().empty());
}

TEST_CASE("answers are cleaned and bounded, and every name is asked anew") {
    const auto calls = std::make_shared<std::atomic<int>>(0);
    Resolver resolver{[calls](const std::string& host) -> Addresses {
        ++*calls;
        if (host == "throws") throw std::runtime_error{"no resolver"};
        if (host == "none") return std::vector<IpAddress>{};
        if (host == "twice")
            return std::vector{ip("::"), ip("10.0.0.1"), ip("::1"), ip("10.0.0.1")};
        if (host == "fails") return std::unexpected{"no such name"};
        std::vector<IpAddress> many;
        for (int i = 1; i < 100; ++i) many.push_back(ip("10.0.0." + std::to_string(i)));
        return many;
    }};
    CHECK(ask(resolver, "twice").value() == std::vector{ip("10.0.0.1"), ip("::1")});
    CHECK(ask(resolver, "many").value().size() == Resolver::addresses_max);
    CHECK(ask(resolver, "none").error() == "it has no address");
    CHECK(ask(resolver, "fails").error() == "no such name");
    CHECK(ask(resolver, "throws").error() == "no resolver");
    CHECK(*calls == 5);
    (void)ask(resolver, "many");
    CHECK(*calls == 6);
}

TEST_CASE("a name that takes long keeps no other one waiting, and not the end") {
    struct Gate {
        std::promise<void> open;
        std::shared_future<void> opened{open.get_future()};
        std::promise<void> entered, left;
    };
    const auto gate = std::make_shared<Gate>();
    std::atomic<int> answers{0};
    {
        Resolver resolver{[gate](const std::string& host) -> Addresses {
            if (host == "slow") {
                gate->entered.set_value();
                gate->opened.wait();
                gate->left.set_value();
            }
            return std::vector{ip("10.0.0.1")};
        }};
        resolver.resolve("slow", [&](const Addresses&) { ++answers; });
        REQUIRE(gate->entered.get_future().wait_for(patience) == std::future_status::ready);
        CHECK(ask(resolver, "quick"));
    }
    CHECK(answers == 0);
    gate->open.set_value();
    CHECK(gate->left.get_future().wait_for(patience) == std::future_status::ready);
    CHECK(answers == 0);
}

TEST_CASE("no more than so many names wait") {
    const auto opened = std::make_shared<std::promise<void>>();
    const auto gate = opened->get_future().share();
    std::atomic<std::size_t> refused{0};
    {
        Resolver resolver{[gate](const std::string&) -> Addresses {
                              gate.wait();
                              return std::vector{ip("10.0.0.1")};
                          },
                          1};
        // One may be taken from those that wait meanwhile.
        for (std::size_t i = 0; i < Resolver::waiting_max + 2; ++i) {
            resolver.resolve("a", [&](const Addresses& a) {
                if (!a) refused += a.error() == "too many names wait to be resolved";
            });
        }
        CHECK(refused >= 1);
        CHECK(refused <= 2);
    }
    opened->set_value();
}
