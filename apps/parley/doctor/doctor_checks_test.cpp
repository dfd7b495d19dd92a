#include "doctor/doctor_checks.hpp"

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::app;

namespace {

Endpoint at(const char* text) {
    return *Endpoint::parse(text);
}

}  // namespace

TEST_CASE("doctor: key") {
    CHECK(check_key({.path = "k", .error = {}}) == Check{"key", Grade::ok, "for its owner alone"});
    CHECK(check_key({.path = "k", .error = {}, .encrypted = true}).what.ends_with("encrypted"));
    const auto open = check_key({.path = "k", .error = "any", .mode = 0644});
    CHECK(open.grade == Grade::fail);
    CHECK(open.what == "k can be read by others (mode 0644)");
    CHECK(open.hint == "chmod 600 k");
    CHECK(check_key({.path = "k", .error = {}, .mode = 0640}).what == "for its owner and a group");
    CHECK(check_key({.path = "k", .error = "no key"}).grade == Grade::fail);
}

TEST_CASE("doctor: clock") {
    CHECK(check_clock({.synchronised = true, .error_us_max = 1'500}).what ==
          "synchronised, within 2 ms");
    CHECK(check_clock({.synchronised = true}).grade == Grade::ok);
    CHECK(check_clock({.synchronised = false}).grade == Grade::warn);
    CHECK(check_clock({.known = false}).grade == Grade::warn);
}

TEST_CASE("doctor: ports") {
    PortFacts facts{.setting = "p2p.listen", .endpoint = at("127.0.0.1:5"), .error = {}};
    CHECK(check_port(facts).grade == Grade::ok);
    facts.node_runs = true;
    CHECK(check_port(facts).grade == Grade::warn);
    facts.endpoint.port = 0;
    CHECK(check_port(facts).grade == Grade::ok);
    facts = {.setting = "p2p.listen", .endpoint = at("127.0.0.1:5"), .error = "x", .in_use = true};
    CHECK(check_port(facts).grade == Grade::fail);
    CHECK(check_port(facts).what == "127.0.0.1:5 is in use by another program");
    facts.node_runs = true;
    CHECK(check_port(facts).grade == Grade::ok);
    facts.in_use = false;
    CHECK(check_port(facts).grade == Grade::fail);
    CHECK(check_port(facts).what == "x");
}

TEST_CASE("doctor: a port of UDP") {
    PortFacts facts{
        .setting = "p2p.listen", .endpoint = at("127.0.0.1:5"), .error = {}, .udp = true};
    CHECK(check_port(facts) == Check{"p2p.listen (UDP)", Grade::ok, "127.0.0.1:5 is free"});
    facts.error = "x";
    facts.in_use = true;
    CHECK(check_port(facts) == Check{"p2p.listen (UDP)", Grade::fail,
                                     "127.0.0.1:5 is in use by another program",
                                     "`ss -lunp` names it; choose another port: p2p.listen"});
    facts.node_runs = true;
    CHECK(check_port(facts).grade == Grade::ok);
}

TEST_CASE("doctor: file descriptors") {
    node::NodeConfig config;
    const auto least = config.descriptors_max();
    config.p2p.inbound_max += 1'000;
    CHECK(config.descriptors_max() == least + 1'000);
    CHECK(check_descriptors({least, least, least}).grade == Grade::ok);
    const auto few = check_descriptors({least - 1, least, least});
    CHECK(few.grade == Grade::fail);
    CHECK(few.hint.starts_with("ulimit -n " + std::to_string(least)));
}

TEST_CASE("doctor: disk") {
    CHECK(check_disk({"d", true, 2ULL << 30}).grade == Grade::ok);
    CHECK(check_disk({"d", true, 500ULL << 20}).grade == Grade::warn);
    CHECK(check_disk({"d", true, 1ULL << 20}).grade == Grade::fail);
    CHECK(check_disk({"d", false, 2ULL << 30}).what == "d cannot be written to");
    CHECK(check_disk({"d", false, 2ULL << 30}).grade == Grade::fail);
}

TEST_CASE("doctor: store") {
    CHECK(check_store({.path = "s", .error = {}}).grade == Grade::ok);
    CHECK(check_store({.path = "s", .error = "x", .node_runs = true}).grade == Grade::ok);
    const auto missing = check_store({.path = "s", .error = "missing", .missing = true});
    CHECK(missing.grade == Grade::fail);
    CHECK(missing.hint == "parley run DIR --new-store begins with an empty one");
    CHECK(check_store({.path = "s", .error = "corrupt"}).hint.starts_with("move it away"));
}

TEST_CASE("doctor: address") {
    const auto own = *IpAddress::parse("93.184.216.34");
    AddressFacts facts{.advertised = at("93.184.216.34:5"), .own = {own}};
    CHECK(check_address(facts).grade == Grade::ok);
    facts.own = {*IpAddress::parse("10.0.0.5")};
    CHECK(check_address(facts).grade == Grade::warn);
    CHECK(check_address(facts).hint.find("NAT") != std::string::npos);
    facts.advertised = at("10.0.0.5:5");
    CHECK(check_address(facts).grade == Grade::warn);
    CHECK(check_address(facts).what == "10.0.0.5:5 is private: nobody outside can dial it");
    facts.asks_router = true;
    CHECK(check_address(facts).grade == Grade::ok);
    facts.asks_router = false;
    facts.allow_private = true;
    CHECK(check_address(facts).grade == Grade::ok);
    facts.advertised = at("0.0.0.0:5");
    CHECK(check_address(facts).grade == Grade::fail);
    facts.advertised.reset();
    CHECK(check_address(facts).grade == Grade::warn);
    facts.listens = false;
    CHECK(check_address(facts).what.starts_with("listens nowhere"));
}

TEST_CASE("doctor: boot nodes") {
    CHECK(check_boot({.target = "t", .error = ""}) == Check{"boot node", Grade::ok, "t answers"});
    CHECK(check_boot({.target = "t", .error = "refused"}).grade == Grade::warn);
    CHECK(check_boot({.target = "t", .resolved = false, .error = "no such name"}).grade ==
          Grade::fail);
    CHECK(check_boot({.kind = "static peer",
                      .target = "t",
                      .error = "",
                      .refusal = "wrong_genesis",
                      .detail = "expected 01, got 02",
                      .advice = "check the settings of both"}) ==
          Check{"static peer", Grade::fail, "t: wrong_genesis (expected 01, got 02)",
                "check the settings of both"});
    CHECK(check_boot({.target = "t", .error = "", .refusal = "too_many_peers"}).grade ==
          Grade::warn);
    node::NodeConfig config;
    CHECK(check_no_boot(config, 0).grade == Grade::warn);
    CHECK(check_no_boot(config, 1).grade == Grade::ok);
    config.p2p.static_peers.resize(1);
    CHECK(check_no_boot(config, 0).grade == Grade::ok);
}

TEST_CASE("doctor: links") {
    CHECK(check_links({}).grade == Grade::ok);
    CHECK(check_links({.locked = true, .error = "x"}).grade == Grade::fail);
    CHECK(check_links({.locked = true, .error = {}, .uptime = 5}).grade == Grade::warn);
    CHECK(check_links({.locked = true, .error = {}, .uptime = 60}).grade == Grade::fail);
    CHECK(check_links({.locked = true, .error = {}, .uptime = 90, .inbound = 1}).grade ==
          Grade::ok);
    CHECK(check_links({.locked = true, .error = {}, .uptime = 90, .outbound = 2}).what ==
          "0 inbound, 2 outbound after 1 min");
}

TEST_CASE("doctor: the DHT") {
    CHECK(check_dht({.enabled = false, .node_runs = true, .error = "x"}).grade == Grade::ok);
    CHECK(check_dht({.error = {}}) == Check{"dht", Grade::ok, "the node does not run"});
    DhtFacts facts{.node_runs = true, .error = "no answer"};
    CHECK(check_dht(facts).grade == Grade::warn);
    CHECK(check_dht(facts).what == "no answer");
    facts.error.clear();
    facts.uptime = 59;
    facts.known = 3;
    facts.port = 30303;
    CHECK(check_dht(facts).grade == Grade::warn);
    CHECK(check_dht(facts).hint == "it has just begun: look again in a minute");
    facts.uptime = 60;
    CHECK(check_dht(facts) == Check{"dht", Grade::warn, "0 of 3 nodes in the table answer",
                                    "open UDP port 30303 as well as TCP in the firewall"});
    facts.known = 0;
    CHECK(check_dht(facts).hint.ends_with(", unless this is the first node of its network"));
    facts.known = 3;
    facts.answering = 1;
    CHECK(check_dht(facts) == Check{"dht", Grade::ok, "1 of 3 nodes in the table answer"});
    facts.sent = 900;
    facts.unsent = 80;  // a few have addresses of a family that is not here
    CHECK(check_dht(facts).grade == Grade::ok);
    facts.unsent = 100;
    facts.last_refusal = "[2001:db8::1]:9000: Network is unreachable";
    CHECK(check_dht(facts).grade == Grade::warn);
    CHECK(check_dht(facts).what ==
          "1 of 3 nodes in the table answer; 100 of 1,000 datagrams did not leave, the last to "
          "[2001:db8::1]:9000: Network is unreachable");
}

TEST_CASE("doctor: a line for each check") {
    const std::vector<Check> checks{{"key", Grade::ok, "fine"},
                                    {"clock", Grade::warn, "late", "set it"}};
    CHECK(to_text(checks, false) == "ok    key    fine\nwarn  clock  late; set it\n");
    CHECK(to_text(checks, true).starts_with("\x1b[32mok  \x1b[0m  key "));
    CHECK_FALSE(any_failed(checks));
    CHECK(any_failed({{"key", Grade::fail, "gone"}}));
    CHECK_FALSE(any_failed({}));
}
