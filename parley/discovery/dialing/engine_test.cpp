#include <parley/discovery/dialing/engine.hpp>

#include <parley/discovery/pex/pex.hpp>
#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::discovery;
using namespace parley::discovery::test;
using transport::CloseReason;
using transport::DialError;
using transport::DialFailed;
using transport::Direction;
using transport::LinkId;
using transport::PeerDown;
using transport::PeerUp;
using transport::SlotClass;

namespace {

constexpr Duration dial_takes = 50ms;
constexpr Duration dead_dial_takes = 3s;

/// A node's engine amid nodes that live, die, turn away or flap, in virtual time.
class World final : public Dialer {
public:
    struct Node {
        bool alive = true;
        bool full = false;         ///< turns away...
        std::vector<Enr> others;   ///< ...with these
        Duration link_lasts = 1h;  ///< then it drops the link
    };

    explicit World(EngineConfig config = {}, BookConfig book_config = {})
        : book(make_book(book_config)), engine(config, book, *this, hub, no_log(), Rng{21}) {}

    Result<LinkId, DialError> dial(Now when, const Target& target, SlotClass slot_class) override {
        REQUIRE(target.id != book.self());
        dials[target.id].push_back(when.instant - at(0s).instant);
        last_dial.insert_or_assign(target.id, target);
        CHECK(!busy.contains(target.id));  // no two dials to one ID, none to one that is up
        if (refuse) return std::unexpected{*refuse};
        busy.insert(target.id);
        const Node& node = nodes[target.id];
        const LinkId link{++last_link};
        after(node.alive ? dial_takes : dead_dial_takes,
              [this, target, slot_class, link] { finish_dial(target, slot_class, link); });
        under_way_max = std::max(under_way_max, ++under_way);
        return link;
    }

    void hang_up(Now, const NodeId& node) override { hung_up.push_back(node); }

    void up(const NodeId& node, const Endpoint& endpoint, Direction direction, LinkId link,
            SlotClass slot_class = SlotClass::ordinary) {
        busy.insert(node);
        links[link] = {node, endpoint, now.instant, direction};
        hub.publish(
            PeerUp{link, node, endpoint, direction, slot_class, hello_of(records.at(node))});
    }
    void down(LinkId link, CloseReason reason) {
        const auto found = links.find(link);
        if (found == links.end()) return;
        const Up was = found->second;
        links.erase(found);
        busy.erase(was.id);
        hub.publish(
            PeerDown{link, was.id, was.endpoint, was.direction, reason, now.instant - was.since});
    }
    void kill(const NodeId& node) {
        nodes[node].alive = false;
        drop(node, CloseReason::reset);
    }
    void drop(const NodeId& node, CloseReason reason) {
        std::vector<LinkId> ended;
        for (const auto& [link, was] : links) {
            if (was.id == node) ended.push_back(link);
        }
        for (const LinkId link : ended) down(link, reason);
    }

    void run(Duration duration) {
        const Instant end = now.instant + duration;
        turn();
        for (;;) {
            Instant next = engine.next_wakeup();
            if (!events.empty()) next = std::min(next, events.begin()->first);
            if (next > end) break;
            go_to(std::max(next, now.instant));
            while (!events.empty() && events.begin()->first <= now.instant) {
                const auto what = std::move(events.extract(events.begin()).mapped());
                what();
            }
            turn();
            REQUIRE(++turns < 100'000);
        }
        go_to(end);
    }

    /// Node n with its public record, known to no other node yet.
    Target node(std::uint32_t n) {
        records.emplace(test::id(n), record(n));
        nodes.try_emplace(test::id(n));
        return {test::id(n), public_endpoint(n)};
    }
    void advertise(std::uint32_t from, std::uint32_t to, std::uint32_t source) {
        for (std::uint32_t n = from; n <= to; ++n) {
            node(n);
            book.add_record(now, record(n), heard_from(source));
        }
        hub.publish(BookGrew{to - from + 1});
    }
    std::size_t ups() const { return links.size(); }
    bool is_up(std::uint32_t n) const {
        return std::ranges::any_of(links,
                                   [&](const auto& l) { return l.second.id == test::id(n); });
    }

    struct Up {
        NodeId id;
        Endpoint endpoint;
        Instant since;
        Direction direction;
    };
    Now now = at(0s);
    Hub hub;
    AddressBook book;
    std::map<NodeId, Node> nodes;
    std::map<NodeId, Enr> records;
    std::map<LinkId, Up> links;
    std::map<NodeId, std::vector<Duration>> dials;
    std::map<NodeId, Target> last_dial;
    std::set<NodeId> busy;
    std::optional<DialError> refuse;
    std::size_t under_way = 0;
    std::vector<NodeId> hung_up, feelers;
    std::size_t under_way_max = 0;
    Engine engine;

private:
    void go_to(Instant instant) { now = at(instant - at(0s).instant); }
    void turn() {
        hub.deliver();
        engine.on_timer(now);
    }
    void after(Duration delay, std::function<void()> what) {
        events.emplace(now.instant + delay, std::move(what));
    }
    void finish_dial(const Target& target, SlotClass slot_class, LinkId link) {
        --under_way;
        const Node& node = nodes[target.id];
        if (!node.alive || node.full) {
            busy.erase(target.id);
            const auto reason = node.alive ? CloseReason::too_many_peers : CloseReason::dial_failed;
            hub.publish(DialFailed{target, slot_class, reason, node.alive, node.others});
            return;
        }
        if (slot_class == SlotClass::feeler) {
            busy.erase(target.id);
            feelers.push_back(target.id);
            hub.publish(DialFailed{target, slot_class, CloseReason::rotated, true, {}});
            return;
        }
        // A name leads to where the node is.
        const auto endpoint =
            target.host.empty() ? target.endpoint : *records.at(target.id).tcp_endpoint();
        up(target.id, endpoint, Direction::outbound, link, slot_class);
        after(node.link_lasts, [this, link] { down(link, CloseReason::reset); });
    }

    std::multimap<Instant, std::function<void()>> events;
    std::uint64_t last_link = 0;
    std::size_t turns = 0;
};

EngineConfig with_target(std::size_t outbound) {
    EngineConfig config;
    config.dials.outbound_target = outbound;
    return config;
}

}  // namespace

TEST_CASE("while all links are up, feelers test addresses now and then") {
    World world{with_target(4)};
    for (std::uint32_t n = 1; n <= 30; ++n) {
        world.advertise(n, n, n + 100);
        world.nodes[id(n)].link_lasts = 24h;
    }
    for (std::uint32_t n = 21; n <= 30; ++n) world.nodes[id(n)].alive = false;
    world.run(4h);
    // The live ones but the four that are linked, once each, at some 30 dials an hour.
    CHECK(world.feelers.size() == 16);
    for (const NodeId& tested : world.feelers) CHECK(world.book.find(tested)->tried());
    CHECK(world.book.taken(BookTable::tried) >= 10);
}

TEST_CASE("one link at a time makes room for another, never an anchor") {
    auto config = with_target(6);
    config.dials.churn_interval = 10min;
    World world{config};
    for (std::uint32_t n = 1; n <= 30; ++n) {
        world.advertise(n, n, n + 100);
        world.nodes[id(n)].link_lasts = 24h;
    }
    world.run(2h);
    CHECK(world.hung_up.size() >= 6);
    CHECK(world.hung_up.size() <= 24);
    for (const NodeId& old : world.hung_up) CHECK_FALSE(world.book.is_anchor(old));
}

TEST_CASE("the engine fills its outbound slots and no more, never dialing too many at once") {
    auto config = with_target(6);
    config.dials.dials_max = 3;
    World world{config};
    world.advertise(1, 40, 100);
    world.run(10s);
    CHECK(world.ups() == 6);
    CHECK(world.under_way_max == 3);
    world.run(10min);
    std::size_t dialed = 0;
    for (const auto& [node, times] : world.dials) dialed += times.size();
    CHECK(dialed == 6 + world.feelers.size());
    // One that is lost is replaced at once.
    world.kill(world.links.begin()->second.id);
    world.run(1s);
    CHECK(world.ups() == 6);
}

TEST_CASE("outbound links go to different network groups") {
    World world{with_target(4)};
    for (std::uint32_t n = 1; n <= 8; ++n) {
        const Endpoint endpoint = *Endpoint::parse("20.5.0." + std::to_string(n) + ":1");
        world.node(n);
        world.book.add_record(world.now, record(n, endpoint), heard_from(100));
    }
    world.advertise(9, 9, 100);
    world.run(1min);
    CHECK(world.ups() == 2);
    CHECK(world.is_up(9));
}

TEST_CASE("with a map, outbound links go to different owners") {
    BookConfig book;
    book.owners = one_owner();
    World world{with_target(4), book};
    world.advertise(1, 8, 100);
    world.node(9);
    world.book.add_record(world.now, record(9, *Endpoint::parse("40.1.0.1:30303")),
                          heard_from(100));
    world.run(1min);
    CHECK(world.ups() == 2);
    CHECK(world.is_up(9));
}

TEST_CASE("one in eight outbound links goes to a node that no dial of ours proved") {
    World world{with_target(8)};
    world.advertise(1, 20, 100);
    for (std::uint32_t n = 1; n <= 20; ++n) world.book.on_tested(world.now, id(n));
    world.advertise(101, 200, 250);
    world.run(1min);
    CHECK(world.ups() == 8);
    std::size_t tried = 0;
    for (std::uint32_t n = 1; n <= 20; ++n) tried += world.is_up(n) ? 1 : 0;
    CHECK(tried >= 7);
    // With nobody else left, all of them.
    World fresh{with_target(8)};
    fresh.advertise(101, 200, 250);
    fresh.run(1min);
    CHECK(fresh.ups() == 8);
}

TEST_CASE("a fresh node gets in by a boot node, and on without it") {
    World world{with_target(5)};
    world.engine.add_boot(world.now, world.node(1));
    world.run(1s);
    CHECK(world.is_up(1));
    world.advertise(2, 5, 1);
    world.run(5s);
    CHECK(world.ups() == 5);
    world.kill(id(1));
    world.run(1h);
    CHECK(world.ups() == 4);
    CHECK(world.book.find(id(1)));  // for ever
    world.nodes[id(1)].alive = true;
    world.run(15s);
    CHECK(world.is_up(1));
}

TEST_CASE("boot nodes and static peers with names are dialed by name, several at a time") {
    World world{with_target(4)};
    for (std::uint32_t n = 1; n <= 3; ++n) {
        world.node(n);
        const Target target{test::id(n), {{}, 30303}, "n" + std::to_string(n) + ".example"};
        if (n < 3) {
            CHECK(world.engine.add_boot(world.now, target) == AddResult::added);
        } else {
            CHECK(world.engine.add_static(world.now, target) == AddResult::added);
        }
    }
    world.run(1s);
    CHECK(world.ups() == 3);
    CHECK(world.under_way_max == 3);
    CHECK(world.last_dial.at(test::id(1)).host == "n1.example");
    CHECK(world.last_dial.at(test::id(1)).endpoint == Endpoint{{}, 30303});
    CHECK(world.last_dial.at(test::id(3)).host == "n3.example");
    // The link proves the entry, whatever its name led to.
    const auto* entry = world.book.find(test::id(1));
    REQUIRE(entry);
    CHECK(entry->last_reached != unset);

    // Now its record is known as well: if the name fails, the address there is tried.
    world.kill(test::id(1));
    world.run(10min);
    CHECK(world.dials.at(test::id(1)).size() > 2);
    bool by_name = false, by_address = false;
    for (int i = 0; i < 30 && !(by_name && by_address); ++i) {
        world.run(10min);
        const Target& last = world.last_dial.at(test::id(1));
        by_name = by_name || last.host == "n1.example";
        by_address = by_address || (last.host.empty() && last.endpoint == public_endpoint(1));
    }
    CHECK(by_name);
    CHECK(by_address);
}

TEST_CASE("a record with both families is dialed at both, unless one is of another scope") {
    World world{with_target(4)};
    const auto both = [&](std::uint32_t n, std::string_view six) {
        world.node(n);
        ParleyEntry entry;
        entry.network_id = network;
        const Endpoint four = public_endpoint(n);
        const auto record = *EnrBuilder{2}
                                 .ip(four.address)
                                 .tcp(four.port)
                                 .ip(IpAddress::parse(six).value())
                                 .tcp6(7)
                                 .parley(entry)
                                 .sign(key(n));
        CHECK(changed(world.book.add_record(world.now, record, heard_from(100))));
    };
    both(1, "2a00:1::1");
    both(2, "fd00::1");
    both(3, "::1");
    world.hub.publish(BookGrew{3});
    world.run(10s);
    CHECK(world.ups() == 3);
    CHECK(world.last_dial.at(test::id(1)).endpoint == public_endpoint(1));
    CHECK(world.last_dial.at(test::id(1)).other == Endpoint::parse("[2a00:1::1]:7"));
    CHECK_FALSE(world.last_dial.at(test::id(2)).other);
    CHECK_FALSE(world.last_dial.at(test::id(3)).other);
}

TEST_CASE("a dead boot node does not keep a node from its own book") {
    MemoryStore store;
    {
        World before{with_target(4)};
        before.engine.add_boot(before.now, before.node(1));
        before.advertise(2, 4, 1);
        before.run(10s);
        CHECK(before.ups() == 4);
        REQUIRE(store.write(before.book.take_changes()));
    }
    World world{with_target(4)};
    REQUIRE(world.book.load(store));
    world.engine.add_boot(world.now, world.node(1));
    world.nodes[id(1)].alive = false;
    for (std::uint32_t n = 2; n <= 4; ++n) world.node(n);
    world.run(1s);
    CHECK(world.ups() == 3);
}

TEST_CASE("a flapping peer waits longer and longer") {
    World world{with_target(1)};
    world.advertise(1, 1, 100);
    world.nodes[id(1)].link_lasts = 1s;
    world.run(20min);
    const auto& times = world.dials[id(1)];
    REQUIRE(times.size() >= 6);
    REQUIRE(times.size() <= 15);
    for (std::size_t i = 2; i < times.size(); ++i) {
        CHECK(times[i] - times[i - 1] > times[i - 1] - times[i - 2]);
    }
}

TEST_CASE("the dead are dialed ever more seldom, the living meanwhile as they are needed") {
    World world{with_target(2)};
    world.advertise(1, 3, 100);
    for (const std::uint32_t n : {1U, 2U}) world.nodes[id(n)].alive = false;
    world.run(1h);
    CHECK(world.is_up(3));
    for (const std::uint32_t n : {1U, 2U}) {
        CHECK(world.dials[id(n)].size() >= 8);
        CHECK(world.dials[id(n)].size() <= 14);
    }
}

TEST_CASE("alternatives of a turning away enter the book with their source and are dialed") {
    World world{with_target(3)};
    world.engine.add_boot(world.now, world.node(1));
    world.nodes[id(1)].full = true;
    for (std::uint32_t n = 2; n <= 4; ++n) {
        world.node(n);
        world.nodes[id(1)].others.push_back(record(n));
    }
    world.nodes[id(1)].others.push_back(record(0));  // ourselves
    world.run(2s);
    CHECK(world.ups() == 3);
    const Entry& entry = *world.book.find(id(2));
    CHECK(entry.source.kind == SourceKind::goodbye);
    CHECK(world.book.find(id(1))->failures == 0);
    CHECK_FALSE(world.book.find(id(0)));
}

TEST_CASE("nobody dials itself, whoever asks for it") {
    World world;
    const Target self{id(0), public_endpoint(0)};
    CHECK(world.engine.add_boot(world.now, self) == AddResult::own);
    CHECK(world.engine.add_static(world.now, self) == AddResult::own);
    CHECK(world.book.add_record(world.now, record(0), heard_from(1)) == AddResult::own);
    world.run(1min);
    CHECK(world.dials.empty());
}

TEST_CASE("static peers are dialed for ever and are back within the capped wait") {
    World world{with_target(0)};
    for (std::uint32_t n = 1; n <= 5; ++n) world.engine.add_static(world.now, world.node(n));
    world.run(1min);
    CHECK(world.ups() == 5);
    for (std::uint32_t n = 1; n <= 5; ++n) world.kill(id(n));
    world.run(12h);
    CHECK(world.ups() == 0);
    for (std::uint32_t n = 1; n <= 5; ++n) world.nodes[id(n)].alive = true;
    world.run(13s + dead_dial_takes);
    CHECK(world.ups() == 5);
    // Taken off the list: the link stays, and is not made again.
    CHECK(world.engine.remove_static(id(1)));
    CHECK_FALSE(world.engine.remove_static(id(1)));
    CHECK(world.is_up(1));
    world.drop(id(1), CloseReason::reset);
    world.run(1h);
    CHECK_FALSE(world.is_up(1));
}

TEST_CASE("a peer that dialed us is not dialed, and is linked with again when it goes") {
    World world{with_target(2)};
    world.advertise(1, 2, 100);
    world.nodes[id(2)].alive = false;
    world.up(id(1), *Endpoint::parse("20.1.0.1:50000"), Direction::inbound, LinkId{1000});
    world.run(1min);
    CHECK(world.dials[id(1)].empty());
    world.nodes[id(2)].alive = true;
    world.run(2min);
    CHECK(world.is_up(2));
    world.down(LinkId{1000}, CloseReason::truncated);
    world.run(3s);
    CHECK(world.dials[id(1)].size() == 1);
}

TEST_CASE("a lost tie is no failure, in whatever order it is told") {
    World world{with_target(1)};
    const Target target = world.node(1);
    for (const bool up_first : {true, false}) {
        world.book.add_record(world.now, record(1), heard_from(100));
        const LinkId link{up_first ? 1000U : 1001U};
        const auto tell_up = [&] {
            world.up(id(1), *Endpoint::parse("20.1.0.1:50000"), Direction::inbound, link);
        };
        const auto tell_failed = [&] {
            world.hub.publish(
                DialFailed{target, SlotClass::ordinary, CloseReason::tie_lost, true, {}});
        };
        if (up_first) tell_up();
        tell_failed();
        if (!up_first) tell_up();
        world.run(1s);
        CHECK(world.book.find(id(1))->state == EntryState::connected);
        CHECK(world.book.find(id(1))->failures == 0);
        world.drop(id(1), CloseReason::reset);
        world.hub.deliver();
        world.engine.on_timer(world.now);
        world.book.remove(id(1));
    }
}

TEST_CASE("only who is on the allow-list is dialed") {
    World world{with_target(5)};
    world.engine.set_allowed([](const NodeId& node) { return node == id(2); });
    world.advertise(1, 5, 100);
    world.engine.add_static(world.now, world.node(6));
    world.run(1h);
    CHECK(world.ups() == 1);
    CHECK(world.dials.size() == 1);
    CHECK(world.is_up(2));
    world.engine.set_allowed({});
    world.run(10s);
    CHECK(world.ups() == 6);
}

TEST_CASE("when transport refuses, the engine waits and does not spin") {
    for (const DialError error : {DialError::no_slot, DialError::already, DialError::group_taken,
                                  DialError::banned, DialError::self}) {
        World world{with_target(5)};
        world.advertise(1, 3, 100);
        world.engine.add_static(world.now, world.node(4));
        world.refuse = error;
        world.run(20s);
        std::size_t dialed = 0;
        for (const auto& [node, times] : world.dials) dialed += times.size();
        CHECK(dialed >= 4);
        CHECK(dialed <= 60);
        world.refuse.reset();
        world.run(13min);
        CHECK(world.ups() == (error == DialError::self ? 0 : 4));
    }
}

TEST_CASE("a stopped engine dials nobody") {
    World world;
    world.advertise(1, 5, 100);
    world.engine.stop();
    world.run(1min);
    CHECK(world.dials.empty());
}

TEST_CASE("runs repeat from their seed") {
    const auto run = [] {
        World world{with_target(6)};
        world.advertise(1, 60, 100);
        for (std::uint32_t n = 1; n <= 60; n += 3) world.nodes[id(n)].alive = false;
        for (std::uint32_t n = 2; n <= 60; n += 3) world.nodes[id(n)].link_lasts = 7s;
        world.run(10min);
        return world.dials;
    };
    CHECK(run() == run());
}

// --- Outages ---

namespace {

/// The cable is out: nobody is reached, and all links fall silent.
void cut_off(World& world) {
    for (auto& [id, node] : world.nodes) node.alive = false;
    std::vector<LinkId> links;
    for (const auto& [link, up] : world.links) links.push_back(link);
    for (const LinkId link : links) world.down(link, CloseReason::silent);
}

void plug_in(World& world) {
    for (auto& [id, node] : world.nodes) node.alive = true;
}

std::size_t dials_made(const World& world) {
    std::size_t sum = 0;
    for (const auto& [id, times] : world.dials) sum += times.size();
    return sum;
}

}  // namespace

TEST_CASE("a day offline costs no entry of the book, and its end is noticed within seconds") {
    World world;
    for (std::uint32_t source = 1; source <= 20; ++source) {
        world.advertise(source * 100 + 1, source * 100 + 100, source);
    }
    world.run(5min);
    REQUIRE(world.engine.scheduler().outbound_up() == 8);
    const auto known = world.book.size();
    REQUIRE(known > 1500);
    const auto dials_before = dials_made(world);

    cut_off(world);
    world.run(24h);
    CHECK(world.engine.scheduler().offline());
    CHECK(world.book.size() == known);
    for (std::size_t i = 0; i < known; ++i) CHECK(world.book.nth(i).failures <= 1);
    const auto in_vain = dials_made(world) - dials_before;
    CHECK(in_vain < 24 * 60 * 12 + 100);  // one in 5 s
    CHECK(in_vain > 1000);

    plug_in(world);
    world.run(30s);
    CHECK_FALSE(world.engine.scheduler().offline());
    CHECK(world.engine.scheduler().outbound_up() == 8);
    world.run(2h);
    CHECK(world.book.size() == known);
}

TEST_CASE("while others answer, those that do not are learnt about as ever") {
    World world;
    world.advertise(1, 40, 1);
    for (std::uint32_t n = 21; n <= 40; ++n) world.nodes[id(n)].alive = false;
    world.run(1h);
    CHECK_FALSE(world.engine.scheduler().offline());
    std::size_t failed = 0;
    for (std::size_t i = 0; i < world.book.size(); ++i) {
        failed += world.book.nth(i).failures > 0 ? 1 : 0;
    }
    CHECK(failed > 0);
}

TEST_CASE("a node that was never in contact says that nobody answers, and a datagram ends that") {
    World world;
    world.advertise(1, 30, 1);
    for (auto& [node, state] : world.nodes) state.alive = false;
    world.run(1min);
    CHECK(world.engine.scheduler().offline());
    world.engine.on_contact(world.now);
    CHECK_FALSE(world.engine.scheduler().offline());
}
