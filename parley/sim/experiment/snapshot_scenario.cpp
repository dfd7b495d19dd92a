#include <parley/sim/experiment/snapshot_scenario.hpp>

#include <parley/chain/trie/walk.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/sim/experiment/chain_scenarios.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr HostId maker = 0;
constexpr std::uint64_t kills_max = 100;
/// Of a life of the node, on the average.
constexpr std::uint64_t accounts_per_life = 2'000;
constexpr std::uint64_t blocks_per_life = 2;
/// While the node is up, and while it is down.
constexpr milliseconds look_each{2};
constexpr milliseconds look_again{50};
constexpr milliseconds pay_each{50};
/// Above it, the bytes of a clean run are few, and the cost of a life counts more than the state.
constexpr std::uint64_t accounts_for_ratio = 200'000;
constexpr double ratio_max = 1.3;

/// One run: with liars and kills while the head moves, or clean.
class SnapshotRun {
public:
    explicit SnapshotRun(bool is_clean) : is_clean_(is_clean) {}

    void prepare(NetworkOptions& network) {
        *this = SnapshotRun{is_clean_};
        accounts_ = network.state_accounts;
        hosts_ = std::make_shared<ChainHosts>(network.nodes, Experiment::accounts,
                                              [](HostId host) { return host == maker; });
        hosts_->grow(accounts_);
        network.chain = [hosts = hosts_](HostId host) { return hosts->data_of(host); };
        // Liars are known to all, and closer than anybody else: they are linked and asked first.
        network.path = [before = network.path, honest = network.nodes - network.attackers](
                           HostId a, HostId b) {
            auto path = before(a, b);
            if (std::max(a, b) >= honest) path.base = milliseconds{1};
            return path;
        };
        std::vector<Target> targets;
        const auto keys = Network::keys(network.seed, network.nodes);
        for (HostId host = 0; host < network.nodes; ++host) {
            targets.push_back({keys[host].id(), Network::endpoint(host)});
        }
        network.configure = [before = network.configure, is_clean = is_clean_, targets](
                                HostId host, node::NodeConfig& config) {
            before(host, config);
            for (HostId other = 0; other < targets.size(); ++other) {
                if (other != host) config.p2p.static_peers.push_back(targets[other]);
            }
            config.chain.fetches_state = true;  // of use to one of them alone
            config.chain.block_interval = seconds{1};
            config.chain.empty_blocks = !is_clean;
        };
    }
    void plan(Experiment& run) {
        run_ = &run;
        fetcher_ = run.options().nodes - 1;
        first_head_ = head();
        kills_wanted_ = is_clean_ ? 0 : std::min(kills_max, accounts_ / accounts_per_life);
        run.world().kill(fetcher_);
        hosts_->clear(fetcher_);
        received_before_ = run.world().traffic(fetcher_).received;
        run.world().start(fetcher_);
        look();
        if (!is_clean_) pay();
    }
    void check(Experiment& run) {
        if (!is_whole_) {
            run.checkers().fail(fetcher_, fmt::format("the state is not whole after {} of {} kills",
                                                      kills_, kills_wanted_));
            return;
        }
        check_state(run);
        check_chain(run);
        if (is_clean_ || !run.passed()) return;
        const auto clean = bytes_of_clean_run(run);
        const double ratio = static_cast<double>(bytes_) / static_cast<double>(clean);
        run.add_row("accounts of the state", std::to_string(accounts_));
        run.add_row("kills, blocks that the head moved meanwhile, lies refused",
                    fmt::format("{}, {}, {}", kills_, blocks_, refused_));
        run.add_row("bytes until the state was whole, and in a clean run",
                    fmt::format("{}, {}", bytes_, clean));
        run.add_row("in times of a clean run", fmt::format("{:.3f}", ratio));
        if (run.options().attackers > 0 && refused_ == 0) {
            run.checkers().fail(fetcher_, "nobody lied");
        }
        if (accounts_ >= accounts_for_ratio && ratio > ratio_max) {
            run.checkers().fail(fetcher_, fmt::format("{:.2f} times the bytes of a clean run, "
                                                      "expected at most {}",
                                                      ratio, ratio_max));
        }
        const auto kills_min = accounts_ >= accounts_for_ratio ? kills_wanted_ : 1;
        if (kills_ < kills_min || blocks_ < blocks_per_life * kills_) {
            run.checkers().fail(
                fetcher_, fmt::format("{} kills and {} blocks, expected {} and {}", kills_, blocks_,
                                      kills_wanted_, blocks_per_life * kills_wanted_));
        }
    }
    std::uint64_t bytes() const { return bytes_; }

private:
    const chain::BlockSync& sync_of(HostId host) const {
        return run_->network().node(host).chain().blocks()->sync();
    }
    std::uint64_t head() const { return sync_of(maker).ledger().head().header.number; }

    /// Kills the node each time that it has got so far, and starts it when the chain has moved.
    void look() {
        if (is_whole_) return;
        auto& world = run_->world();
        if (!world.up(fetcher_)) {
            if (head() >= first_head_ + blocks_per_life * kills_) world.start(fetcher_);
        } else if (sync_of(fetcher_).snapshot() != nullptr) {
            const auto& snapshot = *sync_of(fetcher_).snapshot();
            if (snapshot.is_done()) return end();
            const auto share = accounts_ / (kills_wanted_ + 1);
            if (kills_ < kills_wanted_ && snapshot.progress().accounts >= (kills_ + 1) * share) {
                ++kills_;
                refused_ += snapshot.progress().refused;
                world.kill(fetcher_);
            }
        }
        world.later(world.up(fetcher_) ? look_each : look_again, [this] { look(); });
    }
    void end() {
        is_whole_ = true;
        bytes_ = run_->world().traffic(fetcher_).received - received_before_;
        blocks_ = head() - first_head_;
        refused_ += sync_of(fetcher_).snapshot()->progress().refused;
        run_->mark(fmt::format("the state is whole: {} bytes", bytes_));
    }
    /// Somebody of the many.
    void pay() {
        if (is_whole_) return;
        auto& world = run_->world();
        const auto from = paid_ % Experiment::accounts;
        auto tx = chain::testing::transfer(paid_ / Experiment::accounts);
        tx.chain_id = node::ChainConfig{}.id;
        tx.to = grown_account(run_->rng().below(accounts_));
        ++paid_;
        const auto raw = chain::testing::sign(tx, chain::testing::secret_of(from)).raw;
        world.call(maker, [&](p2p::NodeCore&, Now now) {
            run_->network().node(maker).relay().submit(now, raw, [](auto) {});
        });
        world.later(pay_each, [this] { pay(); });
    }
    /// Every node of the trie is there, and the flat accounts are those of the trie.
    void check_state(Experiment& run) const {
        const auto& state = sync_of(fetcher_).ledger().state();
        std::uint64_t count = 0;
        std::uint64_t wrong = 0;
        const auto visited = chain::trie::visit_from(
            chain::TrieOfState{state}, state.root(), {}, [&](const auto& key, const Buffer& value) {
                ++count;
                const auto account = state.account(array_of<32>(Bytes{key.to_key()}));
                if (!account || !*account || (*account)->encode() != value) ++wrong;
                return true;
            });
        if (!visited || wrong > 0 || count < accounts_) {
            run.checkers().fail(fetcher_,
                                fmt::format("{} accounts, {} of them wrong: {}", count, wrong,
                                            visited ? "" : message(visited.error())));
        }
    }
    static std::uint64_t bytes_of_clean_run(Experiment& run);

    bool is_clean_;
    std::uint64_t accounts_ = 0;
    std::shared_ptr<ChainHosts> hosts_;
    Experiment* run_ = nullptr;
    HostId fetcher_ = 0;
    std::uint64_t first_head_ = 0;
    std::uint64_t received_before_ = 0;
    std::uint64_t kills_wanted_ = 0;
    std::uint64_t kills_ = 0;
    std::uint64_t paid_ = 0;
    bool is_whole_ = false;
    std::uint64_t bytes_ = 0;
    std::uint64_t blocks_ = 0;
    std::uint64_t refused_ = 0;
};

Scenario scenario_of(const std::shared_ptr<SnapshotRun>& run) {
    return {.name = "snapshot",
            .about = "the state of a large chain is fetched from liars, over kills",
            .nodes = 8,
            .time = minutes{6},
            .rate = 0,
            .attack = AttackKind::lie,
            .attackers = 3,
            .start_within = seconds{1},
            .state_accounts = 1'000'000,
            .prepare = [run](NetworkOptions& network) { run->prepare(network); },
            .plan = [run](Experiment& experiment) { run->plan(experiment); },
            .check = [run](Experiment& experiment) { run->check(experiment); }};
}

std::uint64_t SnapshotRun::bytes_of_clean_run(Experiment& run) {
    const auto clean = std::make_shared<SnapshotRun>(true);
    const auto scenario = scenario_of(clean);
    auto options = run.options();
    options.scenario = &scenario;
    // As many who answer.
    options.nodes += options.attackers;
    options.attackers = 0;
    options.attack.reset();
    options.faults = {};
    options.progress = {};
    options.run_log = nullptr;
    options.time = minutes{2};
    Experiment experiment{options};
    experiment.run();
    for (const auto& failure : experiment.failures()) {
        run.checkers().fail(0, "clean run: " + failure);
    }
    return clean->bytes();
}

}  // namespace

Scenario snapshot_scenario() {
    return scenario_of(std::make_shared<SnapshotRun>(false));
}

}  // namespace parley::sim
