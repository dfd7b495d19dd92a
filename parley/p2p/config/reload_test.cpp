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
