#include <parley/sim/experiment/experiment.hpp>

#include <parley/chain/types/test_transactions.hpp>
#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/world/geography.hpp>

#include <algorithm>
#include <utility>

namespace parley::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// How long the network may take to join.
constexpr Duration join_max = std::chrono::minutes{3};
constexpr Duration periodic_interval = seconds{5};
/// A joined host has so many links, or all.
constexpr std::size_t links_enough = 8;

PathConfig path_between(HostId a, HostId b, const FaultSet& faults) {
    PathConfig path;
    path.base = base_latency(region_of(a), region_of(b));
    path.jitter_mean = path.base / 20;
    if (faults.has(Fault::tails)) {
        path.tail_per_million = 5000;
        path.tail_mean = milliseconds{400};
    }
    // Every seventh host has a narrow line.
    if (faults.has(Fault::bandwidth) && (a % 7 == 3 || b % 7 == 3)) path.bytes_per_second = 100'000;
    return path;
}

}  // namespace

Experiment::Experiment(ExperimentOptions options)
    : options_(std::move(options)), rng_(options_.seed), nonces_(accounts) {
    if (options_.attack) {
        attack_ = make_attack(*options_.attack, options_.seed);
    } else {
        options_.attackers = 0;
    }
    auto network = network_options();
    if (options_.scenario && options_.scenario->prepare) {
        options_.scenario->prepare(network);
    }
    network_ = std::make_unique<Network>(std::move(network));
    const auto is_honest = [this](HostId host) { return honest(host); };
    checkers_ = std::make_unique<Checkers>(*network_, is_honest);
    metrics_ = std::make_unique<Metrics>(*network_, is_honest);
    if (options_.compare_with_models) metrics_->compare_with_models();
    chaos_ = std::make_unique<Chaos>(*network_, options_.faults, boot_hosts(), rng_.split("chaos"),
                                     [this](const std::string& what) { mark(what); });
    if (options_.run_log) {
        options_.run_log->watch(world());
        checkers_->on_failure([this] { options_.run_log->freeze(); });
    }
    if (options_.no_disks) {
        for (HostId host = 0; host < network_->size(); ++host) world().disk(host).forget_all();
    }
    world().after_each_event([this](HostId host) { checkers_->after_event(host); });
    chaos_->begin();
}

Experiment::~Experiment() = default;

std::size_t Experiment::boot_hosts() const {
    return std::min<std::size_t>(4, options_.nodes / 4 + 1);
}

NetworkOptions Experiment::network_options() {
    NetworkOptions out;
    out.seed = options_.seed;
    out.nodes = options_.nodes + options_.attackers;
    out.crypto = options_.crypto;
    out.attackers = options_.attackers;
    out.state_accounts = options_.state_accounts;
    if (options_.run_log) {
        out.log_of = [log = options_.run_log](HostId host) -> Log& { return log->of(host); };
    }
    out.path = [faults = options_.faults](HostId a, HostId b) {
        return path_between(a, b, faults);
    };
    std::vector<Target> boot;
    const auto keys = Network::keys(out.seed, boot_hosts());
    for (HostId host = 0; host < keys.size(); ++host) {
        boot.push_back({keys[host].id(), Network::endpoint(host)});
    }
    out.configure = [this, boot](HostId host, node::NodeConfig& config) {
        config.p2p.outbound_max = 10;
        config.p2p.inbound_max = 30;
        for (HostId other = 0; other < boot.size(); ++other) {
            if (other != host) config.p2p.boot.push_back(boot[other]);
        }
        config.book.entries_max = options_.book_entries_max;
        if (options_.seen_items_max) config.chain.gossip.seen_items_max = *options_.seen_items_max;
        if (!honest(host)) attack_->configure(host, config);
    };
    out.endpoint = [this](HostId host) {
        return honest(host) ? std::nullopt : attack_->endpoint(host);
    };
    out.modules = [this](HostId host) {
        return honest(host) ? std::vector<transport::PeerHandler*>{} : attack_->modules(host);
    };
    out.started = [this](HostId host, node::Node& node) {
        checkers_->started(host, node);
        metrics_->started(host, node);
    };
    return out;
}

// --- Phases ----------------------------------------------------------------------------------

void Experiment::run() {
    join();
    start_submitting();
    if (options_.scenario) drive(options_.scenario->warm_up);
    metrics_->begin();
    if (options_.scenario && options_.scenario->plan) options_.scenario->plan(*this);
    mark("joined");
    chaos_->start();
    drive(options_.time);
    submitting_ = false;
    chaos_->heal();
    settle();
}

void Experiment::start_hosts() {
    const Duration within =
        options_.scenario ? options_.scenario->start_within : Duration{seconds{10}};
    const auto distance = within / static_cast<Duration::rep>(network_->size());
    for (HostId host = 0; host < network_->size(); ++host) {
        world().later(distance * static_cast<Duration::rep>(host), [this, host] {
            world().start(host);
            if (honest(host)) return;
            world().set_tamper(host, attack_->tamper(host));
            attack_->begin(*network_, host, options_.nodes - 1);
        });
    }
    world().run_for(within);
}

bool Experiment::joined() {
    const std::size_t enough = std::min(links_enough, options_.nodes - 1);
    for (HostId host = 0; host < options_.nodes; ++host) {
        if (world().up(host) && network_->node(host).links().connections() < enough) return false;
    }
    return true;
}

void Experiment::join() {
    start_hosts();
    for (Duration waited{}; !joined() && !stopped_; waited += seconds{1}) {
        if (waited >= join_max) {
            checkers_->fail(0, "the network did not join in 3 minutes");
            return;
        }
        drive(seconds{1});
    }
}

void Experiment::drive(Duration time) {
    std::ranges::stable_sort(steps_, {}, [](const auto& step) { return step.first; });
    for (auto& [share, step] : std::exchange(steps_, {})) {
        const auto when =
            Duration{static_cast<Duration::rep>(static_cast<double>(time.count()) * share)};
        world().later(when, std::move(step));
    }
    for (Duration done{}; done < time && passed() && !stopped_; done += seconds{1}) {
        world().run_for(std::min<Duration>(seconds{1}, time - done));
        metrics_->sample();
        const auto whole = world().now().instant.time_since_epoch();
        if (whole % periodic_interval < seconds{1}) checkers_->periodic();
        if (options_.progress) options_.progress();
    }
}

void Experiment::at(double share, std::function<void()> step) {
    steps_.emplace_back(share, std::move(step));
}

/// Healed: all must come right again.
void Experiment::settle() {
    const Instant healed = world().now().instant;
    drive(options_.scenario ? options_.scenario->settle : Scenario{}.settle);
    if (!passed() || stopped_) return;
    checkers_->connected();
    checkers_->links_agree();
    checkers_->books();
    if (!options_.attack) checkers_->at_rest();
    // What is mined before it reaches a node needs no longer reach it.
    const auto behind = network_->has_chain() ? 0 : metrics_->behind(healed, 0.999);
    if (behind > 0) {
        checkers_->fail(0, std::to_string(behind) +
                               " transactions are not at 99.9 % of the honest nodes 2 minutes "
                               "after healing");
    }
    if (options_.scenario && options_.scenario->check) options_.scenario->check(*this);
}

// --- Transactions ----------------------------------------------------------------------------

void Experiment::start_submitting() {
    if (options_.rate <= 0) return;
    submitting_ = true;
    const Duration mean{static_cast<Duration::rep>(1e9 / options_.rate)};
    struct Next {
        Experiment* self;
        Duration mean;
        void operator()() const {
            if (!self->submitting_) return;
            self->submit();
            self->world().later(exponential(mean, self->rng_), Next{self, mean});
        }
    };
    world().later(exponential(mean, rng_), Next{this, mean});
}

void Experiment::submit() {
    for (int tries = 0; tries < 100; ++tries) {
        const auto host = static_cast<HostId>(rng_.below(options_.nodes));
        if (world().up(host)) return submit_at(host);
    }
}

void Experiment::submit_at(HostId host) {
    const auto account = next_account_++ % accounts;
    auto tx = chain::testing::transfer(nonces_[account]++);
    tx.chain_id = node::ChainConfig{}.id;
    const auto made = chain::testing::sign(tx, chain::testing::secret_of(account));
    metrics_->submitted(host, made.hash);
    submitted_.push_back(made.hash);
    world().call(host, [&](p2p::NodeCore&, Now now) {
        network_->node(host).relay().submit(now, made.raw, [](auto) {});
    });
}

double Experiment::report_seconds() const {
    return network_->world().seconds();
}

RunReport Experiment::report() const {
    RunReport out;
    out.scenario = options_.scenario ? std::string{options_.scenario->name} : "none";
    out.nodes = options_.nodes;
    out.seed = options_.seed;
    out.crypto = options_.crypto == Crypto::real ? "real" : "stub";
    for (const auto fault : all_faults) {
        if (options_.faults.has(fault)) out.faults.emplace_back(name(fault));
    }
    if (options_.attack) {
        out.faults.push_back(std::to_string(options_.attackers) +
                             " attackers: " + std::string{name(*options_.attack)});
    }
    out.virtual_seconds = report_seconds();
    out.events = network_->world().events_run();
    out.trace_hash = trace_hash();
    out.failures = failures();
    metrics_->report(out);
    return out;
}

}  // namespace parley::sim
