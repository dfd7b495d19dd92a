// Every scenario with fixed seeds, small; the swarm with more; and that runs repeat exactly.
#include <parley/sim/experiment/scenarios.hpp>

#include <parley/sim/experiment/metrics.hpp>
#include <parley/sim/experiment/sweep.hpp>
#include <parley/sim/report/report.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

using namespace parley;
using namespace parley::sim;

namespace {

// A simulation is one thread: the thread sanitizer looks at each scenario, at a small one, and
// leaves out the large ones, which run the same code.
#if defined(__SANITIZE_THREAD__)
constexpr bool small_only = true;
constexpr std::size_t nodes_max = 10;
constexpr std::uint64_t swarm_seeds = 3;
#else
constexpr bool small_only = false;
constexpr std::size_t nodes_max = 30;
constexpr std::uint64_t swarm_seeds = 12;
#endif

void passes(const ExperimentOptions& options) {
    const auto outcome = run_once(options);
    CHECK_MESSAGE(outcome.passed(), command_of(options), ": ",
                  (outcome.passed() ? "" : outcome.failures.front()));
}

}  // namespace

TEST_CASE("every scenario holds") {
    for (const auto& scenario : scenarios()) {
        auto options = default_options(scenario);
        options.nodes = std::min(options.nodes, nodes_max);
        options.attackers = std::min<std::size_t>(options.attackers, 20);
        options.crypto = Crypto::stub;
        options.state_accounts = std::min<std::uint64_t>(options.state_accounts, 20'000);
        passes(options);
    }
}

TEST_CASE("seeds of the swarm hold, one with each fault alone and one with all") {
    for (std::uint64_t seed = 1; seed <= swarm_seeds; ++seed) passes(swarm_options(seed));
    auto options = default_options(*find_scenario("swarm"));
    options.nodes = 12;
    options.time = std::chrono::minutes{1};
    options.faults = FaultSet::all();
    passes(options);
    for (const auto fault : all_faults) {
        options.faults = FaultSet{}.set(fault);
        passes(options);
    }
}

// --- Seeds that failed once ------------------------------------------------------------------

TEST_CASE("seed 9: spam fills the pools, and a node that restarts hears of all the same" *
          doctest::skip(small_only)) {
    // New peers were told of the lowest 4,096 hashes only, by everybody.
    auto options = default_options(*find_scenario("swarm"));
    options.nodes = 30;
    options.seed = 9;
    options.time = std::chrono::seconds{104};
    options.rate = 3.5;
    options.faults.set(Fault::kills);
    options.attack = AttackKind::spam;
    options.attackers = 5;
    options.crypto = Crypto::stub;
    passes(options);
}

TEST_CASE("gossip is near the best possible, with few copies, whoever withholds" *
          doctest::skip(small_only)) {
    auto options = default_options(*find_scenario("gossip"));
    options.nodes = 300;
    options.time = std::chrono::minutes{1};
    options.crypto = Crypto::stub;
    options.compare_with_models = true;
    for (const bool withheld : {false, true}) {
        CAPTURE(withheld);
        if (withheld) {
            options.nodes = 270;
            options.attack = AttackKind::withhold;
            options.attackers = 30;
        }
        Experiment run{options};
        run.run();
        CHECK(run.passed());
        const auto report = run.report();
        CHECK(report.p99_best_ms > 0);
        CHECK(report.p99_ms >= report.p99_best_ms);
        CHECK(report.p99_ms <= (withheld ? 3.0 : 2.0) * report.p99_best_ms);
        CHECK(report.copies_mean <= (withheld ? 1.5 : 1.3));
    }
}

TEST_CASE("a run that is stopped reports so far") {
    auto options = default_options(*find_scenario("gossip"));
    options.nodes = 10;
    std::unique_ptr<Experiment> run;
    options.progress = [&] {
        if (run->report_seconds() > 60) run->stop();
    };
    run = std::make_unique<Experiment>(options);
    run->run();
    CHECK(run->passed());
    CHECK(run->report_seconds() < 62);
    CHECK_FALSE(run->report().summary.empty());
}

TEST_CASE("a storm of joins does not starve those who come late" * doctest::skip(small_only)) {
    // All full nodes told of the same few, who were full, too.
    auto options = default_options(*find_scenario("join_storm"));
    options.nodes = 150;
    options.crypto = Crypto::stub;
    options.time = std::chrono::seconds{10};
    passes(options);
}

// --- Runs repeat -----------------------------------------------------------------------------

TEST_CASE("the same seed gives the same run, to the last byte; another one does not") {
    auto options = swarm_options(3);
    if (small_only) options.time = std::chrono::seconds{30};
    const auto first = run_once(options);
    CHECK(run_once(options).trace_hash == first.trace_hash);
    auto other = options;
    other.seed = 4;
    CHECK(run_once(other).trace_hash != first.trace_hash);
    // Logging changes nothing.
    CHECK(log_around_failure(options).size() > 0);
}

TEST_CASE("the command that replays a run names all that matters") {
    auto options = default_options(*find_scenario("swarm"));
    options.seed = 7;
    options.faults.set(Fault::kills).set(Fault::clocks);
    CHECK(command_of(options) ==
          "parley sim --scenario swarm --nodes 20 --seed 7 --minutes 3 --rate 1 "
          "--faults kills,clocks");
    options.attack = AttackKind::spam;
    options.attackers = 2;
    options.crypto = Crypto::stub;
    CHECK(command_of(options) ==
          "parley sim --scenario swarm --nodes 20 --seed 7 --minutes 3 --rate 1 "
          "--faults kills,clocks --attack spam --attackers 2 --crypto stub");
    options = default_options(*find_scenario("withholders"));
    options.attackers = 0;
    CHECK(command_of(options).ends_with("--attackers 0"));
    auto own = *options.scenario;
    own.name = "mine";
    own.program = "kv-sim";
    options.scenario = &own;
    CHECK(command_of(options).starts_with("kv-sim --scenario mine "));
}

TEST_CASE("fault sets are read and written") {
    CHECK(FaultSet::parse("all") == FaultSet::all());
    CHECK(FaultSet::parse("none") == FaultSet{});
    CHECK(FaultSet::parse("kills,nat")->to_string() == "kills,nat");
    CHECK_FALSE(FaultSet::parse("kills,frogs"));
    CHECK_FALSE(FaultSet::parse("kills,,nat"));
    CHECK(FaultSet::all().to_string() == "all");
}

TEST_CASE("what was sent before the first sample is nobody's traffic a second") {
    NetworkOptions options;
    const auto boot = Network::keys(options.seed, 1).front().id();
    options.configure = [&](HostId, node::NodeConfig& config) {
        config.p2p.boot = {{boot, Network::endpoint(0)}};
    };
    Network network{options};
    Metrics metrics{network, [](HostId) { return true; }};
    network.start_all();
    network.world().run_for(std::chrono::seconds{10});
    CHECK(network.world().traffic(0).sent > 0);
    metrics.sample();
    metrics.sample();  // in the same moment
    RunReport report;
    metrics.report(report);
    REQUIRE(report.traffic.front().points.size() == 1);
    CHECK(report.traffic.front().points.front().second == 0.0);
}

TEST_CASE("what `parley sim` does alone takes under a minute: its size is bounded") {
    const auto options = default_options(*find_scenario("gossip"));
    CHECK(options.nodes <= 500);
    CHECK(options.time <= std::chrono::minutes{2});
    CHECK(options.rate <= 1);
    CHECK_FALSE(options.attack);
}

TEST_CASE("a run's report has what the page shows") {
    auto options = default_options(*find_scenario("partition"));
    options.nodes = 8;
    options.crypto = Crypto::stub;
    Experiment run{options};
    run.run();
    auto report = run.report();
    CHECK(report.failures.empty());
    CHECK(report.propagation_ms.size() == 8 * report.propagation_of_tx_ms.size());
    CHECK(report.links.size() == 3);
    CHECK(report.marks.size() >= 3);
    CHECK(render_html(report).find("partition") != std::string::npos);
}
