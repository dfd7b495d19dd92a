// Experiment: one run of a scenario: a network is made and joins, transactions are submitted,
// faults and the scenario's own steps happen, all is healed, and the checkers report each invariant
// that does not hold. The same options and build give the same trace hash.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/attacks/attacks.hpp>
#include <parley/sim/experiment/chaos.hpp>
#include <parley/sim/experiment/checkers.hpp>
#include <parley/sim/experiment/metrics.hpp>
#include <parley/sim/experiment/run_log.hpp>
#include <parley/sim/report/report.hpp>
#include <parley/sim/world/faults.hpp>
#include <parley/sim/world/network.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {

struct Scenario;

/// The contents of a run; with the build they decide all that will happen.
struct ExperimentOptions {
    const Scenario* scenario = nullptr;
    std::size_t nodes = 50;
    std::uint64_t seed = 1;
    Duration time = std::chrono::minutes{2};  ///< between joining and healing
    double rate = 1;                          ///< transactions a second, in all
    FaultSet faults;
    Crypto crypto = Crypto::real;
    std::optional<AttackKind> attack;
    std::size_t attackers = 0;  ///< in addition to `nodes`
    /// Capacity of each node's seen cache in gossip; nothing: the node's default.
    std::optional<std::size_t> seen_items_max;
    std::uint64_t state_accounts = 0;      ///< for NetworkOptions::state_accounts
    std::size_t book_entries_max = 5'120;  ///< of each node's address book
    bool no_disks = false;                 ///< hosts store nothing, and so must not restart
    /// Report beside each transaction's spread what models reach over the same links.
    bool compare_with_models = false;
    /// Called once a virtual second; may be empty.
    std::function<void()> progress;
    RunLog* run_log = nullptr;  ///< takes what nodes log, until the first failure
};

class Experiment {
public:
    /// Whose transactions are submitted: chain::testing::secret_of() of the numbers below.
    static constexpr std::uint64_t accounts = 1000;

    explicit Experiment(ExperimentOptions options);
    ~Experiment();

    /// The whole run, until the first failure or until stop().
    void run();
    /// Ends the run after this virtual second (from `progress`), without the checks after healing.
    void stop() { stopped_ = true; }
    bool stopped() const { return stopped_; }
    /// Its phases, for benchmarks: hosts start and find links; then `time` passes.
    void join();
    /// Runs the planned steps and transactions for that virtual time; ends early after stop().
    void drive(Duration time);
    /// At the rate of the options, from now on.
    void start_submitting();

    const std::vector<std::string>& failures() const { return checkers_->failures(); }
    bool passed() const { return failures().empty(); }
    std::uint64_t trace_hash() const { return network_->world().trace_hash(); }
    /// The report of the run, without the real time and the command.
    RunReport report() const;
    /// Virtual time so far.
    double report_seconds() const;

    // For scenarios.
    const ExperimentOptions& options() const { return options_; }
    /// The hosts, attackers last.
    Network& network() { return *network_; }
    /// Time, and the faults of hosts and paths.
    World& world() { return network_->world(); }
    /// The invariants that are watched.
    Checkers& checkers() { return *checkers_; }
    /// How many transactions, submitted before `until`, did not reach this share of the honest
    /// hosts.
    std::size_t behind(Instant until, double share) { return metrics_->behind(until, share); }
    /// Hashes of all transactions that were submitted, in their order.
    const std::vector<Hash256>& submitted() const { return submitted_; }
    /// The run's random source, for steps.
    Rng& rng() { return rng_; }
    /// Whether the host is no attacker.
    bool honest(HostId host) const { return host < options_.nodes; }
    /// The number of boot nodes: the first few hosts, which all others know.
    std::size_t boot_hosts() const;
    /// A line in the report at this moment. The first 100 are kept.
    void mark(const std::string& what) { metrics_->mark(what); }
    /// A row at the end of the report's table.
    void add_row(std::string name, std::string value) {
        metrics_->add_row(std::move(name), std::move(value));
    }
    /// Does something at this share of the driven time.
    void at(double share, std::function<void()> step);
    /// Submits one transaction, at a random honest host that runs.
    void submit();
    /// Submits one transaction there. Precondition: the host is up.
    void submit_at(HostId host);

private:
    NetworkOptions network_options();
    void start_hosts();
    void settle();
    bool joined();

    ExperimentOptions options_;
    Rng rng_;
    std::unique_ptr<Attack> attack_;
    std::unique_ptr<Network> network_;
    std::unique_ptr<Checkers> checkers_;
    std::unique_ptr<Metrics> metrics_;
    std::unique_ptr<Chaos> chaos_;
    std::vector<std::pair<double, std::function<void()>>> steps_;
    std::vector<std::uint64_t> nonces_;
    std::uint64_t next_account_ = 0;
    std::vector<Hash256> submitted_;
    bool submitting_ = false;
    bool stopped_ = false;
};

}  // namespace parley::sim
