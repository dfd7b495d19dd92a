// Whole discovery of several nodes at once, over links without a handshake, in virtual time.
#include <parley/discovery/dialing/engine.hpp>
#include <parley/discovery/pex/pex.hpp>
#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::discovery;
using namespace parley::discovery::test;
using namespace parley::transport;

namespace {

constexpr Duration latency = 5ms;

class Net;

class Node final : public Dialer {
public:
    Node(Net& net, std::uint32_t number);
    Result<LinkId, DialError> dial(Now now, const Target& target, SlotClass slot_class) override;
    void hang_up(Now, const NodeId&) override {}
    /// One side of a link.
    class Side final : public Context {
    public:
        Side(Node& owner, Node& peer, LinkId link, Direction direction);
        const NodeId& id() const override { return peer_id_; }
        const Hello& hello() const override { return hello_; }
        const Endpoint& endpoint() const override { return endpoint_; }
        Direction direction() const override { return direction_; }
        Now now() const override;
        SendResult send(Code code, SharedBytes message) override;
        std::size_t message_bytes_max() const override { return 16 * 1024; }
        void mark_useful() override {}
        void penalise(Offence) override { ++owner_.offences; }
        void disconnect() override {}
        std::unique_ptr<TopicHandler> handler;

    private:
        friend class Net;
        Node& owner_;
        LinkId link_;
        NodeId peer_id_;
        std::uint32_t peer_;
        Hello hello_;
        Endpoint endpoint_;
        Direction direction_;
    };

    void turn(Now now) {
        hub.deliver();
        if (pex.next_wakeup() <= now.instant) pex.on_timer(now);
        hub.deliver();
        engine.on_timer(now);
    }
    bool knows(std::uint32_t n) const {
        const Entry* entry = book.find(test::id(n));
        return entry && entry->record;
    }
    bool linked(std::uint32_t n) const { return by_id.contains(test::id(n)); }

    Net& net;
    std::uint32_t number;
    Enr own;
    Hub hub;
    AddressBook book;
    Pex pex;
    Engine engine;
    std::map<LinkId, std::unique_ptr<Side>> sides;
    std::map<NodeId, LinkId> by_id;
    std::size_t offences = 0;
};

class Net {
public:
    Node& start(std::uint32_t n) { return *(nodes[n] = std::make_unique<Node>(*this, n)); }
    void connect(std::uint32_t from, std::uint32_t to, LinkId link) {
        const auto a = nodes.find(from);
        const auto b = nodes.find(to);
        if (a == nodes.end()) return;
        const Target target{id(to), loopback_endpoint(to)};
        if (b == nodes.end() || b->second->linked(from)) {
            const auto why = b == nodes.end() ? CloseReason::dial_failed : CloseReason::duplicate;
            a->second->hub.publish(DialFailed{target, SlotClass::ordinary, why, false, {}});
            return;
        }
        open(*a->second, *b->second, link, Direction::outbound);
        open(*b->second, *a->second, link, Direction::inbound);
    }
    /// The process is gone; its peers notice at once.
    void kill(std::uint32_t n) {
        const auto dead = nodes.extract(n);
        for (auto& [number, node] : nodes) {
            const auto link = node->by_id.find(id(n));
            if (link == node->by_id.end()) continue;
            auto side = node->sides.extract(link->second);
            node->by_id.erase(link);
            side.mapped()->handler->on_closed(CloseReason::reset);
            node->hub.publish(PeerDown{side.key(), id(n), side.mapped()->endpoint(),
                                       side.mapped()->direction(), CloseReason::reset, 1h});
        }
    }
    void after(Duration delay, std::function<void()> what) {
        events.emplace(clock.instant + delay, std::move(what));
    }
    void run(Duration duration) {
        const Instant end = clock.instant + duration;
        for (Instant next = clock.instant; next <= end;) {
            clock = at(next - at(0s).instant);
            while (!events.empty() && events.begin()->first <= clock.instant) {
                const auto what = std::move(events.extract(events.begin()).mapped());
                what();
            }
            for (auto& [number, node] : nodes) node->turn(clock);
            next += latency;  // coarse, and enough
        }
    }
    std::map<std::uint32_t, std::unique_ptr<Node>> nodes;
    Now clock = at(0s);
    std::uint64_t last_link = 0;

private:
    void open(Node& owner, Node& peer, LinkId link, Direction direction) {
        auto side = std::make_unique<Node::Side>(owner, peer, link, direction);
        side->handler = owner.pex.new_peer(*side);
        owner.hub.publish(PeerUp{link, side->id(), side->endpoint(), direction, SlotClass::ordinary,
                                 side->hello()});
        owner.by_id[side->id()] = link;
        owner.sides[link] = std::move(side);
    }
    std::multimap<Instant, std::function<void()>> events;
};

BookConfig local_book() {
    BookConfig config;
    config.allow_private = true;
    return config;
}

Node::Node(Net& network_of, std::uint32_t n)
    : net(network_of),
      number(n),
      own(record(n, loopback_endpoint(n))),
      book(local_book(), NetworkFilter{test::network, {}}, test::id(n), Rng{n}),
      pex({}, book, hub, no_log(), Rng{n + 100}),
      engine({}, book, *this, hub, no_log(), Rng{n + 200}) {}

Result<LinkId, DialError> Node::dial(Now, const Target& target, SlotClass) {
    if (by_id.contains(target.id)) return std::unexpected{DialError::already};
    const LinkId link{++net.last_link};
    const auto to = static_cast<std::uint32_t>(target.endpoint.port - 20000);
    net.after(3 * latency, [this, from = number, to, link] { net.connect(from, to, link); });
    return link;
}

Node::Side::Side(Node& owner, Node& peer, LinkId link, Direction direction)
    : owner_(owner),
      link_(link),
      peer_id_(test::id(peer.number)),
      peer_(peer.number),
      hello_(hello_of(peer.own)),
      endpoint_(direction == Direction::outbound ? loopback_endpoint(peer.number)
                                                 : *Endpoint::parse("127.0.0.1:50000")),
      direction_(direction) {}

Now Node::Side::now() const {
    return owner_.net.clock;
}

SendResult Node::Side::send(Code code, SharedBytes message) {
    owner_.net.after(latency, [&net = owner_.net, to = peer_, link = link_, code, message] {
        const auto node = net.nodes.find(to);
        if (node == net.nodes.end() || !node->second->sides.contains(link)) return;
        const auto& side = node->second->sides.at(link);
        const auto handled = side->handler->handle(code, Message{to_buffer(message)});
        if (!handled) ++node->second->offences;
    });
    return SendResult::queued;
}

}  // namespace

TEST_CASE("eight nodes that know only the first find one another within seconds") {
    Net net;
    net.start(1);
    for (std::uint32_t n = 2; n <= 8; ++n) {
        net.start(n).engine.add_boot(net.clock, {id(1), loopback_endpoint(1)});
    }
    net.run(4s);
    for (const auto& [number, node] : net.nodes) {
        CAPTURE(number);
        CHECK(node->sides.size() == 7);
        for (std::uint32_t n = 1; n <= 8; ++n) CHECK(node->knows(n) == (n != number));
        CHECK(node->offences == 0);
    }

    // The first dies for good, another comes back from its own book.
    MemoryStore store;
    REQUIRE(store.write(net.nodes.at(5)->book.take_changes()));
    net.kill(1);
    net.kill(5);
    net.run(20s);
    Node& back = net.start(5);
    REQUIRE(back.book.load(store));
    back.engine.add_boot(net.clock, {id(1), loopback_endpoint(1)});
    net.run(3s);
    CHECK(back.sides.size() == 6);
    net.run(5min);
    for (const auto& [number, node] : net.nodes) {
        CHECK(node->sides.size() == 6);
        CHECK(node->offences == 0);
        CHECK(node->pex.counters().asked > 6 * 20);  // the book stays hungry
    }
}
