#include "peers/resolve_peer.hpp"

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::app;

TEST_CASE("peers are named by ID, target, address or the first digits of an ID") {
    const std::string a = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    const std::string b = "02c6aaaa9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    const std::vector<std::string> known{a, b, a};
    const auto error = [&](std::string_view text) {
        const auto who = resolve_peer(text, known);
        return who ? "none: " + *who : who.error().what;
    };
    CHECK(resolve_peer(a, {}).value() == a);
    CHECK(resolve_peer(a + "@127.0.0.1:1", {}).value() == a);
    CHECK(resolve_peer("203.0.113.7", {}).value() == "203.0.113.7");
    CHECK(resolve_peer("2001:db8::/64", {}).value() == "2001:db8::");
    CHECK(resolve_peer("02c604", known).value() == a);
    CHECK(error("02c6") == "several IDs begin with 02c6: give more digits");
    CHECK(error("0399") == "no ID here begins with 0399: give the whole ID");
    CHECK(error("02c") == "\"02c\" is no node's ID and no IP address");
    CHECK(error("node.example") == "\"node.example\" is no node's ID and no IP address");
    CHECK(texts_of({{{"id", "x"}}, {{"id", 5}}, 7}, "/id") ==
          std::vector<std::string>{"x", "", ""});
    CHECK(texts_of(nullptr, "/id").empty());
}
