#include <parley/p2p/config/reload.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::p2p;

using Names = std::vector<std::string>;

TEST_CASE("reload: what can be taken is, and the rest is named") {
    SeededEntropy entropy{1};
    const auto id = NodeKey::generate(entropy).id();
    Config running;
    CHECK(plan_reload(running, running).changed.empty());
    CHECK(plan_reload(running, running).needs_restart.empty());
    Config read = running;
    read.log.level = LogLevel::debug;
    read.p2p.trusted = {id};
    read.p2p.inbound_max = 7;
    read.io_threads = 3;
    const auto plan = plan_reload(running, read);
    CHECK(plan.changed == Names{"p2p.trusted", "log.level"});
    CHECK(plan.needs_restart.size() == 2);
    CHECK(plan.config.log.level == LogLevel::debug);
    CHECK(plan.config.p2p.trusted == std::vector{id});
    CHECK(plan.config.p2p.inbound_max == running.p2p.inbound_max);
}

TEST_CASE("reload: after a plan nothing that it names as taken differs any more") {
    SeededEntropy entropy{1};
    const auto id = NodeKey::generate(entropy).id();
    const auto text = "[p2p]\nstatic_peers = [\"" + id.to_string() +
                      "@10.0.0.1:7\"]\ntrusted = [\"" + id.to_string() +
                      "\"]\n[permissions]\nenabled = true\nallow = [\"" + id.to_string() +
                      "\"]\nprivate = [\"" + id.to_string() + "\"]\n[log]\nlevel = \"warn\"\n";
    const auto read = parse_config(text, "parley.toml");
    REQUIRE(read);
    const auto plan = plan_reload(Config{}, *read);
    CHECK(plan.changed == Names{"p2p.static_peers", "p2p.trusted", "permissions.enabled",
                                "permissions.allow", "permissions.private", "log.level"});
    CHECK(plan.needs_restart.empty());
    CHECK(plan_reload(plan.config, *read).changed.empty());
}
