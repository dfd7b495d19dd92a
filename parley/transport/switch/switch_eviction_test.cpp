// A full node and a newcomer.
#include <parley/transport/switch/test_switch.hpp>

using namespace parley;
using namespace parley::transport;
using namespace parley::transport::test;

namespace {

constexpr unsigned slots = 8;

SwitchConfig config() {
    SwitchConfig out;
    out.slots.inbound_max = slots;
    out.eviction_interval = 30s;
    return out;
}

/// All inbound slots are taken: the first half by old links, the others by one group.
struct FullNode {
    explicit FullNode(const SwitchConfig& settings = config()) : rig{keys[0], {&chat}, settings} {
        for (unsigned i = 0; i < slots; ++i) {
            rig.time += 1min;
            const std::string from =
                i < 4 ? "60." + std::to_string(i) + ".0.1" : "61.0." + std::to_string(i) + ".1";
            links.push_back(rig.up_inbound(keys[i + 1], from));
        }
        rig.take_events();
    }
    std::vector<NodeKey> keys = sorted_keys(16);
    TestModule chat{spec("chat")};
    Rig rig;
    std::vector<LinkId> links;
    LinkId caller(unsigned key, std::string_view from) {
        const LinkId link = rig.accept(from);
        rig.prove(link, keys[key]);
        return link;
    }
};

}  // namespace

TEST_CASE("switch: a newcomer of another group waits until the one that leaves has left") {
    FullNode n;
    const LinkId link = n.caller(10, "70.0.0.1");
    CHECK(n.rig.commands(link).empty());
    CHECK(n.rig.command(n.links[7]) == "refuse rotated");
    CHECK(n.rig.in_use(SlotKind::inbound) == slots);
    CHECK(n.rig.take_events().empty());
    n.rig.closed(n.links[7]);
    CHECK(n.rig.commands(link) == Words{"proceed"});
    CHECK(n.rig.take_events() == Words{"down rotated", "up inbound"});
    CHECK(n.rig.in_use(SlotKind::inbound) == slots);
    CHECK(n.rig.node->stats().evictions == 1);
}

TEST_CASE("switch: there is one eviction at a time, and not often") {
    FullNode n;
    const LinkId first = n.caller(10, "70.0.0.1");
    const LinkId second = n.caller(11, "71.0.0.1");
    CHECK(n.rig.command(second) == "refuse too_many_peers");
    n.rig.closed(n.links[7]);
    CHECK(n.rig.command(first) == "proceed");
    n.rig.time += 29s;
    CHECK(n.rig.command(n.caller(12, "72.0.0.1")) == "refuse too_many_peers");
    n.rig.time += 1s;
    const LinkId third = n.caller(13, "73.0.0.1");
    CHECK(n.rig.commands(third).empty());

    n.rig.closed(n.links[6]);
    n.rig.closed(n.links[5]);
    n.rig.closed(n.links[4]);
    CHECK(n.rig.command(third) == "proceed");
}

TEST_CASE("switch: nobody leaves twice for the same network group, within four hours") {
    FullNode n;
    const LinkId link = n.caller(10, "70.0.0.1");
    n.rig.closed(n.links[7]);
    CHECK(n.rig.command(link) == "proceed");
    n.rig.closed(link);  // it leaves at once; somebody else has the slot, and it calls again
    n.rig.up_inbound(n.keys[11], "61.0.99.1");
    n.rig.time += 1h;
    CHECK(n.rig.command(n.caller(12, "70.0.1.1")) == "refuse too_many_peers");
    n.rig.time += 3h;
    CHECK(n.rig.commands(n.caller(13, "70.0.2.1")).empty());
    CHECK(n.rig.node->stats().evictions == 2);
}

TEST_CASE("switch: nobody leaves for a caller that we dial ourselves, or whose group is full") {
    FullNode n;
    const LinkId dial = n.rig.dial(n.keys[10], SlotClass::ordinary, "70.0.0.1");
    CHECK(n.rig.command(n.caller(10, "70.0.0.1")) == "refuse too_many_peers");
    n.rig.closed(dial);
    CHECK(n.rig.node->stats().evictions == 0);
}

TEST_CASE("switch: the one that leaves has no claim to its slot") {
    FullNode n;
    const LinkId link = n.caller(10, "70.0.0.1");
    const LinkId again = n.caller(8, "61.0.7.1");  // waits for its own link to end
    CHECK(n.rig.commands(again).empty());
    n.rig.closed(n.links[7]);
    CHECK(n.rig.command(link) == "proceed");
    CHECK(n.rig.command(again) == "refuse too_many_peers");
}

TEST_CASE("switch: nobody leaves for more of the same group, or of a private network") {
    FullNode n;
    CHECK(n.rig.command(n.caller(10, "61.0.99.1")) == "refuse too_many_peers");
    CHECK(n.rig.command(n.caller(11, "127.0.0.1")) == "refuse too_many_peers");
    CHECK(n.rig.node->stats().evictions == 0);
}

TEST_CASE("switch: with a map, room is made once for all /16 of an owner") {
    auto settings = config();
    settings.slots.owners = OwnerGroups{
        std::make_shared<const AsMap>(*AsMap::parse("70.0.0.0/8 64500\n71.0.0.0/8 64500\n"))};
    FullNode n{settings};
    const LinkId first = n.caller(10, "70.0.0.1");
    n.rig.closed(n.links[7]);
    CHECK(n.rig.command(first) == "proceed");
    n.rig.time += 31s;
    CHECK(n.rig.command(n.caller(11, "71.0.0.1")) == "refuse too_many_peers");
    CHECK(n.rig.commands(n.caller(12, "72.0.0.1")).empty());
    CHECK(n.rig.node->stats().evictions == 2);
}

TEST_CASE("switch: a newcomer that gives up leaves the slot free; a second call of it is refused") {
    FullNode n;
    const LinkId link = n.caller(10, "70.0.0.1");
    CHECK(n.rig.command(n.caller(10, "70.0.0.1")) == "refuse duplicate");
    n.rig.closed(link);
    n.rig.closed(n.links[7]);
    CHECK(n.rig.in_use(SlotKind::inbound) == slots - 1);
    n.rig.time += 1min;
    CHECK(n.rig.command(n.caller(11, "61.0.99.1")) == "proceed");
}

TEST_CASE("switch: while somebody leaves, the end of another call does not end the wait") {
    FullNode n;
    const LinkId link = n.caller(10, "70.0.0.1");
    n.rig.closed(n.caller(10, "70.0.0.1"));  // refused as a duplicate
    CHECK(n.rig.commands(link).empty());
    n.rig.closed(n.links[7]);
    CHECK(n.rig.command(link) == "proceed");
}
