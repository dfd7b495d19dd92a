#include <parley/identity/host_name.hpp>

#include <parley/identity/node_id.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;

namespace {

const std::string id = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

std::string problem_of(std::string_view name) {
    const auto ok = check_host_name(name);
    return ok ? "none" : message(ok.error());
}

std::string problem_of_target(const std::string& text) {
    const auto target = Target::read(text);
    CHECK(Target::parse(text).has_value() == target.has_value());
    return target ? "none" : target.error();
}

}  // namespace

TEST_CASE("host names: what RFC 1123 allows") {
    const std::string label(63, 'a');
    for (const std::string& name :
         {std::string{"localhost"}, std::string{"a"}, std::string{"node-1.example.org"},
          std::string{"3com.com"}, std::string{"1.2.3.4a"}, std::string{"xn--bcher-kva.example"},
          std::string{"A.B"}, std::string{"_node.my_net.example."}, std::string{"a."}, label,
          label + "." + label + "." + label + "." + label.substr(2)}) {
        INFO(name);
        CHECK(problem_of(name) == "none");
    }
}

TEST_CASE("host names: each that is none is told why") {
    const std::string label(63, 'a');
    const std::string longest = label + "." + label + "." + label + "." + label.substr(1);
    struct Case {
        std::string name;
        std::string_view expected;
    };
    for (const auto& [name, expected] : {
             Case{"", "no host"},
             Case{longest, "a host name of 254 bytes, at most 253 are allowed"},
             Case{".", "nothing where a part of the host name should be, at 0"},
             Case{".a", "nothing where a part of the host name should be, at 0"},
             Case{"a..", "nothing where a part of the host name should be, at 2"},
             Case{"a..b", "nothing where a part of the host name should be, at 2"},
             Case{label + "a", "a part of the host name has 64 bytes, at most 63 are allowed"},
             Case{"a b", "a host name cannot have the byte 0x20"},
             Case{std::string{"a\0b", 3}, "a host name cannot have the byte 0x00"},
             Case{"b\xc3\xbc", "a host name cannot have the byte 0xc3"},
             Case{"a:b", "a host name cannot have the byte 0x3a"},
             Case{"-a", "a hyphen at the edge of a part of the host name, at 0"},
             Case{"a.b-", "a hyphen at the edge of a part of the host name, at 2"},
             Case{"1.2.3.256", "neither an IP address nor a host name"},
             Case{"127.1", "neither an IP address nor a host name"},
             Case{"2130706433", "neither an IP address nor a host name"},
         }) {
        INFO(name);
        CHECK(problem_of(name) == expected);
    }
}

TEST_CASE("a target may be a name: it has no address until it is resolved") {
    const auto target = Target::parse(id + "@node.example:30770");
    REQUIRE(target);
    CHECK(target->host == "node.example");
    CHECK(target->endpoint == Endpoint{{}, 30770});
    CHECK(target->endpoint.address.is_unspecified());
    CHECK(target->to_string() == id + "@node.example:30770");
    CHECK(Target::parse(id + "@127.0.0.1:1")->host.empty());
    CHECK(Target::parse(id + "@[::1]:1")->to_string() == id + "@[::1]:1");
    CHECK(*Target::parse(id + "@a:1") != *Target::parse(id + "@b:1"));
}

TEST_CASE("targets: each that is none is told why") {
    CHECK(problem_of_target("") == "no @ between an ID and an address");
    CHECK(problem_of_target(id) == "no @ between an ID and an address");
    CHECK(problem_of_target("02@127.0.0.1:1") == "the ID is not a public key of 66 hex digits");
    CHECK(problem_of_target(id + "@") == "no port after the address");
    CHECK(problem_of_target(id + "@127.0.0.1") == "no port after the address");
    CHECK(problem_of_target(id + "@127.0.0.1:0") == "the port is not from 1 to 65535");
    CHECK(problem_of_target(id + "@host:65536") == "the port is not from 1 to 65535");
    CHECK(problem_of_target(id + "@host:") == "the port is not from 1 to 65535");
    CHECK(problem_of_target(id + "@:1") == "no host");
    CHECK(problem_of_target(id + "@::1:1") == "an IPv6 address belongs in brackets");
    CHECK(problem_of_target(id + "@[::g]:1") == "no IPv6 address in the brackets");
    CHECK(problem_of_target(id + "@1.2.3.256:1") == "neither an IP address nor a host name");
    CHECK(problem_of_target(id + "@a!b:1") == "a host name cannot have the byte 0x21");
    CHECK(problem_of_target("enr:x") == "record text is not \"enr:\" and unpadded URL-safe base64");
}
