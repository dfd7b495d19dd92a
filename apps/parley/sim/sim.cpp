// parley sim: a whole network in this process, in virtual time.
#include "command.hpp"
#include "command_tree.hpp"
#include "live_line.hpp"
#include "sim/sim_dht.hpp"
#include "text.hpp"
#include <parley/runtime/clock.hpp>
#include <parley/runtime/signals.hpp>
#include <parley/sim/attacks/eclipse.hpp>
#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/experiment/sweep.hpp>
#include <parley/sim/report/report.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto description =
    R"text(Runs the production code of many nodes in this process, in virtual time: their
handshakes, links, slots, discovery, gossip and pools, under faults and attackers.
The same options and program give the same run, to the last byte: the trace hash
says so. Checkers look at every event; at the end all faults are healed and the
network must recover.)text";

constexpr auto footer_end = R"text(
EXAMPLES
  parley sim --scenario partition
  parley sim --scenario gossip --nodes 200 --rate 10 --report gossip.html
  parley sim --scenario swarm --seed 7 --faults kills,partitions
  parley sim --sweep --seed 1 --seeds 500
  parley sim --sweep --scenario reorg --nodes 4 --minutes 1 --crypto stub

EXIT STATUS
  0 every checker was content, 1 one was not: what, and the command that replays it
  are on standard error, 2 wrong command line)text";

struct Options {
    std::string scenario;  ///< empty: gossip, or for a sweep swarm
    std::optional<std::size_t> nodes;
    std::uint64_t seed = 1;
    std::optional<double> minutes;
    std::optional<double> rate;
    std::optional<std::uint64_t> accounts;
    std::string faults;
    std::string attack;
    std::optional<std::size_t> attackers;
    std::string crypto = "real";
    std::string report;
    bool sweep = false;
    std::uint64_t seeds = 100;
    double hours = 0;
    bool scoreboard = false;
    std::size_t runs = 200;
    bool dht = false;
    bool json = false;
};

/// In larger networks the models of spreading would take longer than the run.
constexpr std::size_t models_nodes_max = 2000;

double seconds_now() {
    const auto now = runtime::monotonic_now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

Result<sim::ExperimentOptions, Failure> experiment_of(const Options& options) {
    const auto* scenario =
        sim::find_scenario(options.scenario.empty() ? "gossip" : options.scenario);
    if (scenario == nullptr) return failed("no such scenario: " + options.scenario);
    auto out = sim::default_options(*scenario);
    out.seed = options.seed;
    if (options.nodes) out.nodes = *options.nodes;
    if (options.minutes) {
        out.time = Duration{static_cast<Duration::rep>(*options.minutes * 60e9)};
    }
    if (options.rate) out.rate = *options.rate;
    if (options.accounts) out.state_accounts = *options.accounts;
    const auto faults = sim::FaultSet::parse(options.faults);
    if (!faults) return failed("no such faults: " + options.faults);
    out.faults = *faults;
    if (!options.attack.empty()) {
        out.attack = sim::parse_attack(options.attack);
        if (!out.attack) return failed("no such attack: " + options.attack);
        out.attackers = std::max<std::size_t>(1, out.attackers);
    }
    if (options.attackers) out.attackers = *options.attackers;
    if (out.attackers == 0) out.attack.reset();
    if (options.crypto == "stub") out.crypto = sim::Crypto::stub;
    return out;
}

void say_failure(const sim::ExperimentOptions& options, const sim::Outcome& outcome) {
    for (const auto& failure : outcome.failures) fmt::print(stderr, "  {}\n", failure);
    fmt::print(stderr, "the same with as few faults as possible:\n  {}\n",
               sim::command_of(sim::shrink(options)));
    fmt::print(stderr, "before it failed:\n");
    for (const auto& line : sim::log_around_failure(options)) fmt::print(stderr, "  {}\n", line);
}

std::string progress_text(const sim::Experiment& run, double began) {
    const auto virtual_seconds = run.report_seconds();
    const double real = std::max(0.001, seconds_now() - began);
    return fmt::format("virtual {}, real {:.1f} s, {:.1f} virtual seconds a second",
                       duration_text(static_cast<std::int64_t>(virtual_seconds)), real,
                       virtual_seconds / real);
}

void print_report(const sim::RunReport& report) {
    using enum Table::Align;
    Table table{.columns = {left, right}, .rows = {}};
    for (const auto& [name, value] : report.summary) table.rows.push_back({name, value});
    fmt::print("{}", table.to_string());
    fmt::print("{:.0f} virtual seconds in {:.1f} s, {} events, trace {:016x}\n",
               report.virtual_seconds, report.real_seconds,
               count_text(static_cast<std::int64_t>(report.events)), report.trace_hash);
}

std::string json_of(const sim::RunReport& report, bool interrupted) {
    json::object summary;
    for (const auto& [name, value] : report.summary) summary[name] = value;
    return json::serialize(json::object{
        {"scenario", report.scenario},
        {"nodes", report.nodes},
        {"seed", report.seed},
        {"command", report.command},
        {"interrupted", interrupted},
        {"virtualSeconds", report.virtual_seconds},
        {"realSeconds", report.real_seconds},
        {"events", report.events},
        {"trace", fmt::format("{:016x}", report.trace_hash)},
        {"failures", json::value_from(report.failures)},
        {"p99Ms", report.p99_ms},
        {"p99BestMs", report.p99_best_ms},
        {"copiesMean", report.copies_mean},
        {"summary", std::move(summary)},
    });
}

Outcome run_one(const Options& options) {
    auto wanted = experiment_of(options);
    if (!wanted) return std::unexpected{wanted.error()};
    std::ofstream file;
    if (!options.report.empty()) {
        file.open(options.report);
        if (!file) return failed("cannot write the report to " + options.report);
    }
    std::atomic<bool> interrupted = false;
    const runtime::Signals signals{[&](int) { interrupted = true; }};
    if (!options.json) {
        fmt::print("{}: {} nodes, seed {}, {} cryptography\n", wanted->scenario->name,
                   wanted->nodes, wanted->seed, options.crypto);
        std::fflush(stdout);
    }
    const double began = seconds_now();
    LiveLine line;
    std::unique_ptr<sim::Experiment> run;
    wanted->progress = [&] {
        line.show(progress_text(*run, began));
        if (interrupted) run->stop();
    };
    wanted->compare_with_models = wanted->nodes <= models_nodes_max;
    run = std::make_unique<sim::Experiment>(*wanted);
    run->run();
    line.clear();
    if (run->stopped() && !options.json) fmt::print("interrupted; so far:\n");
    auto report = run->report();
    report.real_seconds = seconds_now() - began;
    report.command = sim::command_of(*wanted);
    if (options.json) {
        fmt::print("{}\n", json_of(report, run->stopped()));
    } else {
        print_report(report);
    }
    if (!options.report.empty()) {
        file << sim::render_html(report);
        if (!file.flush()) return failed("cannot write the report to " + options.report);
        if (!options.json) fmt::print("report: {}\n", options.report);
    }
    if (run->passed()) return {};
    wanted->progress = {};
    fmt::print(stderr, "FAILED: {}\n", report.command);
    say_failure(*wanted, {report.failures, report.trace_hash});
    return failed("a checker was not content");
}

/// Of one seed of a sweep.
sim::ExperimentOptions drawn(const std::optional<sim::ExperimentOptions>& same,
                             std::uint64_t seed) {
    if (!same) return sim::swarm_options(seed);
    auto out = *same;
    out.seed = seed;
    return out;
}

Outcome run_sweep(const Options& options) {
    std::optional<sim::ExperimentOptions> same;
    if (!options.scenario.empty() && options.scenario != "swarm") {
        auto wanted = experiment_of(options);
        if (!wanted) return std::unexpected{wanted.error()};
        same = *wanted;
    }
    const double began = seconds_now();
    LiveLine line;
    std::uint64_t ran = 0;
    std::uint64_t bad = 0;
    std::atomic<bool> interrupted = false;
    const runtime::Signals signals{[&](int) { interrupted = true; }};
    const auto more = [&] {
        if (interrupted) return false;
        return options.hours > 0 ? seconds_now() - began < options.hours * 3600
                                 : ran < options.seeds;
    };
    for (std::uint64_t seed = options.seed; more(); ++seed, ++ran) {
        line.show(fmt::format("seed {}, {} ran, {} failed", seed, ran, bad));
        const auto wanted = drawn(same, seed);
        const auto outcome = sim::run_and_compare(wanted);
        if (outcome.passed()) continue;
        ++bad;
        line.clear();
        fmt::print(stderr, "FAILED: {}\n", sim::command_of(wanted));
        say_failure(wanted, outcome);
    }
    line.clear();
    const auto seconds = seconds_now() - began;
    if (options.json) {
        fmt::print("{}\n", json::serialize(json::object{{"seeds", ran},
                                                        {"from", options.seed},
                                                        {"failed", bad},
                                                        {"realSeconds", seconds}}));
    } else {
        fmt::print("{} seeds from {}: {} failed, {:.0f} s\n", ran, options.seed, bad, seconds);
    }
    return bad == 0 ? Outcome{} : failed("some seeds failed");
}

/// Eclipse attacks on the address book, with what resists them and without.
Outcome run_scoreboard(const Options& options) {
    struct Attack {
        std::string_view name;
        std::size_t addresses, groups, ids;
    };
    // The last: two hosts, as many identities as they like (Marcus, Heilman, Goldberg, 2018).
    constexpr std::array attacks{Attack{"1,000 addresses in 512 groups", 1000, 512, 4},
                                 Attack{"8,192 addresses in 512 groups", 8192, 512, 4},
                                 Attack{"2 hosts with 16,384 identities", 2, 2, 8192}};
    struct Book {
        std::string_view groups;
        bool resist, by_as, all_by_as;
    };
    constexpr std::array books{Book{"none", false, false, false}, Book{"/16", true, false, false},
                               Book{"AS", true, true, false},
                               Book{"AS, all nodes", true, true, true}};
    using enum Table::Align;
    Table table{.columns = {left, left, left, right, right, right, right, right},
                .rows = {{"attacker", "slots", "groups", "runs", "all owned", "links owned",
                          "of tried", "of new"}}};
    LiveLine line;
    const auto percent = [](double share) { return fmt::format("{:.1f} %", 100 * share); };
    for (const auto& attack : attacks) {
        for (const bool fill : {false, true}) {
            for (const auto& book : books) {
                if (book.all_by_as && !fill) continue;  // makes no difference
                line.show(fmt::format("{}, {} runs", attack.name, options.runs));
                sim::EclipseOptions wanted;
                wanted.addresses = attack.addresses;
                wanted.groups = attack.groups;
                wanted.ids_per_address = attack.ids;
                wanted.fill_slots = fill;
                wanted.resist = book.resist;
                wanted.by_as = book.by_as;
                wanted.all_by_as = book.all_by_as;
                const auto score = sim::score_eclipse(wanted, options.runs, options.seed);
                const auto runs = static_cast<double>(score.runs);
                table.rows.push_back({std::string{attack.name}, fill ? "filled" : "free",
                                      std::string{book.groups}, std::to_string(score.runs),
                                      percent(static_cast<double>(score.all_owned) / runs),
                                      percent(score.owned_share), percent(score.tried_share),
                                      percent(score.untried_share)});
            }
        }
    }
    line.clear();
    fmt::print("{}", table.to_string());
    fmt::print(
        "links owned: mean share of the outbound links. slots filled: the attacker took the free\n"
        "slots of honest nodes first. groups: how the book spreads; none: neither places by group\n"
        "nor feelers nor older acquaintances first. Anchors are dead in all runs.\n");
    return {};
}

std::string footer() {
    std::string out = "SCENARIOS\n";
    for (const auto& scenario : sim::scenarios()) {
        out += fmt::format("  {:<16} {} ({} nodes, {:g} min)\n", scenario.name, scenario.about,
                           scenario.nodes,
                           std::chrono::duration<double, std::ratio<60>>(scenario.time).count());
    }
    out += "\nATTACKS\n ";
    for (const auto kind : sim::all_attacks) out += fmt::format(" {}", sim::name(kind));
    out += "\n\nFAULTS, joined by commas, or \"all\" or \"none\"\n ";
    for (const auto fault : sim::all_faults) out += fmt::format(" {}", sim::name(fault));
    return out + "\n" + footer_end;
}

}  // namespace

void add_sim(CLI::App& app, Chosen& chosen) {
    auto* command =
        add_command(app, "sim", "simulate a whole network in virtual time", description);
    command->footer(footer());
    auto options = std::make_shared<Options>();
    std::vector<std::string> scenarios;
    for (const auto& scenario : sim::scenarios()) scenarios.emplace_back(scenario.name);
    std::vector<std::string> attacks;
    for (const auto kind : sim::all_attacks) attacks.emplace_back(sim::name(kind));
    command
        ->add_option("--scenario", options->scenario,
                     "What happens (default: gossip; of a sweep: swarm)")
        ->check(suggests(scenarios));
    command->add_option("--nodes", options->nodes, "Honest nodes")->check(CLI::Range(2, 20000));
    command->add_option("--seed", options->seed, "Everything random comes from it (default: 1)");
    command->add_option("--minutes", options->minutes, "Virtual time between joining and healing")
        ->check(CLI::Range(0.0, 100000.0));
    command->add_option("--rate", options->rate, "Transactions a second, in all")
        ->check(CLI::Range(0.0, 10000.0));
    command->add_option("--accounts", options->accounts, "With --scenario snapshot: of the state")
        ->check(CLI::Range(1'000, 100'000'000));
    command->add_option("--faults", options->faults, "What goes wrong, besides the scenario");
    command->add_option("--attack", options->attack, "What attackers do")->check(suggests(attacks));
    command->add_option("--attackers", options->attackers, "How many, in addition to --nodes");
    command->add_option("--crypto", options->crypto, "real, or stub for thousands of nodes")
        ->check(CLI::IsMember({"real", "stub"}));
    command->add_option("--report", options->report, "Write one HTML page with plots")
        ->type_name("FILE");
    command->add_flag(
        "--sweep", options->sweep,
        "Many seeds of the swarm, each with its own faults,\nor of --scenario; 5 % run twice");
    command->add_option("--seeds", options->seeds, "With --sweep: how many (default: 100)");
    command->add_flag("--scoreboard", options->scoreboard,
                      "Eclipse attacks on the address book: what an attacker owns after a restart");
    command->add_option("--runs", options->runs, "With --scoreboard: of each (default: 200)")
        ->check(CLI::Range(1, 100000));
    command->add_flag("--dht", options->dht,
                      "Lookups in the DHT: healthy, with a fifth dead, among liars");
    command->add_flag("--json", options->json,
                      "One JSON object instead of tables (not with\n--scoreboard and --dht)");
    command->add_option("--hours", options->hours, "With --sweep: for how long, instead");
    command->callback([options, &chosen] {
        chosen = [options] {
            if (options->json && (options->dht || options->scoreboard)) {
                return Outcome{failed("--json: only of a scenario or a sweep")};
            }
            if (options->dht) return run_dht(options->seed, options->nodes);
            if (options->scoreboard) return run_scoreboard(*options);
            return options->sweep ? run_sweep(*options) : run_one(*options);
        };
    });
}

}  // namespace parley::app
