#include "peers/naming.hpp"

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::app;

namespace {

const std::string a = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
const std::string b = "02c6aaaa9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
/// A point on the curve, as IDs in names.toml must be.
const std::string c = "03c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

}  // namespace

TEST_CASE("nodes are named by ID, target, address, name or the first digits of an ID") {
    const std::vector<KnownNode> known{{a, "alice"}, {b, "bob"}, {a, "alice"}, {c, "bob"}};
    const Names names{{"boot", c}, {"alice", b}};
    const auto who = [&](std::string_view text) {
        return resolve_node(text, names, known).value();
    };
    const auto error = [&](std::string_view text) {
        const auto found = resolve_node(text, names, known);
        return found ? "none: " + *found : found.error().what;
    };
    CHECK(resolve_node(a, {}, {}).value() == a);
    CHECK(resolve_node(a + "@127.0.0.1:1", {}, {}).value() == a);
    CHECK(who("203.0.113.7") == "203.0.113.7");
    CHECK(who("2001:db8::/64") == "2001:db8::");
    CHECK(who("02c604") == a);
    CHECK(who("02C604") == a);
    CHECK(who("boot") == c);
    CHECK(who("alice") == b);  // the owner's own name, whatever another node calls itself
    CHECK(resolve_node("alice", {}, known).value() == a);
    CHECK(error("bob") == "several nodes call themselves bob: give the ID");
    CHECK(error("02c6") == "several IDs begin with 02c6: give more digits");
    CHECK(error("0399") == "no ID here begins with 0399: give the whole ID");
    CHECK(error("02c") == "\"02c\" is no node's ID or name and no IP address");
    CHECK(error("node.example") == "\"node.example\" is no node's ID or name and no IP address");
}

TEST_CASE("names.toml: names and IDs, or line and fault") {
    const auto names = parse_names("# mine\nalice = \"" + a + "\"\nboot-1 = \"" + c + "\"\n", "n");
    REQUIRE(names);
    CHECK(*names == Names{{"alice", a}, {"boot-1", c}});
    CHECK(parse_names("", "n").value().empty());
    const auto error = [](std::string_view text) {
        const auto read = parse_names(text, "names.toml");
        return read ? "none" : read.error().what;
    };
    CHECK(error("\nalice = \"02c6\"") ==
          "names.toml:2: alice: expected a node's ID, 66 hex digits in quotes");
    CHECK(error("alice = 5") ==
          "names.toml:1: alice: expected a node's ID, 66 hex digits in quotes");
    CHECK(error("abba = \"" + a + "\"")
              .starts_with("names.toml:1: abba: expected a name of 1 to 32 letters"));
    CHECK(error("alice = ").starts_with("names.toml:1: "));
}

TEST_CASE("an ID is shown by its first digits, an address as it is") {
    CHECK(shown_who(a) == "02c6047f9441");
    CHECK(shown_who("203.0.113.7") == "203.0.113.7");
    CHECK(shown_who("2001:db8::/64") == "2001:db8::/64");
    CHECK(shown_who("").empty());
}

TEST_CASE("a node's name in a table") {
    const Names names{{"alice", a}};
    CHECK(shown_name(names, a, "bob", 12) == "alice");
    CHECK(shown_name(names, b, "bob", 12) == "\"bob\"");
    CHECK(shown_name(names, b, "", 12).empty());
    CHECK(shown_name(names, b, "a very long name", 12) == "\"a very lon~");
}
