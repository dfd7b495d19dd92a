#include <parley/sim/experiment/byzantine_scenario.hpp>

#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/sim/experiment/chain_scenarios.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace parley::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int transfers = 40;
constexpr std::uint64_t troubles_max = 5;
/// Shares of the time.
constexpr double troubles_until = 0.6;
constexpr double healed_at = 0.75;
/// For links to come up again.
constexpr seconds links_within{5};
/// Rounds with an honest proposer until there is a block.
constexpr std::uint32_t rounds_max = 3;
constexpr std::uint64_t blocks_after_min = 5;

class ByzantineRun {
public:
    void prepare(NetworkOptions& network) {
        const auto honest = network.nodes - network.attackers;
        const auto faulty = std::min(network.attackers, (honest - 1) / 2);
        *this = {};
        hosts_ = std::make_shared<ChainHosts>(network.nodes, Experiment::accounts, honest + faulty);
        network.chain = [hosts = hosts_](HostId host) { return hosts->data_of(host); };
    }

    void plan(Experiment& run) {
        steps_.assign(run.options().nodes, Duration{});
        // Host 0 does not die: what only a killed node has heard of is lost with it.
        plan_transactions(run, transfers, 0, 1);
        const auto troubles = 1 + run.rng().below(troubles_max);
        for (std::uint64_t i = 0; i < troubles; ++i) {
            run.at(troubles_until * run.rng().unit(), [this, &run] { trouble(run); });
        }
        run.at(healed_at, [this, &run] { heal(run); });
    }

    void check(Experiment& run) {
        check_chain(run);
        std::size_t contradictions = 0;
        for (HostId host = 0; host < run.options().nodes; ++host) {
            const auto* validator = run.network().node(host).chain().validator();
            contradictions = std::max(contradictions, validator->agreement()->evidence().size());
        }
        run.add_row("contradictions that a validator has seen", fmt::format("{}", contradictions));
        const auto& blocks = ledger_of(run, 0);
        const auto head = blocks.head().header.number;
        if (head < healed_head_ + blocks_after_min) {
            return run.checkers().fail(
                0, fmt::format("{} blocks after healing, expected at least {}",
                               head - std::min(head, healed_head_), blocks_after_min));
        }
        const auto first = blocks.blocks().main(healed_head_ + 1);
        const auto* block = first && *first ? blocks.blocks().recent(**first) : nullptr;
        if (!block) return;
        const auto extra = chain::qbft::decode_extra_data(block->header.header.extra_data);
        const auto honest = honest_rounds(run, healed_round_, extra->round);
        run.add_row("first block after healing",
                    fmt::format("round {}, {} rounds of honest proposers after round {}",
                                extra->round, honest, healed_round_));
        if (honest > rounds_max) {
            run.checkers().fail(0, fmt::format("the first block after healing came in round {}, "
                                               "{} honest proposers after round {}, expected {}",
                                               extra->round, honest, healed_round_, rounds_max));
        }
    }

private:
    static const chain::qbft::Machine* machine_of(Experiment& run, HostId host) {
        const auto* validator = run.network().node(host).chain().validator();
        return validator->agreement()->machine();
    }

    HostId any_host(Experiment& run) {
        return 1 + static_cast<HostId>(run.rng().below(run.options().nodes - 1));
    }
    /// Between a tenth of a second and so long.
    Duration a_while(Experiment& run, milliseconds longest) {
        return milliseconds{100 +
                            run.rng().below(static_cast<std::uint64_t>(longest.count() - 100))};
    }

    void trouble(Experiment& run) {
        auto& world = run.world();
        switch (run.rng().below(7)) {
            case 0:
                return part(run);
            case 1:
                run.mark("a validator is killed");
                return bring_back(run, take_down(run, any_host(run)));
            case 2:
                run.mark("all validators but one are killed");
                for (HostId host = 1; host < run.options().nodes; ++host) {
                    bring_back(run, take_down(run, host));
                }
                return;
            case 3:
                return tear(run);
            case 4:
                run.mark("a clock is off");
                return step_clock(run);
            case 5:
                run.mark("a validator hears and is heard late");
                return world.set_clog(any_host(run), a_while(run, seconds{2}));
            default:
                run.mark("a validator stands still");
                world.pause(any_host(run), a_while(run, seconds{8}));
        }
    }
    void part(Experiment& run) {
        run.mark("two parts");
        const auto salt = run.rng().next();
        run.world().partition([salt](HostId a, HostId b) {
            const auto side = [salt](HostId host) { return Rng{salt ^ host}.below(2); };
            return side(a) != side(b);
        });
        run.world().later(a_while(run, seconds{12}), [&run] { run.world().partition({}); });
    }
    HostId take_down(Experiment& run, HostId host) {
        if (run.world().up(host)) run.world().kill(host);
        return host;
    }
    void bring_back(Experiment& run, HostId host) {
        run.world().later(a_while(run, seconds{6}), [&run, host] {
            if (!run.world().up(host)) run.world().start(host);
        });
    }
    /// The power goes while a vote is written.
    void tear(Experiment& run) {
        run.mark("the power fails while a vote is written");
        const auto host = any_host(run);
        hosts_->tear_votes(host, static_cast<std::size_t>(run.rng().below(400)));
        run.world().later(a_while(run, seconds{1}), [this, &run, host] {
            if (run.world().up(host)) {
                run.world().crash(host, {.power_cut = true, .tear = true, .corrupt = false});
            }
            bring_back(run, host);
        });
    }
    void step_clock(Experiment& run) {
        const auto host = static_cast<HostId>(run.rng().below(run.options().nodes));
        const Duration step =
            milliseconds{static_cast<std::int64_t>(run.rng().below(8'000)) - 4'000};
        run.world().clock(host).step(step);
        steps_[host] += step;
    }

    void heal(Experiment& run) {
        run.mark("healed");
        auto& world = run.world();
        world.partition({});
        for (HostId host = 0; host < run.options().nodes; ++host) {
            if (!world.up(host)) world.start(host);
            world.set_clog(host, {});
            world.clock(host).step(-std::exchange(steps_[host], {}));
        }
        world.later(links_within, [this, &run] { note_state(run); });
    }
    void note_state(Experiment& run) {
        for (HostId host = 0; host < run.options().nodes; ++host) {
            if (!run.world().up(host)) continue;
            const auto* machine = machine_of(run, host);
            if (!machine) continue;
            const auto head = machine->config().height - 1;
            if (head > healed_head_) healed_round_ = 0;
            healed_head_ = std::max(healed_head_, head);
            if (head == healed_head_) healed_round_ = std::max(healed_round_, machine->round());
        }
    }
    /// Of the block after the head at that time.
    std::uint32_t honest_rounds(Experiment& run, std::uint32_t from, std::uint32_t to) {
        const auto& ledger = ledger_of(run, 0);
        const auto parent = ledger.blocks().main(healed_head_);
        const auto* block = ledger.blocks().recent(**parent);
        if (!block || healed_head_ == 0) return 0;
        const auto extra = chain::qbft::decode_extra_data(block->header.header.extra_data);
        const chain::qbft::Validators validators{std::vector{extra->validators}};
        std::set<chain::Address> honest;
        for (HostId host = 0; host < run.options().nodes; ++host) {
            honest.insert(chain::address_of_secret(signer_secret(host)));
        }
        std::uint32_t out = 0;
        for (auto round = from + 1; round <= to; ++round) {
            out += honest.contains(validators.proposer(block->header.header.beneficiary, round))
                       ? 1
                       : 0;
        }
        return out;
    }

    std::shared_ptr<ChainHosts> hosts_;
    std::vector<Duration> steps_;  // of each host's clock, in all
    std::uint64_t healed_head_ = 0;
    std::uint32_t healed_round_ = 0;
};

}  // namespace

Scenario byzantine_scenario() {
    const auto run = std::make_shared<ByzantineRun>();
    return {.name = "byzantine",
            .about = "validators, a third of whom break the rules, under all kinds of trouble",
            .nodes = 5,
            .time = seconds{40},
            .rate = 0,
            .attack = AttackKind::byzantine,
            .attackers = 2,
            .settle = seconds{60},
            .prepare = [run](NetworkOptions& network) { run->prepare(network); },
            .plan = [run](Experiment& experiment) { run->plan(experiment); },
            .check = [run](Experiment& experiment) { run->check(experiment); }};
}

}  // namespace parley::sim
