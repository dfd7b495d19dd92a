#include "consensus_world.hpp"
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/sync/chain_events.hpp>
#include <parley/sim/experiment/experiment.hpp>
#include <parley/sim/experiment/scenarios.hpp>
#include <parley/sim/world/chain_hosts.hpp>
#include <parley/sim/world/geography.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>

namespace parley::bench {
namespace {

using sim::HostId;

constexpr std::array figures{
    WorldConsensusBenchmark{{"consensus.world_31", "one-way delays", 4, false, 1}, 31, false},
    WorldConsensusBenchmark{
        {"consensus.world_31_linked", "one-way delays", 3.3, false, 1}, 31, true},
    WorldConsensusBenchmark{{"consensus.world_100", "one-way delays", 5, false, 1}, 100, false}};

constexpr Duration warm_up = std::chrono::seconds{30};
constexpr Duration measured = std::chrono::seconds{30};
constexpr Duration links_within = std::chrono::minutes{3};
constexpr Duration step = std::chrono::milliseconds{10};
constexpr Duration wait_max = std::chrono::minutes{2};

double median_of(std::vector<double> values) {
    if (values.empty()) throw std::runtime_error{"no block"};
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// Jobs one after the other on the way of a block, of a millisecond each (WorldConfig::job_time):
/// the proposal is signed; read, checked, and prepared by others; prepares are read, and the commit
/// is signed; commits are read; the block is taken over.
constexpr double verification_seconds = 8e-3;
/// Of a path's latency, on the average (Experiment's paths).
constexpr double jitter = 1.0 / 20;

/// Of all pairs of hosts, in seconds.
double median_delay(std::size_t hosts) {
    std::vector<double> out;
    for (std::size_t a = 0; a < hosts; ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            const auto delay = sim::base_latency(sim::region_of(a), sim::region_of(b));
            out.push_back(std::chrono::duration<double>(delay).count());
        }
    }
    return (1 + jitter) * median_of(std::move(out));
}

class World {
public:
    World(std::size_t validators, bool is_linked) : validators_(validators) {
        scenario_.prepare = [this, is_linked](sim::NetworkOptions& network) {
            prepare(network, is_linked);
        };
        auto options = sim::default_options(scenario_);
        options.nodes = validators;
        options.rate = 0;
        options.crypto = sim::Crypto::stub;
        run_ = std::make_unique<sim::Experiment>(options);
    }

    void begin(bool is_linked) {
        run_->join();
        if (is_linked) await_all_links();
        run_->drive(warm_up);
        heads_.clear();
        late_rounds_ = 0;
    }
    /// Seconds from each proposal until a validator holds its block for final.
    std::vector<double> measure() {
        run_->drive(measured);
        std::vector<double> out;
        for (const auto& [number, heads] : heads_) {
            const auto made = proposed_.find(number);
            if (made == proposed_.end()) continue;
            for (const auto& at : heads) {
                out.push_back(std::chrono::duration<double>(at - made->second).count());
            }
        }
        return out;
    }
    std::size_t late_rounds() const { return late_rounds_; }
    std::size_t blocks() const { return heads_.size(); }
    /// Seconds from the death of who is to propose next until there is that block.
    double wait_without_proposer() {
        const auto before = head();
        while (head() == before) run_->drive(step);
        const auto& machine = *machine_of(0);
        const auto dead = proposer(machine);
        run_->world().kill(dead);
        const HostId witness = dead == 0 ? 1 : 0;
        const auto killed_at = run_->report_seconds();
        const auto number = head(witness);
        for (Duration waited{}; head(witness) == number && waited < wait_max; waited += step) {
            run_->drive(step);
        }
        return run_->report_seconds() - killed_at;
    }

private:
    void prepare(sim::NetworkOptions& network, bool is_linked) {
        const auto hosts = std::make_shared<sim::ChainHosts>(
            network.nodes, sim::Experiment::accounts, validators_);
        network.chain = [hosts](HostId host) { return hosts->data_of(host); };
        if (is_linked) {
            network.configure = [before = network.configure,
                                 count = static_cast<std::uint32_t>(validators_)](
                                    HostId host, node::NodeConfig& config) {
                before(host, config);
                config.p2p.outbound_max = count;
                config.p2p.inbound_max = 2 * count;
            };
        }
        network.started = [this, before = network.started](HostId host, node::Node& node) {
            if (before) before(host, node);
            subscriptions_.push_back(node.hub().subscribe<chain::HeadMoved>(
                [this, host](const chain::HeadMoved& moved) { on_head(host, moved); }));
        };
    }
    void on_head(HostId host, const chain::HeadMoved& moved) {
        const auto number = moved.head.header.number;
        const auto now = run_->world().now().instant;
        heads_[number].push_back(now);
        const auto& beneficiary = moved.head.header.beneficiary;
        if (beneficiary != chain::address_of_secret(sim::signer_secret(host))) return;
        const auto* agreement = run_->network().node(host).chain().validator()->agreement();
        if (const auto took = agreement->last_agreement()) proposed_[number] = now - *took;
        const auto extra = chain::qbft::decode_extra_data(moved.head.header.extra_data);
        if (extra && extra->round > 0) ++late_rounds_;
    }
    void await_all_links() {
        for (Duration waited{}; waited < links_within; waited += std::chrono::seconds{1}) {
            bool all = true;
            for (HostId host = 0; host < validators_; ++host) {
                all &= run_->network().node(host).links().connections() + 1 >= validators_;
            }
            if (all) return;
            run_->drive(std::chrono::seconds{1});
        }
        throw std::runtime_error{"not all validators are linked"};
    }
    const chain::qbft::Machine* machine_of(HostId host) {
        return run_->network().node(host).chain().validator()->agreement()->machine();
    }
    HostId proposer(const chain::qbft::Machine& machine) const {
        for (HostId host = 0; host < validators_; ++host) {
            if (chain::address_of_secret(sim::signer_secret(host)) == machine.proposer())
                return host;
        }
        throw std::runtime_error{"no proposer"};
    }
    std::uint64_t head(HostId host = 0) {
        return run_->network().node(host).chain().blocks()->ledger().head().header.number;
    }

    std::size_t validators_;
    sim::Scenario scenario_{
        .name = "consensus", .about = "validators all over the world", .program = "parley-bench"};
    std::vector<Hub::Subscription> subscriptions_;
    std::map<std::uint64_t, std::vector<Instant>> heads_;  // by number, of each validator
    std::map<std::uint64_t, Instant> proposed_;
    std::size_t late_rounds_ = 0;
    std::unique_ptr<sim::Experiment> run_;
};

}  // namespace

std::span<const WorldConsensusBenchmark> world_consensus_benchmarks() {
    return figures;
}

void run_world_consensus(const WorldConsensusBenchmark& benchmark) {
    run_processes(benchmark.figure, {"consensus-world", std::to_string(benchmark.validators),
                                     benchmark.is_linked ? "linked" : "relayed"});
}

int consensus_world(const std::vector<std::string>& arguments) {
    const auto validators = static_cast<std::size_t>(std::stoul(arguments.at(0)));
    const bool is_linked = arguments.at(1) == "linked";
    World world{validators, is_linked};
    world.begin(is_linked);
    const auto delay = median_delay(validators);
    const auto median = median_of(world.measure());
    const auto late = world.late_rounds();
    const auto blocks = world.blocks();
    fmt::print(
        "{:.4g},\"seconds\":{:.4g},\"one_way_seconds\":{:.4g},\"blocks\":{},\"late_rounds\":{},"
        "\"seconds_without_proposer\":{:.4g}\n",
        (median - verification_seconds) / delay, median, delay, blocks, late,
        world.wait_without_proposer());
    std::fflush(stdout);
    std::_Exit(0);
}

}  // namespace parley::bench
