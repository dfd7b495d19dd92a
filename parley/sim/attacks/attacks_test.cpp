// Every attack against a small network: whatever it does, honest nodes stay healthy, linked and in
// agreement, and attackers are banned where the protocol says so.
#include <parley/sim/attacks/attacks.hpp>

#include <parley/chain/types/test_transactions.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

using namespace parley;
using namespace parley::sim;
using transport::CloseReason;

namespace {

struct SiegeOptions {
    std::size_t honest = 10;
    std::size_t attackers = 3;
    std::uint64_t seed = 1;
    Crypto crypto = Crypto::stub;
    std::size_t tx_data_bytes = 0;  ///< in each transaction submitted
    /// One way between honest nodes; attackers are 2 ms from everybody. 0: anything.
    Duration honest_latency{};
    /// For all hosts, before the attack changes its own.
    std::function<void(HostId, node::NodeConfig&)> configure{};
};

/// Honest nodes 0, 1, ..., then attackers; all know node 0, and node 1 is the victim.
class Siege {
public:
    static constexpr HostId victim = 1;

    Siege(AttackKind kind, SiegeOptions options)
        : options_(std::move(options)), attack_(make_attack(kind, options_.seed)) {
        const auto keys = Network::keys(options_.seed, 1);
        const Target first{keys[0].id(), Network::endpoint(0)};
        NetworkOptions made{.seed = options_.seed,
                            .nodes = options_.honest + options_.attackers,
                            .crypto = options_.crypto};
        if (options_.honest_latency > 0s) {
            made.path = [this](HostId a, HostId b) {
                return PathConfig{.base = is_honest(a) && is_honest(b) ? options_.honest_latency
                                                                       : Duration{2ms}};
            };
        }
        made.endpoint = [this](HostId host) {
            return is_honest(host) ? std::nullopt : attack_->endpoint(host);
        };
        made.configure = [this, first](HostId host, node::NodeConfig& config) {
            if (host != 0) config.p2p.boot = {first};
            if (options_.configure) options_.configure(host, config);
            if (!is_honest(host)) attack_->configure(host, config);
        };
        made.modules = [this](HostId host) {
            return is_honest(host) ? std::vector<transport::PeerHandler*>{}
                                   : attack_->modules(host);
        };
        network_ = std::make_unique<Network>(std::move(made));
        for (HostId host = options_.honest; host < network_->size(); ++host) {
            world().set_tamper(host, attack_->tamper(host));
        }
        network_->start_all();
        for (HostId host = options_.honest; host < network_->size(); ++host) {
            attack_->begin(*network_, host, victim);
        }
    }

    World& world() { return network_->world(); }
    Network& network() { return *network_; }
    node::Node& node(HostId host) { return network_->node(host); }
    std::size_t honest() const { return options_.honest; }
    bool is_honest(HostId host) const { return host < options_.honest; }

    void for_each_honest(const std::function<void(HostId, node::Node&)>& look) {
        for (HostId host = 0; host < honest(); ++host) {
            if (world().up(host)) look(host, node(host));
        }
    }
    std::uint64_t honest_sum(const std::function<std::uint64_t(node::Node&)>& what) {
        std::uint64_t sum = 0;
        for_each_honest([&](HostId, node::Node& node) { sum += what(node); });
        return sum;
    }
    std::uint64_t closed(CloseReason reason) {
        return honest_sum([&](node::Node& node) {
            const auto& all = node.links().stats().closed;
            const auto found = all.find(reason);
            return found == all.end() ? 0 : found->second;
        });
    }
    bool banned(HostId by, HostId who) {
        const auto& offences = std::as_const(node(by).links()).offences();
        const Now now = world().now_of(by);
        return offences.find(now, network_->id(who)) != nullptr ||
               offences.find(now, network_->endpoint_of(who).address) != nullptr;
    }
    std::size_t banned_by(HostId by) {
        std::size_t count = 0;
        for (HostId who = honest(); who < network_->size(); ++who) count += banned(by, who) ? 1 : 0;
        return count;
    }
    /// Calls that the victim closed at once because there were too many.
    std::uint64_t refused_too_often() {
        const auto& refused = node(victim).links().stats().accepts_without_slot;
        const auto found = refused.find(transport::SlotError::too_often);
        return found == refused.end() ? 0 : found->second;
    }
    /// Attackers that at least one honest node has banned.
    std::size_t attackers_banned() {
        std::size_t count = 0;
        for (HostId who = honest(); who < network_->size(); ++who) {
            bool any = false;
            for (HostId by = 0; by < honest(); ++by) any = any || banned(by, who);
            count += any ? 1 : 0;
        }
        return count;
    }

    bool lives(const Endpoint& endpoint) const {
        for (HostId host = 0; host < network_->size(); ++host) {
            if (network_->endpoint_of(host) == endpoint) return true;
        }
        return false;
    }
    bool is_friend(const NodeId& id) const {
        for (HostId host = 0; host < honest(); ++host) {
            if (network_->id(host) == id) return true;
        }
        return false;
    }
    /// Runs, looking at limits now and then.
    void run_for(Duration time) {
        for (const Instant end = world().now().instant + time; world().now().instant < end;) {
            world().run_for(std::min<Duration>(5s, end - world().now().instant));
            check_limits();
        }
    }

    /// Links among honest nodes of one of them.
    std::set<HostId> friends(HostId host) {
        std::set<HostId> out;
        for (HostId other = 0; other < honest(); ++other) {
            if (other != host && network_->links_between(host, other) == 1) out.insert(other);
        }
        return out;
    }
    /// All honest nodes reach one another over honest nodes alone.
    bool connected() {
        std::set<HostId> reached{0};
        std::vector<HostId> open{0};
        while (!open.empty()) {
            const auto host = open.back();
            open.pop_back();
            for (const auto next : friends(host)) {
                if (reached.insert(next).second) open.push_back(next);
            }
        }
        return reached.size() == honest();
    }

    /// The longest that an honest node waits for the transaction after one that it has a link with
    /// has it.
    Duration longest_wait(const Hash256& hash, Duration limit) {
        std::map<HostId, Instant> since;
        Duration longest{};
        const Instant end = world().now().instant + limit;
        while (since.size() < honest() && world().now().instant < end) {
            const Instant now = world().now().instant;
            for_each_honest([&](HostId host, node::Node& node) {
                if (since.contains(host) || !node.pool().contains(hash)) return;
                Instant first = now;
                for (const HostId other : friends(host)) {
                    if (since.contains(other)) first = std::min(first, since[other]);
                }
                longest = std::max<Duration>(longest, now - first);
                since[host] = now;
            });
            world().run_for(10ms);
        }
        return since.size() < honest() ? Duration::max() : longest;
    }

    void set_tx_data_bytes(std::size_t bytes) { options_.tx_data_bytes = bytes; }
    /// Submits a well-paid transaction at an honest node; its hash.
    Hash256 submit(HostId host, std::uint64_t account, std::uint64_t nonce) {
        auto tx = chain::testing::transfer(nonce);
        tx.data = SharedBytes::own(Buffer(options_.tx_data_bytes));
        tx.gas_limit += 4 * options_.tx_data_bytes;
        tx.chain_id = node(host).chain().config().id;
        const auto raw =
            chain::testing::sign(tx, chain::testing::secret_of(1'000'000 + account)).raw;
        Hash256 hash{};
        world().call(host, [&](p2p::NodeCore&, Now now) {
            node(host).relay().submit(now, raw, [&hash](auto result) {
                if (result) hash = *result;
            });
        });
        world().run_for(20ms);
        return hash;
    }
    /// Lets every honest node submit some, `apart` from each other; true when all have all within
    /// `limit` after the last one.
    bool spread(std::size_t each, Duration apart, Duration limit) {
        std::vector<Hash256> hashes;
        for (std::size_t i = 0; i < each; ++i) {
            for (HostId host = 0; host < honest(); ++host) {
                hashes.push_back(submit(host, host, nonce_));
                world().run_for(apart);
            }
            ++nonce_;
        }
        return world().run_until(
            [&] {
                bool all = true;
                for_each_honest([&](HostId, node::Node& node) {
                    for (const auto& hash : hashes) all = all && node.pool().contains(hash);
                });
                return all;
            },
            limit);
    }

    /// What must hold whatever the attack, at any time.
    void check_limits() {
        CHECK(network_->healthy());
        for_each_honest([&](HostId host, node::Node& node) {
            CAPTURE(host);
            const auto& config = node.config();
            const auto& chain_config = node.chain().config();
            const auto& stats = node.links().stats();
            CHECK(node.pool().size_bytes() <= chain_config.pool_bytes_max);
            CHECK(node.relay().unchecked_bytes() <= chain::CheckQueueConfig{}.bytes_max);
            CHECK(stats.receive_bytes_reserved <= config.p2p.receive_bytes_max);
            CHECK(node.relay().tree().missing_items() <= chain_config.gossip.missing_items_max);
            // Each attacker's group may tell of a sixteenth of the new places at most.
            const auto new_places = node.book().places(discovery::BookTable::untried);
            CHECK(node.book().size() <=
                  2 * network_->size() + (options_.attackers + 1) * new_places / 16);
            for (HostId other = 0; other < honest(); ++other) CHECK_FALSE(banned(host, other));
        });
    }
    /// And what must hold after some time. Each honest node may not know so many of the others.
    void check_in_order(std::size_t unknown_max = 0) {
        check_limits();
        CHECK(connected());
        for_each_honest([&](HostId host, node::Node& node) {
            CAPTURE(host);
            CHECK(friends(host).size() >= 2);
            std::size_t unknown = 0;
            for (HostId other = 0; other < honest(); ++other) {
                if (other == host) continue;
                CAPTURE(other);
                const auto* entry = node.book().find(network_->id(other));
                if (!entry || !entry->record) {
                    ++unknown;
                    continue;
                }
                CHECK(entry->record.endpoint() == network_->endpoint_of(other));
            }
            CHECK(unknown <= unknown_max);
        });
    }

private:
    SiegeOptions options_;
    std::unique_ptr<Attack> attack_;  // outlives the network
    std::unique_ptr<Network> network_;
    std::uint64_t nonce_ = 0;
};

}  // namespace

TEST_CASE("attacks have names, and names are parsed") {
    for (const auto kind : all_attacks) CHECK(parse_attack(name(kind)) == kind);
    CHECK_FALSE(parse_attack("nonsense"));
    CHECK_FALSE(parse_attack(""));
}

TEST_CASE("attack: the same seed gives the same history") {
    for (const auto kind : all_attacks) {
        CAPTURE(name(kind));
        const auto history = [&](std::uint64_t seed) {
            Siege siege{kind, {.honest = 4, .attackers = 2, .seed = seed}};
            siege.world().run_for(15s);
            return std::pair{siege.world().trace_hash(), siege.world().events_run()};
        };
        CHECK(history(7) == history(7));
    }
}

TEST_CASE("attack: attackers that die and come back go on") {
    for (const auto kind : all_attacks) {
        CAPTURE(name(kind));
        Siege siege{kind, {.honest = 4, .attackers = 2, .seed = 3}};
        siege.run_for(12s);
        for (const HostId attacker : {4U, 5U}) siege.world().kill(attacker);
        siege.run_for(2s);
        for (const HostId attacker : {4U, 5U}) siege.world().start(attacker);
        siege.run_for(20s);
        CHECK(siege.spread(1, 0ms, 15s));
        siege.check_in_order();
    }
}

TEST_CASE("attack: garbage") {
    Siege siege{AttackKind::garbage, {.seed = 12}};
    siege.run_for(60s);
    CHECK(siege.spread(2, 0ms, 5s));
    siege.check_in_order();
    CHECK(siege.closed(CloseReason::handshake_failed) > 10);
    CHECK(siege.closed(CloseReason::bad_frame) > 20);
    CHECK(siege.closed(CloseReason::frame_timeout) > 0);
    // Nobody is banned for what anybody on the path can do; it comes slower.
    CHECK(siege.banned_by(Siege::victim) == 0);
    CHECK(siege.refused_too_often() > 5);
}

TEST_CASE("attack: garbage, with real cryptography") {
    Siege siege{AttackKind::garbage,
                {.honest = 5, .attackers = 2, .seed = 1, .crypto = Crypto::real}};
    siege.run_for(30s);
    CHECK(siege.spread(1, 0ms, 5s));
    siege.check_in_order();
    CHECK(siege.closed(CloseReason::handshake_failed) > 3);
    CHECK(siege.closed(CloseReason::bad_frame) > 3);
}

TEST_CASE("attack: oversized messages and lies about sums") {
    // Each attacker begins with another lie and has two before it is banned.
    Siege siege{AttackKind::oversized, {.attackers = 8, .seed = 12}};
    siege.run_for(30s);
    CHECK(siege.spread(2, 0ms, 5s));
    siege.check_in_order();
    CHECK(siege.closed(CloseReason::protocol_error) >= 12);
    CHECK(siege.banned_by(Siege::victim) == 8);
    CHECK(siege.closed(CloseReason::banned) > 0);
}

TEST_CASE("attack: oversized messages, with real cryptography") {
    Siege siege{AttackKind::oversized,
                {.honest = 3, .attackers = 2, .seed = 1, .crypto = Crypto::real}};
    siege.run_for(10s);
    CHECK(siege.banned_by(Siege::victim) == 2);
    CHECK(siege.closed(CloseReason::protocol_error) >= 2);
}

TEST_CASE("attack: forged records") {
    constexpr HostId mover = 2;
    Siege siege{AttackKind::forged_records,
                {.seed = 13, .configure = [](HostId host, node::NodeConfig& config) {
                     if (host == mover) config.p2p.advertise.clear();
                 }}};
    const auto lives_at = [&](const Endpoint& endpoint) {
        siege.world().call(
            mover, [&](p2p::NodeCore&, Now now) { siege.node(mover).set_endpoint(now, endpoint); });
    };
    // What it says first is soon old, and the forgers keep it.
    lives_at(*Endpoint::parse("50.1.2.3:30770"));
    siege.run_for(15s);
    lives_at(siege.network().endpoint_of(mover));
    siege.world().cut(mover, [](HostId) { return true; }, false);
    siege.run_for(75s);
    CHECK(siege.spread(2, 0ms, 5s));
    siege.check_in_order();
    siege.for_each_honest([&](HostId host, node::Node& node) {
        CAPTURE(host);
        // Nobody but the hosts, each where it is.
        for (std::size_t i = 0; i < node.book().size(); ++i) {
            CHECK(siege.lives(node.book().nth(i).endpoint()));
        }
    });
    CHECK(siege.attackers_banned() == 3);
}

TEST_CASE("attack: address flood") {
    Siege siege{AttackKind::address_flood, {.seed = 14}};
    siege.world().kill(9);  // comes late, into a network whose books are full of nobody
    siege.run_for(60s);
    siege.world().start(9);
    CHECK(siege.world().run_until([&] { return siege.friends(9).size() >= 2; }, 10s));
    siege.run_for(60s);
    std::size_t most = 0;
    siege.for_each_honest(
        [&](HostId, node::Node& node) { most = std::max(most, node.book().size()); });
    CHECK(most > 300);  // it is a flood
    CHECK(siege.spread(2, 0ms, 5s));
    siege.check_in_order();
}

TEST_CASE("attack: sybils of a few networks") {
    Siege siege{AttackKind::sybil,
                {.attackers = 40, .seed = 15, .configure = [](HostId, node::NodeConfig& config) {
                     config.p2p.inbound_max = 16;
                 }}};
    siege.run_for(20s);
    siege.for_each_honest([&](HostId host, node::Node& node) {
        CAPTURE(host);
        // They would take all slots if a /16 could.
        CHECK(node.links().slots().in_use(transport::SlotKind::inbound) >= 12);
        std::size_t outbound = 0;
        for (const auto& peer : node.peers()) {
            if (peer.direction == transport::Direction::outbound && !siege.is_friend(peer.id)) {
                ++outbound;
            }
        }
        CHECK(outbound <= 3);  // a group each
    });
    siege.world().kill(5);
    siege.run_for(5s);
    siege.world().start(5);
    CHECK(siege.world().run_until([&] { return siege.friends(5).size() >= 3; }, 20s));
    CHECK(siege.spread(1, 0ms, 5s));
    siege.check_in_order(2);
}

TEST_CASE("attack: withheld transactions come from others") {
    // Twelve that are nearer to everybody than honest nodes to each other: the branches of all
    // trees, until they withhold.
    Siege siege{AttackKind::withhold, {.attackers = 12, .seed = 16, .honest_latency = 80ms}};
    siege.run_for(5s);
    CHECK(siege.spread(2, 100ms, 5s));
    siege.run_for(10s);
    CHECK(siege.spread(1, 0ms, 4s));
    siege.check_in_order();
    // Others delivered before those who were asked first ran out of time.
    siege.run_for(chain::TxRelayConfig{}.tree.fetch_timeout);
    std::size_t charged = 0;
    for (HostId who = siege.honest(); who < siege.network().size(); ++who) {
        siege.for_each_honest([&](HostId by, node::Node& node) {
            const Now now = siege.world().now_of(by);
            if (node.links().offences().score(now, siege.network().id(who)) > 0) ++charged;
        });
    }
    CHECK(charged >= 6);
    // Whom they have charged, honest nodes ask last.
    CHECK(siege.spread(2, 50ms, 15s));
}

TEST_CASE("attack: however many withhold, who has a neighbour with it has it within 2 s") {
    // All links between honest nodes are lazy when the 36 begin to withhold.
    Duration longest{};
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(seed);
        Siege siege{AttackKind::withhold,
                    {.honest = 8, .attackers = 36, .seed = seed, .honest_latency = 80ms}};
        siege.run_for(8s);
        CHECK(siege.spread(3, 50ms, 5s));
        siege.run_for(8s);
        const auto wait = siege.longest_wait(siege.submit(7, 100, 0), 20s);
        longest = std::max(longest, wait);
        CHECK(wait <= 2s);
    }
    MESSAGE("at most " << std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()
                       << " ms");
}

TEST_CASE("attack: spam") {
    Siege siege{AttackKind::spam, {.seed = 17, .configure = [](HostId, node::NodeConfig& config) {
                                       config.chain.pool_bytes_max = 256U << 10;
                                   }}};
    siege.run_for(25s);
    CHECK(siege.spread(2, 100ms, 5s));
    siege.check_in_order();
    siege.for_each_honest([&](HostId host, node::Node& node) {
        CAPTURE(host);
        CHECK(node.pool().evicted() > 100);  // it was full of spam
    });
    // Those of bad signatures and of nonsense; cheap ones are no offence.
    CHECK(siege.attackers_banned() == 2);
}

TEST_CASE("attack: stalled handshakes") {
    Siege siege{AttackKind::stalled_handshake, {.seed = 18}};
    siege.run_for(60s);
    CHECK(siege.spread(2, 0ms, 5s));
    siege.check_in_order();
    CHECK(siege.closed(CloseReason::handshake_timeout) > 50);
    CHECK(siege.banned_by(Siege::victim) == 0);
    CHECK(siege.refused_too_often() > 5);
    CHECK(siege.node(Siege::victim).links().slots().in_use(transport::SlotKind::handshake_in) == 0);
}

TEST_CASE("attack: no credit") {
    Siege siege{AttackKind::credit_abuse,
                {.honest = 6,
                 .attackers = 2,
                 .seed = 19,
                 .tx_data_bytes = 16'000,
                 .configure = [](HostId, node::NodeConfig& config) {
                     config.chain.gossip.announcements_per_peer_max = 64;
                 }}};
    siege.run_for(20s);
    // Windows and budgets of lanes to the attackers fill, to the last byte, and more waits than
    // may be announced.
    CHECK(siege.spread(28, 10ms, 5s));
    siege.set_tx_data_bytes(0);
    CHECK(siege.spread(30, 10ms, 5s));
    const auto before = siege.world().events_run();
    const bool without_end =
        siege.world().run_until([&] { return siege.world().events_run() - before > 20'000; }, 30s);
    CHECK_FALSE(without_end);  // nobody tries and tries
    siege.check_in_order();
}

TEST_CASE("attack: what is of no use slows down who sends it, and nobody else") {
    Siege siege{AttackKind::waste, {.honest = 6, .attackers = 5, .seed = 20}};
    siege.run_for(10s);
    CHECK(siege.spread(10, 10ms, 2s));  // there is something to announce
    const auto& stats = siege.node(Siege::victim).links().stats();
    const auto slowed = stats.slowed;
    const auto wasted = stats.wasted;
    constexpr Duration flood = 60s;
    for (Duration past{}; past < flood; past += 10s) {
        siege.run_for(10s);
        CHECK(siege.spread(1, 0ms, 2s));
    }
    siege.check_in_order();
    CHECK(stats.slowed - slowed >= 4);
    // Four links' shares, and what was under way when they were used up.
    const transport::WasteConfig config;
    const auto share = 4 * config.link_share * flood;
    CHECK(stats.wasted - wasted >= share / 2);
    CHECK(stats.wasted - wasted <= 4 * config.burst + 2 * share);
    // Only who broke a rule is banned: it named a hash twice in one list.
    for (HostId attacker = siege.honest(); attacker < siege.network().size(); ++attacker) {
        CHECK(siege.banned(Siege::victim, attacker) == (attacker == siege.honest() + 4));
    }
}

TEST_CASE("a narrow path is no offence") {
    // A thousand transactions are announced at once and take half a minute to come.
    NetworkOptions options{.seed = 1, .nodes = 2, .crypto = Crypto::stub};
    const Target first{Network::keys(1, 1)[0].id(), Network::endpoint(0)};
    options.configure = [&](HostId host, node::NodeConfig& config) {
        if (host == 1) config.p2p.boot = {first};
    };
    options.path = [](HostId, HostId) {
        return PathConfig{.base = 50ms, .bytes_per_second = 20'000};
    };
    Network network{std::move(options)};
    network.world().start(0);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        auto tx = chain::testing::transfer(i / 10);
        tx.chain_id = network.node(0).chain().config().id;
        tx.data = SharedBytes::own(Buffer(500));
        tx.gas_limit += 4 * tx.data.size();
        const auto raw = chain::testing::sign(tx, chain::testing::secret_of(i % 10)).raw;
        network.world().call(0, [&](p2p::NodeCore&, Now now) {
            network.node(0).relay().submit(now, raw, [](const auto&) {});
        });
        network.world().run_for(1ms);
    }
    REQUIRE(network.node(0).pool().size() == 1000);
    network.world().start(1);
    CHECK(network.world().run_until([&] { return network.node(1).pool().size() == 1000; }, 60s));
    CHECK(network.links_between(0, 1) == 1);
    CHECK(std::as_const(network.node(1).links()).offences().bans().empty());
}
