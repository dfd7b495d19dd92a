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
    const auto id = NodeKey::generate(entropy).id().to_string();
    const auto text = "[p2p]\nstatic_peers = \"" + id + "@10.0.0.1:7\"\ntrusted = \"" + id +
                      "\"\nupload_max = 100\ndownload_max = 100\n[permissions]\nenabled = true\n" +
                      "allow = \"" + id + "\"\nprivate = \"" + id +
                      "\"\n[rpc]\nallowed_hosts = \"a.example\"\n"
                      "allowed_origins = \"https://a.example\"\nbody_bytes_max = 5000\n"
                      "batch_max = 500\nconnections_max = 5\n[log]\nlevel = \"warn\"\n"
                      "bytes_max = 1000\nold_max = 2\n";
    const auto read = parse_config(text, "parley.toml");
    REQUIRE(read);
    const auto plan = plan_reload(Config{}, *read);
    CHECK(plan.changed.size() == 15);
    CHECK(plan.needs_restart.empty());
    CHECK(plan_reload(plan.config, *read).changed.empty());
}
