#include <parley/sim/experiment/scenarios.hpp>

#include <parley/sim/experiment/byzantine_scenario.hpp>
#include <parley/sim/experiment/chain_scenarios.hpp>
#include <parley/sim/experiment/consensus_scenarios.hpp>
#include <parley/sim/experiment/light_scenario.hpp>
#include <parley/sim/experiment/slow_module.hpp>
#include <parley/sim/experiment/snapshot_scenario.hpp>
#include <parley/sim/experiment/work_scenarios.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace parley::sim {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

void kill(Experiment& run, HostId host) {
    if (run.world().up(host)) run.world().kill(host);
}
void start(Experiment& run, HostId host) {
    if (!run.world().up(host)) run.world().start(host);
}

void prepare_dht(NetworkOptions& network) {
    network.dht = true;
}

void plan_boot_dies(Experiment& run) {
    run.at(0.1, [&run] {
        run.mark("boot nodes die");
        for (HostId host = 0; host < run.boot_hosts(); ++host) kill(run, host);
    });
    // Others come back from their own books while nobody whom they were configured with is there.
    for (HostId host = run.boot_hosts(); host < run.options().nodes; host += 5) {
        run.at(0.3, [&run, host] { kill(run, host); });
        run.at(0.4, [&run, host] { start(run, host); });
    }
    // Before healing, which would start the boot nodes again.
    run.at(0.95, [&run] {
        for (HostId host = run.boot_hosts(); host < run.options().nodes; host += 5) {
            if (run.network().node(host).links().connections() < 3) {
                run.checkers().fail(host, "did not come back from its own book");
            }
        }
    });
}

void plan_rolling_restart(Experiment& run) {
    const auto nodes = run.options().nodes;
    for (HostId host = 0; host < nodes; ++host) {
        const double share = 0.9 * static_cast<double>(host) / static_cast<double>(nodes);
        run.at(share, [&run, host] { kill(run, host); });
        run.at(share + 0.05, [&run, host] { start(run, host); });
    }
}

void plan_partition(Experiment& run) {
    run.at(0.2, [&run] {
        run.mark("partition");
        run.world().partition([](HostId a, HostId b) { return a % 2 != b % 2; });
    });
    run.at(0.7, [&run] {
        run.mark("healed");
        run.world().partition({});
    });
}

/// A fifth of the links, by the pairs that they join, lose everything for a minute.
void plan_links_lost(Experiment& run) {
    const auto salt = run.rng().next();
    run.at(0.3, [&run, salt] {
        run.mark("a fifth of the links lost");
        run.world().partition([salt](HostId a, HostId b) {
            const auto pair = (std::uint64_t{std::min(a, b)} << 32U) | std::max(a, b);
            return Rng{salt ^ pair}.below(5) == 0;
        });
        run.world().later(minutes{1}, [&run] {
            run.mark("healed");
            run.world().partition({});
            const Instant healed = run.world().now().instant;
            run.world().later(seconds{10}, [&run, healed] {
                if (const auto behind = run.behind(healed, 1.0); behind > 0) {
                    run.checkers().fail(0, fmt::format("{} transactions are not everywhere 10 s "
                                                       "after healing",
                                                       behind));
                }
            });
        });
    });
}

void plan_flash_crowd(Experiment& run) {
    run.at(0.5, [&run] {
        run.mark("2,000 transactions");
        for (int i = 0; i < 2000; ++i) {
            run.world().later(std::chrono::milliseconds{i}, [&run] { run.submit(); });
        }
    });
}

void prepare_slow_module(NetworkOptions& network) {
    // A host's module lives on through its restarts.
    auto modules = std::make_shared<std::vector<std::unique_ptr<SlowModule>>>();
    for (HostId host = 0; host < network.nodes; ++host) {
        modules->push_back(std::make_unique<SlowModule>(host % 5 == 0));
    }
    network.modules = [modules](HostId host) {
        return std::vector<transport::PeerHandler*>{(*modules)[host].get()};
    };
}

/// Those who keep up were not held back by those who do not, and nobody holds more than its window.
void check_slow_module(Experiment& run) {
    for (HostId host = 0; host < run.network().size(); ++host) {
        const auto& module = dynamic_cast<const SlowModule&>(*run.network().modules(host).front());
        if (!module.slow() && module.most_heard() < 100) {
            run.checkers().fail(host, fmt::format("the module heard {} messages of 200 at most",
                                                  module.most_heard()));
        }
        const std::size_t links = run.network().node(host).links().connections();
        if (module.held() > links * 16) {
            run.checkers().fail(
                host, fmt::format("{} messages are held on {} links", module.held(), links));
        }
    }
}

void dial(Experiment& run, HostId from, HostId to) {
    run.world().call(from, [&](p2p::NodeCore& node, Now now) {
        (void)node.links().dial(now, run.network().target(to), transport::SlotClass::static_peer);
    });
}

/// Two part, then dial each other at nearly the same time: exactly one link must come of it.
void part_and_dial(Experiment& run, HostId a, HostId b) {
    auto& world = run.world();
    world.call(a, [&](p2p::NodeCore& node, Now now) {
        node.links().disconnect(now, run.network().id(b), transport::CloseReason::requested);
    });
    const auto offset = std::chrono::milliseconds{run.rng().below(300)};
    world.later(seconds{1}, [&run, a, b] { dial(run, a, b); });
    world.later(seconds{1} + offset, [&run, a, b] { dial(run, b, a); });
    world.later(seconds{8}, [&run, a, b] {
        if (const auto links = run.network().links_between(a, b); links != 1) {
            run.checkers().fail(a, fmt::format("{} links to host {} after both dialed", links, b));
        }
    });
}

void plan_both_dial(Experiment& run) {
    constexpr int rounds = 10;
    for (int round = 0; round < rounds; ++round) {
        run.at(0.9 * round / rounds, [&run] {
            for (HostId host = 0; host + 1 < run.options().nodes; host += 2) {
                part_and_dial(run, host, host + 1);
            }
        });
    }
}

void plan_clock_step(Experiment& run) {
    run.at(0.3, [&run] {
        run.mark("a tenth of the clocks step");
        for (HostId host = 0; host < run.options().nodes; host += 10) {
            run.world().clock(host).step(host % 20 == 0 ? std::chrono::hours{1}
                                                        : std::chrono::hours{-1});
        }
    });
}

void plan_eclipse(Experiment& run) {
    const HostId victim = run.options().nodes - 1;
    run.at(0.5, [&run, victim] {
        run.mark("the victim restarts");
        kill(run, victim);
        start(run, victim);
    });
}

void check_eclipse(Experiment& run) {
    const HostId victim = run.options().nodes - 1;
    std::size_t honest = 0;
    for (const auto& peer : run.network().node(victim).peers()) {
        const auto host = run.network().host_of(peer.id);
        honest += host && run.honest(*host) ? 1 : 0;
    }
    if (honest == 0) run.checkers().fail(victim, "eclipsed: no link to an honest node");
}

std::vector<Scenario> make() {
    std::vector<Scenario> out;
    out.push_back({.name = "gossip",
                   .about = "transactions in a network in which nothing goes wrong",
                   .nodes = 500,
                   .warm_up = seconds{30}});
    out.push_back({.name = "join_storm",
                   .about = "all start within two seconds and know four boot nodes",
                   .nodes = 200,
                   .time = minutes{1},
                   .start_within = seconds{2},
                   .prepare = prepare_dht});
    out.push_back({.name = "boot_dies",
                   .about = "the boot nodes die for good; others restart from their own books",
                   .prepare = prepare_dht,
                   .plan = plan_boot_dies});
    out.push_back({.name = "rolling_restart",
                   .about = "every node is killed and restarted, one after the other",
                   .time = minutes{4},
                   .plan = plan_rolling_restart});
    out.push_back({.name = "partition",
                   .about = "two halves, and whole again",
                   .time = minutes{4},
                   .plan = plan_partition});
    out.push_back({.name = "links_lost",
                   .about = "a fifth of the links lost for a minute; 10 s later all is everywhere",
                   .nodes = 200,
                   .time = minutes{4},
                   .warm_up = seconds{30},
                   .plan = plan_links_lost});
    out.push_back({.name = "flash_crowd",
                   .about = "2,000 transactions within two seconds",
                   .plan = plan_flash_crowd});
    out.push_back({.name = "slow_module",
                   .about = "a module on every fifth node never lets go of its messages",
                   .prepare = prepare_slow_module,
                   .check = check_slow_module});
    out.push_back({.name = "both_dial",
                   .about = "pairs part and dial each other at the same time, again and again",
                   .plan = plan_both_dial});
    out.push_back({.name = "clock_step",
                   .about = "a tenth of the clocks step by an hour, forwards or back",
                   .plan = plan_clock_step});
    out.push_back({.name = "withholders",
                   .about = "one in five announces everything and delivers nothing",
                   .nodes = 80,
                   .attack = AttackKind::withhold,
                   .attackers = 20,
                   .warm_up = seconds{30}});
    out.push_back({.name = "eclipse",
                   .about = "Sybils from few groups around one node that restarts",
                   .nodes = 40,
                   .attack = AttackKind::sybil,
                   .attackers = 60,
                   .plan = plan_eclipse,
                   .check = check_eclipse});
    out.push_back({.name = "reorg",
                   .about = "two makers of blocks in two halves: the shorter chain is taken back",
                   .nodes = 12,
                   .time = minutes{3},
                   .prepare = prepare_chain,
                   .plan = plan_reorganisation,
                   .check = check_chain});
    out.push_back({.name = "chain_kills",
                   .about = "the same, while each of the others is killed once and comes back",
                   .nodes = 12,
                   .time = minutes{3},
                   .rate = 0,
                   .prepare = prepare_chain,
                   .plan = plan_kills,
                   .check = check_chain});
    out.push_back({.name = "chain_liars",
                   .about = "the same, where a third answer wrong or not at all",
                   .nodes = 12,
                   .time = minutes{3},
                   .rate = 0,
                   .attack = AttackKind::lie,
                   .attackers = 6,
                   .prepare = prepare_chain,
                   .plan = plan_kills,
                   .check = check_chain});
    out.push_back(snapshot_scenario());
    out.push_back(votes_scenario());
    out.push_back(byzantine_scenario());
    out.push_back(work_scenario());
    out.push_back(light_scenario());
    out.push_back({.name = "swarm",
                   .about = "each seed draws its own faults: chaos first, then it must heal",
                   .nodes = 20,
                   .time = minutes{3},
                   .prepare = prepare_dht});
    return out;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all = make();
    return all;
}

const Scenario* find_scenario(std::string_view name) {
    const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
    return found == scenarios().end() ? nullptr : &*found;
}

ExperimentOptions default_options(const Scenario& scenario) {
    ExperimentOptions out;
    out.scenario = &scenario;
    out.nodes = scenario.nodes;
    out.time = scenario.time;
    out.rate = scenario.rate;
    out.attack = scenario.attack;
    out.attackers = scenario.attackers;
    out.state_accounts = scenario.state_accounts;
    return out;
}

}  // namespace parley::sim
