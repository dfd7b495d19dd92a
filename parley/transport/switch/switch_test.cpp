// The Switch against links that the test plays: admission, dispatch, accounts, release.
#include <parley/transport/link/control.hpp>
#include <parley/transport/switch/test_switch.hpp>

using namespace parley;
using namespace parley::transport;
using namespace parley::transport::test;

namespace {

struct Node {
    explicit Node(SwitchConfig config = {}) : rig(keys[0], {&chat, &blocks}, config) {}
    std::vector<NodeKey> keys = sorted_keys(8);
    std::vector<std::string> log;  ///< what both modules noted, in order
    // Not in the order of their names: lanes are sorted, calls follow this order.
    TestModule chat{spec("chat"), &log};
    TestModule blocks{spec("blocks"), &log};
    Rig rig;
};
constexpr LaneId blocks_lane = 1;
constexpr LaneId chat_lane = 2;

SharedBytes bytes(std::size_t size) {
    return SharedBytes::own(Buffer(size));
}

}  // namespace

// --- Up and down -----------------------------------------------------------------------------

TEST_CASE("switch: a caller is proven, accepted, served and released in this order") {
    Node n;
    const LinkId link = n.rig.accept();
    CHECK(n.rig.in_use(SlotKind::handshake_in) == 1);
    CHECK(n.log.empty());
    n.rig.prove(link, n.keys[1]);
    CHECK(n.rig.command(link) == "proceed");
    CHECK(n.rig.in_use(SlotKind::handshake_in) == 0);
    CHECK(n.rig.in_use(SlotKind::inbound) == 1);
    CHECK(n.log == Words{"chat new", "blocks new"});
    CHECK(n.rig.take_events() == Words{"up inbound"});
    n.rig.deliver(link, chat_lane, 3, "hello");
    n.rig.deliver(link, blocks_lane, 4, "block");
    n.log.clear();
    std::size_t slots_during_close = 0;
    n.blocks.on_closed = [&](Context& peer, CloseReason) {
        slots_during_close = n.rig.in_use(SlotKind::inbound);
        CHECK(peer.id() == n.keys[1].id());
        CHECK(peer.send(1, bytes(1)) == SendResult::closed);
        CHECK(n.chat.destroyed == 1);
    };
    n.rig.closed(link, CloseReason::silent);
    CHECK(slots_during_close == 1);  // told before the token returns
    CHECK(n.log == Words{"chat closed silent", "blocks closed silent"});
    CHECK(n.rig.take_events() == Words{"down silent"});
    CHECK(n.blocks.destroyed == 1);
    CHECK(n.rig.node->idle());
    CHECK(n.rig.node->slots().in_use_total() == 0);
    CHECK(n.rig.node->stats().receive_bytes_reserved == 0);
    CHECK(n.rig.node->stats().closed.at(CloseReason::silent) == 1);
    CHECK(n.rig.node->stats().disconnects.at(CloseReason::silent) == 1);
    CHECK(n.rig.node->stats().handshakes_failed.empty());
    n.rig.event(link, Up{});  // of a link that has ended: nothing
    CHECK(n.rig.node->take_effects().empty());
}

TEST_CASE("switch: a dial is up when Ready was read") {
    Node n;
    const LinkId link = n.rig.dial(n.keys[1]);
    n.rig.prove(link, n.keys[1]);
    CHECK(n.rig.commands(link) == Words{"open", "proceed"});
    CHECK(n.log.empty());
    CHECK(n.rig.node->peers().empty());
    n.rig.event(link, Up{});
    CHECK(n.log == Words{"chat new", "blocks new"});
    REQUIRE(n.rig.node->peers().size() == 1);
    CHECK(n.rig.node->peers()[0].direction == Direction::outbound);
    CHECK(n.rig.in_use(SlotKind::outbound) == 1);
}

TEST_CASE("switch: dials that are refused say why") {
    SwitchConfig config;
    config.slots.outbound_max = 2;
    Node n{config};
    const auto dial = [&](const NodeKey& peer, const char* to) {
        const auto link =
            n.rig.node->dial(n.rig.now(), {peer.id(), endpoint(to)}, SlotClass::ordinary);
        REQUIRE_FALSE(link.has_value());
        return link.error();
    };
    CHECK(dial(n.keys[0], "8.8.8.8") == DialError::self);
    n.rig.dial(n.keys[1], SlotClass::ordinary, "8.8.8.8");
    CHECK(dial(n.keys[1], "9.9.9.9") == DialError::already);
    CHECK(dial(n.keys[2], "8.8.1.1") == DialError::group_taken);
    n.rig.node->ban(n.rig.now(), n.keys[3].id(), "test");
    n.rig.ban_address("7.7.7.7");
    CHECK(dial(n.keys[3], "6.6.6.6") == DialError::banned);
    CHECK(dial(n.keys[4], "7.7.7.7") == DialError::banned);
    n.rig.dial(n.keys[2], SlotClass::ordinary, "127.0.0.1");
    CHECK(dial(n.keys[4], "5.5.5.5") == DialError::no_slot);
    n.rig.node->shut_down(n.rig.now());
    CHECK(dial(n.keys[5], "5.5.5.5") == DialError::no_slot);
    CHECK_FALSE(n.rig.node->on_accept(n.rig.now(), endpoint("127.0.0.1")).has_value());
}

TEST_CASE("switch: what a name led to is checked as an address is, and known from then on") {
    Node n;
    const auto dial = [&](const NodeKey& peer, SlotClass slot_class = SlotClass::ordinary) {
        const auto link =
            n.rig.node->dial(n.rig.now(), {peer.id(), {{}, 30303}, "a.example"}, slot_class);
        REQUIRE(link.has_value());
        CHECK(n.rig.command(*link) == "open");
        return *link;
    };
    const auto connected = [&](LinkId link, std::string_view to) {
        n.rig.node->on_connected(n.rig.now(), link, endpoint(to));
        return n.rig.command(link);
    };
    n.rig.ban_address("7.7.7.7");
    // Names do not get into each other's way before anybody knows where they lead.
    const LinkId first = dial(n.keys[1]);
    const LinkId same_group = dial(n.keys[2]);
    const LinkId banned = dial(n.keys[3]);
    CHECK(connected(first, "8.8.8.8") == "nothing");
    CHECK(connected(same_group, "8.8.1.1") == "abandon dial_failed");
    CHECK(connected(banned, "7.7.7.7") == "abandon banned");
    n.rig.closed(same_group, CloseReason::dial_failed);
    n.rig.closed(banned, CloseReason::banned);
    CHECK(n.rig.take_events() == Words{"failed dial_failed", "failed banned"});
    n.rig.prove(first, n.keys[1]);
    n.rig.event(first, Up{});
    REQUIRE(n.rig.node->peers().size() == 1);
    CHECK(n.rig.node->peers()[0].endpoint == endpoint("8.8.8.8"));
    CHECK(n.rig.node->offences().find(n.rig.now(), IpAddress{}) == nullptr);

    // Peers that the user names have no group, and private ranges are not counted.
    const LinkId chosen = dial(n.keys[2], SlotClass::static_peer);
    CHECK(connected(chosen, "8.8.8.8") == "nothing");
    const LinkId near = dial(n.keys[3]);
    CHECK(connected(near, "10.0.0.1") == "nothing");
    const LinkId nearer = dial(n.keys[4]);
    CHECK(connected(nearer, "10.0.0.2") == "nothing");
    n.rig.node->on_connected(n.rig.now(), LinkId{999}, endpoint("8.8.8.8"));  // over already
    CHECK(n.rig.node->take_effects().empty());
}

TEST_CASE(
    "switch: a connection that cannot be made is a dial that failed, and may be tried again") {
    Node n;
    const LinkId link = n.rig.dial(n.keys[1]);
    n.rig.node->on_connect_failed(n.rig.now(), link, "refused");
    CHECK(n.rig.take_events() == Words{"failed dial_failed"});
    n.rig.dial(n.keys[1]);
    CHECK(n.rig.node->slots().in_use_total() == 1);
}

TEST_CASE("switch: both sides' values travel in the Goodbye of a Hello that does not fit") {
    Node n;
    const LinkId link = n.rig.accept();
    Hello theirs = n.rig.hello_like_ours(n.keys[1]);
    theirs.network_id = 99;
    n.rig.prove(link, n.keys[1], theirs);
    CHECK(n.rig.command(link) == "refuse wrong_network");
    CHECK(n.rig.goodbye->sender_value == "7");
    CHECK(n.rig.goodbye->receiver_value == "99");
    CHECK(n.rig.in_use(SlotKind::handshake_in) == 1);  // until it has ended
    n.rig.closed(link, CloseReason::wrong_network);
    CHECK(n.rig.node->slots().in_use_total() == 0);
    CHECK(n.log.empty());

    const LinkId other = n.rig.accept();
    n.rig.event(other, Authenticated{n.keys[2].id(), n.rig.hello_like_ours(n.keys[2]),
                                     Goodbye{CloseReason::no_common_version, "1-1", "2-2", {}}});
    CHECK(n.rig.command(other) == "refuse no_common_version");

    const LinkId self = n.rig.accept();
    n.rig.prove(self, n.keys[0]);
    CHECK(n.rig.command(self) == "refuse self_dial");

    const LinkId dial = n.rig.dial(n.keys[3]);
    n.rig.prove(dial, n.keys[3], theirs);
    CHECK(n.rig.commands(dial) == Words{"open", "refuse wrong_network"});
    n.rig.closed(dial, CloseReason::wrong_network);
    CHECK(n.rig.take_events() == Words{"failed wrong_network alive"});
}

TEST_CASE(
    "switch: with no inbound slot a caller is told others, and what others told us is heard") {
    SwitchConfig config;
    config.slots.inbound_max = 1;
    Node n{config};
    n.rig.node->set_alternatives([&](const Endpoint& caller, const Enr& record, std::size_t count) {
        CHECK(caller == endpoint("127.0.0.1"));
        CHECK(record.id() == n.keys[2].id());
        CHECK(count == Goodbye::records_max);
        return std::vector<Enr>(20, n.rig.hello.record);
    });
    n.rig.up_inbound(n.keys[1]);
    const LinkId link = n.rig.accept();
    CHECK(n.rig.in_use(SlotKind::handshake_in) == 1);
    n.rig.prove(link, n.keys[2]);
    CHECK(n.rig.command(link) == "refuse too_many_peers");
    CHECK(n.rig.goodbye->others.size() == Goodbye::records_max);

    const LinkId ours = n.rig.dial(n.keys[3]);
    n.rig.prove(ours, n.keys[3]);
    n.rig.event(ours, Closed{CloseReason::too_many_peers, "", n.rig.goodbye, 0, 0});
    CHECK(n.rig.take_events() == Words{"up inbound", "failed too_many_peers alive"});
    CHECK(n.rig.last_failure->others.size() == Goodbye::records_max);
}

TEST_CASE("switch: a trusted caller is let in beyond the ordinary slots") {
    SwitchConfig config;
    config.slots.inbound_max = 0;
    config.slots.trusted_max = 1;
    Node n{config};
    n.rig.node->set_class(n.keys[1].id(), SlotClass::trusted);
    n.rig.node->set_class(n.keys[2].id(), SlotClass::trusted);
    n.rig.up_inbound(n.keys[1]);
    CHECK(n.rig.in_use(SlotKind::trusted) == 1);
    CHECK(n.rig.node->peers()[0].slot_class == SlotClass::trusted);
    const LinkId second = n.rig.accept();
    n.rig.prove(second, n.keys[2]);
    CHECK(n.rig.command(second) == "refuse too_many_peers");
}

TEST_CASE("switch: a light node takes a slot of its own, and nobody makes room for it") {
    SwitchConfig config;
    config.slots.inbound_max = 1;
    config.slots.light_max = 1;
    Node n{config};
    n.rig.node->set_roles(role::full, service::light_nodes);
    const auto call = [&](std::size_t key, std::string_view from) {
        const LinkId link = n.rig.accept(from);
        auto hello = n.rig.hello_like_ours(n.keys[key]);
        hello.roles = role::light;
        n.rig.prove(link, n.keys[key], hello);
        return link;
    };
    n.rig.up_inbound(n.keys[1], "8.8.8.8");
    const LinkId served = call(2, "9.9.9.9");
    CHECK(n.rig.command(served) == "proceed");
    CHECK(n.rig.in_use(SlotKind::light) == 1);
    const LinkId refused = call(3, "7.7.7.7");
    CHECK(n.rig.command(refused) == "refuse too_many_peers");
    n.rig.closed(served);
    CHECK(n.rig.in_use(SlotKind::light) == 0);
    CHECK(n.rig.in_use(SlotKind::inbound) == 1);
    // A full node that serves none says so.
    n.rig.node->set_roles(role::full, 0);
    CHECK(n.rig.command(call(4, "6.6.6.6")) == "refuse roles_do_not_fit");
}

TEST_CASE("switch: a permissioned network lets in only whom it knows") {
    Node n;
    const LinkId before = n.rig.up_inbound(n.keys[2]);
    const LinkId stays = n.rig.up_inbound(n.keys[1]);
    n.rig.node->set_allowed(n.rig.now(), [&](const NodeId& id) { return id == n.keys[1].id(); });
    CHECK(n.rig.command(before) == "refuse banned");
    CHECK(n.rig.command(stays) == "nothing");
    n.rig.closed(before);
    const LinkId link = n.rig.accept();
    n.rig.prove(link, n.keys[2]);
    CHECK(n.rig.command(link) == "refuse banned");
    const auto dialed = n.rig.node->dial(n.rig.now(), {n.keys[3].id(), endpoint("127.0.0.1")},
                                         SlotClass::static_peer);
    CHECK(dialed.error() == DialError::banned);
}

TEST_CASE("switch: the windows of all links fit in the cap, and come back") {
    SwitchConfig config;
    config.receive_bytes_max = 100'000;  // a link has two windows of 20,000
    Node n{config};
    const LinkId first = n.rig.up_inbound(n.keys[1]);
    n.rig.up_outbound(n.keys[2]);
    CHECK(n.rig.node->stats().receive_bytes_reserved == 80'000);
    const LinkId third = n.rig.accept();
    n.rig.prove(third, n.keys[3]);
    CHECK(n.rig.command(third) == "refuse no_memory");
    CHECK(n.rig.goodbye->sender_value == "20000 bytes left");
    CHECK(n.rig.in_use(SlotKind::inbound) == 1);
    n.rig.closed(first);
    CHECK(n.rig.node->stats().receive_bytes_reserved == 40'000);
    n.rig.up_inbound(n.keys[4]);
}

TEST_CASE("switch: windows grow into what full slots would leave, an eighth of it a link") {
    SwitchConfig config;
    config.slots.inbound_max = 4;
    config.slots.outbound_max = 1;
    config.slots.static_max = config.slots.trusted_max = config.slots.feeler_max = 0;
    config.receive_bytes_max = 5 * 40'000 + 80'000;  // a link has two windows of 20,000
    Node n{config};
    const auto& reserved = n.rig.node->stats().receive_bytes_reserved;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    (void)n.rig.commands(link);
    const auto grow = [&](std::uint64_t bytes) -> std::uint64_t {
        const auto before = reserved;
        n.rig.event(link, GrowthWanted{chat_lane, bytes});
        return reserved - before;
    };
    CHECK(grow(6'000) == 6'000);
    CHECK(n.rig.command(link) == "grow 2 by 6000");
    CHECK(grow(6'000) == 4'000);
    CHECK(n.rig.command(link) == "grow 2 by 4000");
    CHECK(grow(6'000) == 0);
    CHECK(n.rig.command(link) == "nothing");
    n.rig.event(link, GrowthWanted{9, 100});
    CHECK(n.rig.command(link) == "nothing");
    // A sender that needs it no more gives it back, and never more than there is.
    n.rig.event(link, GrowthReturned{chat_lane, 4'000});
    CHECK(reserved == 46'000);
    CHECK(grow(6'000) == 4'000);
    n.rig.event(link, GrowthReturned{chat_lane, 1'000'000});
    n.rig.event(link, GrowthReturned{9, 100});
    CHECK(reserved == 40'000);
    CHECK(grow(20'000) == 10'000);
    // It all comes back with the link, and is there for the next.
    n.rig.closed(link);
    CHECK(reserved == 0);
    const LinkId next = n.rig.up_inbound(n.keys[2]);
    n.rig.event(next, GrowthWanted{chat_lane, 20'000});
    CHECK(reserved == 50'000);
}

TEST_CASE("switch: where full slots would leave nothing, nothing grows") {
    SwitchConfig config;
    config.receive_bytes_max = 100'000;
    Node n{config};
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.rig.event(link, GrowthWanted{chat_lane, 1'000});
    CHECK(n.rig.node->stats().receive_bytes_reserved == 40'000);
}

// --- Messages and accounts -------------------------------------------------------------------

TEST_CASE("switch: messages reach their module, small ones and big ones, in order") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    std::vector<std::string> seen;
    const auto note = [&](Context& peer, Code code, Message message) -> Result<void, Offence> {
        CHECK(peer.now().instant == n.rig.now().instant);
        seen.push_back(std::to_string(code) + " " + std::string{text_of(message.bytes())});
        return {};
    };
    n.chat.on_handle = note;
    n.blocks.on_handle = note;
    Delivered delivered;
    delivered.add_small(chat_lane, 1, bytes_of("one"));
    delivered.add_large(blocks_lane, 2, to_buffer(bytes_of("large")));
    delivered.add_small(chat_lane, 3, bytes_of("two"));
    delivered.add_small(chat_lane, 4, {});
    n.rig.event(link, std::move(delivered));
    CHECK(seen == Words{"1 one", "2 large", "3 two", "4 "});
    const PeerInfo info = n.rig.node->peers().at(0);
    CHECK(info.messages_in == 4);
    CHECK(info.bytes_in == 11);
    CHECK(n.rig.commands(link) == Words{"consumed 2 198", "consumed 1 69"});
}

TEST_CASE("switch: small messages to one lane in a row are one command") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    const LinkId other = n.rig.up_inbound(n.keys[2]);
    n.rig.take();
    n.rig.commands(link);
    n.rig.commands(other);
    Context& peer = *n.chat.peers.at(0);
    for (Code code = 1; code <= 3; ++code) CHECK(peer.send(code, bytes(10)) == SendResult::queued);
    n.chat.peers.at(1)->send(4, bytes(10));
    CHECK(n.rig.commands(link) == Words{"send 2 1 2 2 2 3"});
    CHECK(n.rig.commands(other) == Words{"send 2 4"});
    n.rig.event(link, Drained{chat_lane, 3 * credit_cost(10)});
    peer.send(5, bytes(513));
    peer.send(6, bytes(0));
    peer.send(7, bytes(0));
    n.blocks.peers.at(0)->send(8, bytes(0));
    CHECK(n.rig.commands(link) == Words{"send 2 5", "send 2 6 2 7", "send 1 8"});
    n.rig.event(link, Drained{chat_lane, credit_cost(513) + 2 * credit_cost(0)});
    peer.send(9, bytes(0));
    peer.send(10, bytes(512));
    peer.send(11, bytes(0));
    CHECK(n.rig.commands(link) == Words{"send 2 9 2 10 2 11"});
}

TEST_CASE("switch: bytes that stay the sender's are laid out at once where they are few") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.rig.take();
    n.rig.commands(link);
    Context& peer = *n.chat.peers.at(0);
    Buffer own(100);
    CHECK(peer.send_copy(1, own) == SendResult::queued);
    CHECK(peer.send(2, bytes(10)) == SendResult::queued);
    CHECK(peer.send_copy(3, own) == SendResult::queued);
    CHECK(peer.send_copy(4, Buffer(600)) == SendResult::full);
    CHECK(n.rig.commands(link) == Words{"send 2 1 2 2 2 3", "tell drained 2"});
    n.rig.event(link, Drained{chat_lane, 2 * credit_cost(100) + credit_cost(10)});
    CHECK(peer.send_copy(4, Buffer(600)) == SendResult::queued);
    CHECK(peer.send_copy(5, {}) == SendResult::queued);
    CHECK(peer.send_copy(6, Buffer(19'937)) == SendResult::too_large);
    CHECK(n.rig.commands(link) == Words{"send 2 4", "send 2 5"});
    CHECK(n.rig.node->peers()[0].bytes_out == 810);
}

TEST_CASE("switch: loads say what waits on all lanes of a topic, and how often one was full") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.rig.up_inbound(n.keys[2]);
    const auto chat = [&] { return n.rig.node->topic_loads().at(0); };
    CHECK(chat().topic == "chat");
    CHECK(chat().lanes == 2);
    CHECK(chat().queued_bytes == 0);
    n.chat.peers[0]->send(1, bytes(900));
    n.chat.peers[1]->send(1, bytes(100));
    CHECK(chat().queued_bytes == credit_cost(900) + credit_cost(100));
    CHECK(n.chat.peers[0]->send(1, bytes(500)) == SendResult::full);
    CHECK(n.chat.peers[0]->send(1, bytes(500)) == SendResult::full);  // still the same stall
    CHECK(chat().stalls == 1);
    CHECK(chat().stalled == 1);
    n.rig.event(link, Drained{chat_lane, credit_cost(900)});
    CHECK(chat().stalled == 0);
    CHECK(chat().stalls == 1);
    CHECK(n.rig.node->topic_loads().at(1).stalls == 0);
}

TEST_CASE("switch: loads count what went and came by topic, also of links that are gone") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.rig.up_inbound(n.keys[2]);
    n.chat.peers[0]->send(1, bytes(30));
    n.chat.peers[1]->send(1, bytes(12));
    n.rig.deliver(link, chat_lane, 1, "hello");
    n.rig.event(link, Closed{});
    const auto loads = n.rig.node->topic_loads();
    CHECK(loads.at(0).messages_out == 2);
    CHECK(loads.at(0).bytes_out == 42);
    CHECK(loads.at(0).messages_in == 1);
    CHECK(loads.at(0).bytes_in == 5);
    CHECK(loads.at(1).messages_out == 0);
    CHECK(loads.at(1).bytes_in == 0);
}

TEST_CASE("switch: a peer is useful when a module says so") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.chat.on_handle = [](Context& peer, Code code, Message) -> Result<void, Offence> {
        if (code == 1) return std::unexpected{Offence::useless};
        if (code == 2) peer.mark_useful();
        return {};
    };
    const auto useful_at = [&] { return n.rig.node->peers().at(0).useful_at; };
    n.rig.deliver(link, chat_lane, 1, "x");
    n.rig.deliver(link, chat_lane, 3, "x");
    CHECK_FALSE(useful_at().has_value());
    CHECK(n.rig.node->peers().at(0).offences == 1);
    n.rig.deliver(link, chat_lane, 2, "x");
    const auto first = n.rig.now().instant;
    CHECK(useful_at() == first);
    n.rig.time += 5s;
    n.rig.deliver(link, chat_lane, 3, "x");
    CHECK(useful_at() == first);
}

TEST_CASE("switch: credit returns when the module lets go, at once or later, on its lane alone") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    std::vector<Message> held;
    n.chat.on_handle = [&](Context&, Code, Message message) -> Result<void, Offence> {
        held.push_back(std::move(message));
        return {};
    };
    n.rig.deliver(link, chat_lane, 1, "aaaa");
    n.rig.deliver(link, chat_lane, 1, "bbbb");
    n.rig.deliver(link, blocks_lane, 1, "cc");
    CHECK(n.rig.commands(link) == Words{"consumed 1 66"});
    held.erase(held.begin());
    CHECK(n.rig.commands(link) == Words{"consumed 2 68"});  // without any input to the switch
    CHECK(text_of(held[0].bytes()) == "bbbb");
    (void)held[0].take();
    CHECK(n.rig.commands(link) == Words{"consumed 2 68"});
    n.rig.deliver(link, chat_lane, 1, "dd");
    n.rig.closed(link);
    held.clear();  // outlives its link: harmless
    CHECK(n.rig.commands(link).empty());
    n.rig.deliver(n.rig.up_inbound(n.keys[2]), chat_lane, 1, "e");
    n.rig.node.reset();
    held.clear();  // outlives its node
}

TEST_CASE("switch: send says full over the budget, and on_writable comes once at half of it") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    Context& peer = *n.chat.peers.at(0);
    // The budget is 1,000; each message of 36 costs 100.
    for (int i = 0; i < 10; ++i) CHECK(peer.send(1, bytes(36)) == SendResult::queued);
    CHECK(peer.send(1, bytes(36)) == SendResult::full);
    CHECK(n.rig.node->peers()[0].messages_out == 10);
    const auto words = n.rig.commands(link);
    REQUIRE(words.size() == 2);
    CHECK(words.back() == "tell drained 2");  // once a link
    n.rig.event(link, Drained{chat_lane, 400});
    CHECK(n.chat.count("writable") == 0);
    n.rig.event(link, Drained{blocks_lane, 0});
    n.rig.event(link, Drained{chat_lane, 100});
    CHECK(n.chat.count("writable") == 1);
    n.rig.event(link, Drained{chat_lane, 100});
    CHECK(n.chat.count("writable") == 1);
    CHECK(peer.send(1, bytes(36)) == SendResult::queued);
    CHECK(peer.send(1, bytes(0)) == SendResult::queued);
    CHECK(peer.send(1, bytes(500)) == SendResult::full);
    n.chat.when_writable = [&](Context& p) { CHECK(p.send(2, bytes(500)) == SendResult::queued); };
    n.rig.event(link, Drained{chat_lane, 500});
    CHECK(n.chat.count("writable") == 2);
    CHECK(n.rig.commands(link) == Words{"send 2 1 2 1 2 2"});
    CHECK(n.rig.node->peers()[0].messages_out == 13);
    CHECK(n.rig.node->peers()[0].bytes_out == 11 * 36 + 500);
}

TEST_CASE("switch: a message over the budget goes alone, one over the peer's limit never") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    Context& peer = *n.chat.peers.at(0);
    CHECK(peer.message_bytes_max() == 19'936);
    CHECK(peer.send(1, bytes(19'936)) == SendResult::queued);
    CHECK(peer.send(1, bytes(1)) == SendResult::full);
    n.rig.event(link, Drained{chat_lane, credit_cost(19'936)});
    CHECK(n.chat.count("writable") == 1);
    CHECK(peer.send(1, bytes(19'937)) == SendResult::too_large);
    CHECK(peer.send(1, bytes(1)) == SendResult::queued);
    n.rig.event(link, Drained{chat_lane, credit_cost(1)});
    CHECK(n.chat.count("writable") == 1);  // nothing waits for room
}

TEST_CASE("switch: what may have left without a word keeps no large message back") {
    Node n;
    n.rig.up_inbound(n.keys[1]);
    Context& peer = *n.chat.peers.at(0);
    CHECK(peer.send(1, bytes(36)) == SendResult::queued);  // costs 100, an eighth of 1,000 is told
    CHECK(peer.send(1, bytes(19'936)) == SendResult::queued);
    CHECK(peer.send(1, bytes(0)) == SendResult::full);
}

TEST_CASE("switch: a broadcast shares its bytes and misses the full, the excepted and the absent") {
    Node n;
    std::vector<LinkId> links;
    for (std::size_t i = 1; i <= 4; ++i) {
        const LinkId link = n.rig.accept();
        Hello theirs = n.rig.hello_like_ours(n.keys[i]);
        if (i == 4) theirs.topics.pop_back();  // no chat
        n.rig.prove(link, n.keys[i], theirs);
        n.rig.commands(link);
        links.push_back(link);
    }
    while (n.chat.peers.at(1)->send(1, bytes(500)) == SendResult::queued) {
    }
    n.rig.commands(links[1]);
    const SharedBytes message = bytes(500);
    const BroadcastResult sent = n.rig.node->broadcast("chat", 9, message);
    CHECK(sent.queued == 2);
    CHECK(sent.missed == std::vector{n.keys[2].id()});
    std::vector<SwitchEffect> effects = n.rig.node->take_effects();
    REQUIRE(effects.size() == 2);
    for (const SwitchEffect& effect : effects) {
        const auto& send = std::get<Send>(std::get<CommandLink>(effect).command);
        CHECK(send.message.view().data() == message.view().data());
    }
    const auto except = [&](const PeerView& peer) { return peer.id == n.keys[1].id(); };
    CHECK(n.rig.node->broadcast("chat", 9, bytes(1), except).queued == 2);
    CHECK(n.rig.node->broadcast("nothing", 9, bytes(1)).queued == 0);
    const BroadcastResult to_all = n.rig.node->broadcast("blocks", 9, bytes(1));
    CHECK(to_all.queued == 4);
    CHECK(to_all.missed.empty());
    CHECK(n.rig.node->broadcast("blocks", 9, bytes(20'000)).missed.size() == 4);  // too large
    CHECK(n.rig.commands(links[3]) == Words{"send 1 9"});                         // its only lane
}

// --- Calls from inside calls -----------------------------------------------------------------

TEST_CASE("switch: a module that disconnects in handle hears no more of the link") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.chat.on_handle = [&](Context& peer, Code, Message) -> Result<void, Offence> {
        peer.disconnect();
        CHECK(peer.send(1, bytes(1)) == SendResult::closed);
        peer.disconnect();
        return {};
    };
    Delivered delivered;
    delivered.add_small(chat_lane, 1, Buffer(4));
    delivered.add_small(chat_lane, 2, Buffer(4));
    n.rig.event(link, std::move(delivered));
    CHECK(n.chat.count("handle 1") == 1);
    CHECK(n.chat.count("handle 2") == 0);
    CHECK(n.rig.commands(link) == Words{"refuse requested"});
    n.rig.deliver(link, chat_lane, 3, "late");
    n.rig.event(link, Drained{chat_lane, 0});
    n.rig.event(link, Beat{{{chat_lane, to_buffer(bytes_of("x"))}}, 1ms});
    CHECK(n.chat.log.back() == "handle 1");
    CHECK(n.chat.destroyed == 0);
    CHECK(n.rig.node->peers().empty());
    CHECK(n.rig.node->slots().in_use_total() == 1);  // until it has ended
    n.rig.closed(link, CloseReason::reset);
    CHECK(n.chat.log.back() == "closed requested");  // what we ended it for
    CHECK(n.rig.take_events() == Words{"up inbound", "down requested"});
}

TEST_CASE("switch: a module that finds that a peer does not fit says why") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.chat.on_handle = [&](Context& peer, Code, Message) -> Result<void, Offence> {
        peer.part(
            {.reason = CloseReason::wrong_chain, .sender_value = "1", .receiver_value = "99"});
        return {};
    };
    n.rig.deliver(link, chat_lane, 1, "of another chain");
    CHECK(n.rig.commands(link) == Words{"refuse wrong_chain"});
    n.rig.closed(link, CloseReason::reset);
    CHECK(n.rig.take_events() == Words{"up inbound", "down wrong_chain"});
    CHECK(n.rig.node->offences().bans().empty());
}

TEST_CASE("switch: calls from inside every call of a module are safe") {
    Node n;
    n.rig.up_inbound(n.keys[1]);
    const LinkId link = n.rig.accept();
    n.chat.on_new = [&](Context& peer) {
        CHECK(peer.send(1, bytes(1)) == SendResult::queued);
        n.rig.node->broadcast("blocks", 1, bytes(1));
        n.rig.node->disconnect(n.rig.now(), n.keys[1].id(), CloseReason::requested);
    };
    n.rig.prove(link, n.keys[2]);
    n.chat.on_new = nullptr;
    CHECK(n.rig.commands(link) == Words{"proceed", "send 2 1", "send 1 1"});
    n.blocks.on_closed = [&](Context& peer, CloseReason) {
        peer.penalise(Offence::malformed);
        peer.disconnect();
        n.rig.node->broadcast("chat", 5, bytes(1));
        (void)n.rig.node->dial(n.rig.now(), {n.keys[3].id(), endpoint("127.0.0.1")},
                               SlotClass::ordinary);
    };
    const LinkId third = n.rig.up_inbound(n.keys[4]);
    n.rig.closed(link);
    CHECK(n.rig.commands(third) == Words{"send 2 5"});
    CHECK(n.rig.commands(link).empty());
    // One that leaves as it comes is still told to come and to go, once.
    n.chat.on_new = [](Context& peer) { peer.disconnect(); };
    const LinkId brief = n.rig.accept();
    n.rig.prove(brief, n.keys[5]);
    CHECK(n.rig.commands(brief) == Words{"proceed", "refuse requested"});
    n.rig.take_events();
    n.rig.closed(brief, CloseReason::requested);
    CHECK(n.rig.take_events() == Words{"down requested"});
    CHECK(n.blocks.log.back() == "closed requested");
}

TEST_CASE("switch: a node that ends tells its modules") {
    Node n;
    n.rig.up_inbound(n.keys[1]);
    n.rig.dial(n.keys[2]);
    n.rig.node.reset();
    CHECK(n.log.back() == "blocks closed shutting_down");
    CHECK(n.chat.destroyed == 1);
}

TEST_CASE("switch: small credit waits for more, while the sender has room without it") {
    TopicSpec wide = spec("roomy");
    wide.message_bytes_max = 936;  // costs 1,000
    wide.window_bytes = 9'000;
    TestModule module{wide};
    const auto keys = sorted_keys(2);
    Rig rig{keys[0], {&module}};
    const LinkId link = rig.up_inbound(keys[1]);
    for (int i = 0; i < 10; ++i) {
        rig.deliver(link, LaneId{1}, 1, std::string(36, 'x'));  // costs 100
        CHECK(rig.commands(link) == Words{});
    }
    rig.deliver(link, LaneId{1}, 1, "x");
    CHECK(rig.commands(link) == Words{"consumed 1 1065"});  // over an eighth of the spare 8,000
    rig.deliver(link, LaneId{1}, 1, "x");
    CHECK(rig.commands(link) == Words{});
}

// --- Misbehaviour ----------------------------------------------------------------------------

TEST_CASE("switch: offences add up to a Goodbye and a ban of the ID, wherever it comes from") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1], "8.8.8.8");
    n.chat.on_handle = [](Context& peer, Code code, Message) -> Result<void, Offence> {
        if (code == 1) return std::unexpected{Offence::malformed};
        peer.penalise(Offence::malformed);
        return {};
    };
    n.rig.deliver(link, chat_lane, 1, "x");
    CHECK(n.rig.commands(link) == Words{"consumed 2 65"});
    CHECK(n.rig.node->peers().at(0).offences == 1);
    CHECK(n.rig.node->peers().at(0).score == doctest::Approx(50.0));
    n.rig.deliver(link, chat_lane, 2, "x");
    CHECK(n.rig.commands(link) == Words{"refuse misbehaviour"});
    CHECK(n.rig.goodbye->sender_value == "malformed");
    n.rig.closed(link);
    CHECK(n.rig.take_events() == Words{"up inbound", "down misbehaviour"});
    n.rig.up_inbound(n.keys[2], "8.8.8.8");
    const LinkId elsewhere = n.rig.accept("9.9.9.9");
    n.rig.prove(elsewhere, n.keys[1]);
    CHECK(n.rig.command(elsewhere) == "refuse banned");
    n.rig.time += std::chrono::hours{24};
    n.rig.closed(elsewhere);
    n.rig.up_inbound(n.keys[1], "8.8.8.8");
}

TEST_CASE("switch: the log names a banned node by the first digits of its ID") {
    Node n;
    n.rig.log.least = LogLevel::info;
    const auto digits = n.keys[1].id().short_string();
    const auto log = [&] { return n.rig.log.take().at(0); };
    n.rig.node->ban(n.rig.now(), n.keys[1].id(), "test");
    CHECK(log() == "info banned id=" + digits + " why=test");
    const auto until = n.rig.now().unix_time + std::chrono::hours{1};
    CHECK(n.rig.node->impose_ban(n.rig.now(), {n.keys[1].id(), until, "test"}));
    CHECK(log() == "info banned by the owner who=" + digits + " why=test");
    CHECK(n.rig.node->offences().unban(n.keys[1].id()));

    n.chat.on_handle = [](Context&, Code, Message) -> Result<void, Offence> {
        return std::unexpected{Offence::malformed};
    };
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.rig.deliver(link, chat_lane, 1, "x");
    n.rig.deliver(link, chat_lane, 1, "x");
    const auto lines = n.rig.log.take();
    const auto is_ban = [](const std::string& line) { return line.contains("banned for"); };
    const auto ban = std::ranges::find_if(lines, is_ban);
    REQUIRE(ban != lines.end());
    CHECK(ban->starts_with("info banned for misbehaviour id=" + digits + " remote="));
}

TEST_CASE("switch: a ban ends the links that are there, by ID and by address") {
    Node n;
    const auto impose = [&](auto who) {
        const auto until = n.rig.now().unix_time + std::chrono::hours{1};
        return n.rig.node->impose_ban(n.rig.now(), {who, until, "test"});
    };
    const LinkId first = n.rig.up_inbound(n.keys[1], "127.0.0.1");
    const LinkId second = n.rig.up_inbound(n.keys[2], "127.0.0.1");
    const LinkId third = n.rig.up_outbound(n.keys[3], "8.8.8.8");
    const LinkId fourth = n.rig.up_inbound(n.keys[4], "9.9.9.9");
    const LinkId handshaking = n.rig.accept("127.0.0.1");
    CHECK(impose(n.keys[1].id()));
    CHECK(n.rig.commands(first) == Words{"refuse banned"});
    CHECK(n.rig.commands(second).empty());
    CHECK(impose(exact_group(endpoint("127.0.0.1").address)));
    CHECK(n.rig.commands(first).empty());  // once is enough
    CHECK(n.rig.commands(second) == Words{"refuse banned"});
    CHECK(n.rig.commands(handshaking) == Words{"abandon banned"});
    CHECK(impose(exact_group(endpoint("8.8.8.8").address)));
    CHECK(n.rig.commands(third) == Words{"refuse banned"});
    CHECK(n.rig.commands(fourth).empty());
    CHECK_FALSE(n.rig.node->on_accept(n.rig.now(), endpoint("127.0.0.1")).has_value());
    n.rig.time += std::chrono::hours{1};
    n.rig.accept("127.0.0.1");
}

TEST_CASE("switch: a ban for offences is of the ID alone, the user's may be of an address") {
    Node n;
    const LinkId chosen = n.rig.dial(n.keys[1], SlotClass::static_peer, "8.8.8.8");
    n.rig.prove(chosen, n.keys[1]);
    n.rig.event(chosen, Up{});
    const LinkId other = n.rig.up_inbound(n.keys[2], "8.8.8.8");
    const LinkId bad = n.rig.up_inbound(n.keys[3], "8.8.8.8");
    CHECK(n.rig.commands(chosen) == Words{"open", "proceed"});
    n.chat.on_handle = [](Context&, Code, Message) -> Result<void, Offence> {
        return std::unexpected{Offence::protocol};
    };
    n.rig.deliver(bad, chat_lane, 1, "x");
    n.rig.deliver(bad, chat_lane, 1, "x");
    CHECK(n.rig.commands(bad).back() == "refuse misbehaviour");
    CHECK(n.rig.commands(other).empty());
    CHECK(n.rig.commands(chosen).empty());
    n.rig.ban_address("8.8.8.8");
    CHECK(n.rig.commands(other) == Words{"refuse banned"});
    CHECK(n.rig.commands(chosen) == Words{"refuse banned"});
    n.rig.closed(chosen);
    const auto again = n.rig.node->dial(n.rig.now(), {n.keys[1].id(), endpoint("8.8.8.8")},
                                        SlotClass::static_peer);
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error() == DialError::banned);
}

TEST_CASE("switch: a parked caller that ran out of time is not charged") {
    Node n;
    n.rig.up_inbound(n.keys[1]);
    for (int i = 0; i < 60; ++i) {
        n.rig.time += 10s;
        const LinkId again = n.rig.accept("8.8.8.8");
        n.rig.prove(again, n.keys[1]);
        n.rig.closed(again, CloseReason::handshake_timeout);
    }
    CHECK(n.rig.node->offences().bans().empty());
}

TEST_CASE("switch: a ban ends the link") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.rig.node->ban(n.rig.now(), n.keys[1].id(), "by the user");
    CHECK(n.rig.command(link) == "refuse banned");
}

// --- Forks, statuses, time, end --------------------------------------------------------------

TEST_CASE("switch: when a fork activates, live links are checked again") {
    Node n;
    const ForkRules rules{{}, {100, 200}, 50};
    n.rig.node->set_forks(n.rig.now(), rules);
    const LinkId informed = n.rig.up_inbound(n.keys[1]);
    const LinkId unaware = n.rig.accept();
    Hello theirs = n.rig.hello_like_ours(n.keys[2]);
    theirs.fork.next = 0;  // same past, has not heard of the fork at 100
    n.rig.prove(unaware, n.keys[2], theirs);
    CHECK(n.rig.command(unaware) == "proceed");
    const ForkId before = n.rig.node->identity()->hello.fork;
    n.rig.node->set_forks(n.rig.now(), {{}, {100, 200}, 100});
    CHECK(n.rig.node->identity()->hello.fork != before);
    CHECK(n.rig.command(unaware) == "refuse incompatible_fork");
    CHECK_FALSE(n.rig.goodbye->sender_value.empty());
    CHECK_FALSE(n.rig.goodbye->receiver_value.empty());
    CHECK(n.rig.command(informed) == "nothing");
}

TEST_CASE("switch: statuses travel with the heartbeat, per link's lanes, when they change") {
    Node n;
    n.chat.status_text = "c1";
    const LinkId both = n.rig.accept();
    n.rig.prove(both, n.keys[1]);
    CHECK(n.rig.commands(both) == Words{"proceed", "statuses"});
    const LinkId chat_only = n.rig.accept();
    Hello theirs = n.rig.hello_like_ours(n.keys[2]);
    theirs.topics.erase(theirs.topics.begin());
    n.rig.prove(chat_only, n.keys[2], theirs);
    CHECK(n.rig.commands(chat_only) == Words{"proceed", "statuses"});
    CHECK(n.rig.command(both) == "nothing");

    const auto statuses_to = [&](LinkId link) {
        Buffer found;
        for (const SwitchEffect& effect : n.rig.effects) {
            const auto& command = std::get<CommandLink>(effect);
            if (command.link != link) continue;
            found = to_buffer(std::get<SetStatus>(command.command).statuses.view());
        }
        return found;
    };
    const auto encoded = [](const Statuses& statuses) {
        return to_buffer(encode_statuses(statuses).view());
    };
    const Duration half = 7500ms;
    CHECK(n.rig.node->next_wakeup() == n.rig.now().instant + half);
    n.rig.time += half;
    n.rig.node->on_timer(n.rig.now());
    n.rig.take();
    CHECK(n.rig.effects.empty());  // nothing changed
    n.blocks.status_text = "b1";
    n.rig.time += half;
    n.rig.node->on_timer(n.rig.now());
    n.rig.take();
    const Buffer b1 = to_buffer(bytes_of("b1"));
    const Buffer c1 = to_buffer(bytes_of("c1"));
    CHECK(statuses_to(both) == encoded({{blocks_lane, b1}, {chat_lane, c1}}));
    CHECK(statuses_to(chat_only) == encoded({{LaneId{1}, c1}}));
    n.rig.effects.clear();

    n.rig.event(both, Beat{{{chat_lane, to_buffer(bytes_of("their chat"))}}, 30ms});
    CHECK(n.chat.log.back() == "status their chat");
    CHECK(n.rig.node->peers()[0].round_trip == 30ms);
    n.rig.event(both, Beat{{}, std::nullopt});
    CHECK(n.rig.node->peers()[0].round_trip == 30ms);

    n.rig.closed(both);
    n.rig.closed(chat_only);
    n.rig.time += half;
    n.rig.node->on_timer(n.rig.now());
    CHECK(n.rig.node->next_wakeup() == never);
}

TEST_CASE("switch: modules' timers run when they are due") {
    Node n;
    CHECK(n.rig.node->next_wakeup() == never);
    n.chat.wakeup = n.rig.now().instant + 5s;
    CHECK(n.rig.node->next_wakeup() == n.chat.wakeup);
    n.rig.node->on_timer(n.rig.now());  // early: harmless
    CHECK(n.log.empty());
    n.rig.time += 5s;
    n.rig.node->on_timer(n.rig.now());
    CHECK(n.log == Words{"chat timer"});
}

TEST_CASE("switch: a probe is told of every call into a module") {
    struct Recorder final : CallWatch {
        void enter(std::string_view topic, std::string_view call) override {
            CHECK(depth++ == 0);
            names.push_back(std::string{topic} + " " + std::string{call});
        }
        void leave() override { CHECK(--depth == 0); }
        int depth = 0;
        Words names;
    };
    Node n;
    Recorder recorder;
    n.rig.node->set_call_watch(&recorder);
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    CHECK(recorder.names ==
          Words{"chat new_peer", "blocks new_peer", "chat status", "blocks status"});
    recorder.names.clear();
    Delivered delivered;
    delivered.add_small(chat_lane, 1, {});
    delivered.add_small(chat_lane, 2, {});
    delivered.add_small(blocks_lane, 3, {});
    n.rig.event(link, std::move(delivered));
    n.rig.closed(link);
    CHECK(recorder.names ==
          Words{"chat handle", "blocks handle", "chat on_closed", "blocks on_closed"});
    CHECK(recorder.depth == 0);
    n.rig.node->set_call_watch(nullptr);
}

TEST_CASE("switch: shutting down says goodbye to all, and ends when all have ended") {
    Node n;
    const LinkId up = n.rig.up_inbound(n.keys[1]);
    const LinkId dialing = n.rig.dial(n.keys[2]);
    const LinkId calling = n.rig.accept();
    n.rig.commands(dialing);
    n.rig.node->shut_down(n.rig.now());
    CHECK(n.rig.command(up) == "refuse shutting_down");
    CHECK(n.rig.command(dialing) == "abandon shutting_down");
    CHECK(n.rig.command(calling) == "abandon shutting_down");
    n.rig.prove(calling, n.keys[3]);  // crossed the command
    CHECK(n.rig.command(calling) == "nothing");
    CHECK_FALSE(n.rig.node->idle());
    n.rig.closed(up);
    n.rig.closed(calling);
    n.rig.node->on_connect_failed(n.rig.now(), dialing, "cancelled");
    CHECK(n.rig.node->idle());
    CHECK(n.rig.node->slots().in_use_total() == 0);
    CHECK(n.rig.take_events() == Words{"up inbound", "down shutting_down", "failed shutting_down"});
}

TEST_CASE("switch: under a storm of events no limit is exceeded and every token comes home") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        Rng rng{seed};
        SwitchConfig config;
        config.slots.handshake_in_max = 4;
        config.slots.handshake_out_max = 3;
        config.slots.giving_way_max = 2;
        config.slots.inbound_max = rng.below(4);
        config.slots.outbound_max = rng.below(4);
        config.slots.feeler_max = 1;
        config.slots.static_max = 1;
        config.receive_bytes_max = 150'000;
        Node n{config};
        n.chat.on_handle = [&](Context& peer, Code, Message) -> Result<void, Offence> {
            if (rng.chance(0.1)) peer.disconnect();
            if (rng.chance(0.1)) return std::unexpected{Offence::invalid_data};
            (void)peer.send(1, bytes(rng.below(300)));
            return {};
        };
        struct Open {
            LinkId link;
            const NodeKey* peer;
        };
        std::vector<Open> open;
        std::size_t peers_most = 0;
        const auto pick = [&]() -> Open& { return open[rng.below(open.size())]; };
        const auto peer = [&] { return &n.keys[1 + rng.below(5)]; };
        for (int step = 0; step < 1500; ++step) {
            n.rig.time += std::chrono::milliseconds{rng.below(500)};
            const std::uint64_t action = rng.below(12);
            if (action < 2) {
                const auto link = n.rig.node->on_accept(n.rig.now(), endpoint("127.0.0.1"));
                if (link) open.push_back({*link, peer()});
            } else if (action < 4) {
                const NodeKey* target = peer();
                const auto link =
                    n.rig.node->dial(n.rig.now(), {target->id(), endpoint("127.0.0.1")},
                                     static_cast<SlotClass>(rng.below(4)));
                if (link) open.push_back({*link, target});
            } else if (open.empty()) {
                continue;
            } else if (action < 7) {
                n.rig.prove(pick().link, *pick().peer);
            } else if (action == 7) {
                n.rig.event(pick().link, Up{});
            } else if (action == 8) {
                n.rig.event(pick().link, Alive{});
            } else if (action == 9) {
                const auto infos = n.rig.node->peers();
                if (!infos.empty()) {
                    n.rig.deliver(infos[rng.below(infos.size())].link, chat_lane, 1, "x");
                }
            } else if (action == 10 && rng.chance(0.2)) {
                n.rig.node->disconnect(n.rig.now(), peer()->id(), CloseReason::requested);
            } else if (action == 11) {
                const std::size_t i = rng.below(open.size());
                n.rig.closed(open[i].link, CloseReason::reset);
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
            }
            n.rig.take();
            n.rig.effects.clear();
            REQUIRE(n.rig.node->slots().in_use_total() == open.size());
            REQUIRE(n.rig.node->stats().receive_bytes_reserved <= 150'000);
            std::vector<NodeId> ids;
            for (const Context* context : n.chat.peers) ids.push_back(context->id());
            std::ranges::sort(ids);
            REQUIRE(std::ranges::adjacent_find(ids) == ids.end());  // one link to an ID
            peers_most = std::max(peers_most, ids.size());
        }
        n.rig.node->shut_down(n.rig.now());
        for (const Open& o : open) n.rig.closed(o.link, CloseReason::shutting_down);
        CHECK(n.rig.node->idle());
        CHECK(n.rig.node->slots().in_use_total() == 0);
        CHECK(n.rig.node->stats().receive_bytes_reserved == 0);
        CHECK(n.chat.made == n.chat.destroyed);
        if (config.slots.inbound_max > 1) CHECK(peers_most > 1);
    }
}
