#include <parley/sim/experiment/light_scenario.hpp>

#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/light/light_node.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/sim/experiment/chain_scenarios.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace parley::sim {
namespace {

using chain::light::LightNode;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t full_nodes = 20;
constexpr std::size_t validators = 4;
/// That a light node is told of; it finds others by itself.
constexpr std::size_t liars_each = 5;
constexpr std::size_t honest_each = 3;
constexpr unsigned found_each = 8;
constexpr std::uint64_t watched = 50;  ///< accounts
constexpr int transfers = 400;
constexpr milliseconds ask_each{2'000};
constexpr milliseconds look_each{50};
/// Who says nothing is asked for the newest block as well, for three seconds.
constexpr std::uint64_t behind_max = 4;
/// Of the answers, in round trips, at the median.
constexpr double round_trips_max = 2;
constexpr double answered_min = 0.99;
/// The genesis is of 1970.
constexpr std::chrono::days trust_period{36'500};

/// Full nodes that are honest, then light nodes, then full nodes that lie.
class LightRun : public std::enable_shared_from_this<LightRun> {
public:
    /// The network's functions hold this: modules must outlive it.
    void prepare(NetworkOptions& network) {
        hosts_ = network.nodes;
        attackers_ = network.attackers;
        first_light_ = full_nodes - std::min(attackers_, full_nodes - validators);
        chain_ = std::make_shared<ChainHosts>(hosts_, Experiment::accounts, validators);
        network.chain = [this,
                         self = shared_from_this()](HostId host) -> std::optional<node::ChainData> {
            if (is_light(host)) return std::nullopt;
            return chain_->data_of(host);
        };
        network.modules = [this, before = network.modules](HostId host) {
            auto out = before(host);
            if (is_light(host)) out.push_back(begin_life(host));
            return out;
        };
        std::vector<Target> honest;
        std::vector<Target> liars;
        const auto keys = Network::keys(network.seed, hosts_);
        for (HostId host = 0; host < hosts_; ++host) {
            const Target target{keys[host].id(), Network::endpoint(host)};
            if (host < first_light_) honest.push_back(target);
            if (host >= hosts_ - attackers_) liars.push_back(target);
        }
        network.configure = [this, honest, liars, before = network.configure](
                                HostId host, node::NodeConfig& config) {
            before(host, config);
            const auto name = [&](const std::vector<Target>& from, std::size_t count) {
                for (std::size_t i = 0; i < std::min(count, from.size()); ++i) {
                    const auto& target = from[(host + i) % from.size()];
                    if (target.endpoint == Network::endpoint(host)) continue;
                    config.p2p.static_peers.push_back(target);
                }
            };
            if (is_light(host)) {
                auto facts = node::facts_of(chain_->data_of(host));
                facts.roles = transport::role::light;
                (void)p2p::take_chain(config.network, facts);
                config.p2p.outbound_max = found_each;
                name(liars, liars_each);
                name(honest, honest_each);
                return;
            }
            name(honest, honest.size());
            name(liars, liars.size());
            config.chain.block_interval = seconds{1};
            config.chain.light_nodes_max = static_cast<unsigned>(hosts_);
            config.p2p.receive_bytes_max = std::uint64_t{64} << 30;
        };
    }

    void plan(Experiment& run) {
        run_ = &run;
        plan_transactions(run, transfers, 0, validators);
        look();
        for (HostId host = first_light_; host < hosts_ - attackers_; ++host) {
            const auto first = run.rng().below(static_cast<std::uint64_t>(ask_each.count()));
            run.world().later(milliseconds{first}, [this, host] { ask(host); });
        }
    }

    void check(Experiment& run) {
        const auto head = ledger_of(run, 0).head().header.number;
        for (HostId host = first_light_; host < hosts_ - attackers_; ++host) {
            check_followed(host, head);
        }
        std::uint64_t proven = 0;
        for (const auto& answer : answers_) {
            const auto truth = balances_.find(answer.block);
            if (truth == balances_.end()) {
                run.checkers().fail(answer.host, fmt::format("took block {}, which there is not",
                                                             to_hex(answer.block)));
            } else if (truth->second.at(answer.account) != answer.balance) {
                run.checkers().fail(
                    answer.host,
                    fmt::format("took {} for the balance {} of account {} after block {}",
                                to_decimal(answer.balance),
                                to_decimal(truth->second.at(answer.account)), answer.account,
                                to_hex(answer.block)));
            } else {
                ++proven;
            }
        }
        std::ranges::sort(round_trips_);
        const auto median = round_trips_.empty() ? 0.0 : round_trips_[round_trips_.size() / 2];
        run.add_row("light nodes, full nodes, of which lie",
                    fmt::format("{}, {}, {}", hosts_ - attackers_ - first_light_,
                                first_light_ + attackers_, attackers_));
        run.add_row("balances asked for, proven, not answered",
                    fmt::format("{}, {}, {}", asked_, proven, asked_ - answers_.size()));
        run.add_row("liars that a light node found out, of all light nodes", std::to_string(lies_));
        run.add_row("round trips until there is an answer, at the median",
                    fmt::format("{:.2f}", median));
        if (static_cast<double>(proven) < answered_min * static_cast<double>(asked_)) {
            run.checkers().fail(first_light_,
                                fmt::format("{} of {} balances were proven", proven, asked_));
        }
        if (attackers_ > 0 && lies_ == 0) run.checkers().fail(first_light_, "nobody lied");
        if (median > round_trips_max) {
            run.checkers().fail(first_light_,
                                fmt::format("an answer takes {:.2f} round trips at the median, "
                                            "expected at most {}",
                                            median, round_trips_max));
        }
    }

private:
    struct Answer {
        HostId host = 0;
        std::uint64_t account = 0;
        Hash256 block{};
        Uint256 balance{};
    };

    bool is_light(HostId host) const { return host >= first_light_ && host < hosts_ - attackers_; }
    static chain::Address address(std::uint64_t account) {
        return chain::address_of_secret(chain::testing::secret_of(account));
    }

    LightNode* begin_life(HostId host) {
        const auto data = chain_->data_of(host);
        auto engine = std::dynamic_pointer_cast<const chain::qbft::Qbft>(data.engine);
        const auto& first = data.genesis_block.header;
        const chain::ChainHeader start{first, engine->hash_of(first), first.difficulty};
        chain::light::LightNodeConfig config;
        config.trust.period = trust_period;
        auto& place = lights_[host];
        place = std::make_unique<LightNode>(
            config, chain::light::LightChain{std::move(engine), start, *data.store}, Rng{host});
        return place.get();
    }
    /// What the watched accounts have after each block.
    void look() {
        const auto& ledger = ledger_of(*run_, 0);
        const auto [truth, is_new] = balances_.try_emplace(ledger.head().hash);
        for (std::uint64_t account = 0; is_new && account < watched; ++account) {
            const auto found = ledger.state().account(crypto::keccak256(address(account)));
            truth->second.push_back(found && *found ? (*found)->balance : Uint256{});
        }
        run_->world().later(look_each, [this] { look(); });
    }
    void ask(HostId host) {
        auto& world = run_->world();
        const auto account = run_->rng().below(watched);
        world.call(host, [&](p2p::NodeCore&, Now now) {
            auto& light = *lights_.at(host);
            const auto head = light.head();
            const auto block = head.hash;
            if (head.header.number == 0) return;
            ++asked_;
            light.account(
                now, head, address(account), {},
                [this, host, account, block, asked_at = now.instant](Now at, const auto& result) {
                    if (!result) return;
                    const auto& found = result->account;
                    answers_.push_back({host, account, block, found ? found->balance : Uint256{}});
                    // What is known from before needs nobody.
                    if (at.instant > asked_at) note_time(host, at.instant - asked_at);
                });
        });
        world.later(ask_each, [this, host] { ask(host); });
    }
    /// In round trips to an honest full node that it has a link with, on the average.
    void note_time(HostId host, Duration took) {
        Duration all{};
        int count = 0;
        for (const auto& peer : run_->network().node(host).peers()) {
            const auto other = run_->network().host_of(peer.id);
            if (!other || !run_->honest(*other)) continue;
            all += run_->world().path(host, *other).base;
            ++count;
        }
        if (count == 0) return;
        round_trips_.push_back(std::chrono::duration<double>(took) /
                               std::chrono::duration<double>(2 * all / count));
    }
    void check_followed(HostId host, std::uint64_t head) {
        const auto& light = *lights_.at(host);
        if (light.conflict())
            run_->checkers().fail(host, "believes that validators sealed two blocks");
        const auto& ours = light.head();
        const auto theirs = ledger_of(*run_, 0).blocks().main(ours.header.number);
        if (ours.header.number + behind_max < head) {
            run_->checkers().fail(host,
                                  fmt::format("is at block {} of {}", ours.header.number, head));
        } else if (ours.header.number <= head && (!theirs || *theirs != ours.hash)) {
            run_->checkers().fail(host, "follows another chain");
        }
        const auto now = run_->world().now_of(host);
        const auto& offences = run_->network().node(host).links().offences();
        for (HostId liar = hosts_ - attackers_; liar < hosts_; ++liar) {
            lies_ += offences.score(now, run_->network().id(liar)) > 0 ? 1 : 0;
        }
    }

    std::size_t hosts_ = 0;
    std::size_t attackers_ = 0;
    HostId first_light_ = 0;
    std::shared_ptr<ChainHosts> chain_;
    Experiment* run_ = nullptr;
    std::map<HostId, std::unique_ptr<LightNode>> lights_;
    std::map<Hash256, std::vector<Uint256>> balances_;  // by block
    std::vector<Answer> answers_;
    std::vector<double> round_trips_;
    std::uint64_t asked_ = 0;
    std::uint64_t lies_ = 0;
};

}  // namespace

Scenario light_scenario() {
    // Of the run that was prepared last.
    const auto run = std::make_shared<std::shared_ptr<LightRun>>();
    return {.name = "light",
            .about = "light nodes at 20 full ones, most of which lie about headers and balances",
            .nodes = 109,
            .time = seconds{60},
            .rate = 0,
            .attack = AttackKind::lie,
            .attackers = 11,
            .settle = seconds{20},
            .prepare =
                [run](NetworkOptions& network) {
                    *run = std::make_shared<LightRun>();
                    (*run)->prepare(network);
                },
            .plan = [run](Experiment& experiment) { (*run)->plan(experiment); },
            .check = [run](Experiment& experiment) { (*run)->check(experiment); }};
}

}  // namespace parley::sim
