// Modules that throw, and modules that call from a thread of their own.
#include <parley/transport/link/control.hpp>
#include <parley/transport/switch/held_slots.hpp>
#include <parley/transport/switch/test_switch.hpp>

#include <thread>

namespace parley::transport::test {

namespace {

struct Node {
    explicit Node(SwitchConfig config = {}) : rig(keys[0], {&chat, &blocks}, config) {}
    std::vector<NodeKey> keys = sorted_keys(4);
    TestModule chat{spec("chat")};
    TestModule blocks{spec("blocks")};
    Rig rig;

    void full(Context& peer) {
        while (peer.send(1, SharedBytes::own(Buffer(500))) == SendResult::queued) {
            queued += credit_cost(500);
        }
    }
    /// Makes the switch call into modules in every way there is.
    void call_everything(LinkId link) {
        rig.deliver(link, chat_lane, 1, "x");
        rig.event(link, Drained{chat_lane, std::exchange(queued, 0)});
        rig.event(link, Beat{{{chat_lane, to_buffer(bytes_of("s"))}}, 1ms});
        rig.closed(rig.dial(keys[3]));
        chat.wakeup = Instant{};
        rig.time += 60s;
        (void)rig.node->next_wakeup();
        rig.node->on_timer(rig.now());
    }
    static constexpr LaneId blocks_lane = 1, chat_lane = 2;
    std::uint64_t queued = 0;
};

std::string logged(std::string_view call) {
    return "error a module threw an exception topic=chat call=" + std::string{call} +
           " what=broken then=the node goes on without the module";
}

}  // namespace

TEST_CASE("modules: whatever call throws, the module is told closed and hears no more") {
    for (const auto* call : {"handle", "on_writable", "on_status", "on_attempt_failed", "on_timer",
                             "status", "next_wakeup", "on_closed"}) {
        CAPTURE(call);
        Node n;
        const LinkId first = n.rig.up_inbound(n.keys[1]);
        const LinkId second = n.rig.up_inbound(n.keys[2]);
        n.full(*n.chat.peers.at(0));
        n.rig.take();
        n.chat.throws_in = call;
        const std::vector<Context*> peers = n.chat.peers;
        n.call_everything(first);
        if (n.chat.throws_in == "on_closed") n.rig.closed(second);
        const auto logs = n.rig.log.take();
        REQUIRE(!logs.empty());
        CHECK(logs[0] == (n.chat.throws_in == "on_closed" ? logged("on_closed") : logged(call)));
        CHECK(n.rig.node->failed_module() == "chat");
        CHECK_FALSE(n.rig.node->wants_to_end());
        CHECK(n.chat.destroyed == 2);
        CHECK(n.chat.count("closed module_failed") + n.chat.count("closed truncated") == 2);
        // The links are as they were, for the other module.
        CHECK(n.rig.node->peers().size() == (n.chat.throws_in == "on_closed" ? 1 : 2));
        CHECK(n.blocks.destroyed == (n.chat.throws_in == "on_closed" ? 1 : 0));
        n.chat.log.clear();
        n.call_everything(first);
        CHECK(n.chat.log.empty());
        CHECK(n.rig.log.take().empty());
        CHECK(peers[0]->send(1, {}) == SendResult::closed);
        n.rig.deliver(first, Node::blocks_lane, 2, "b");
        CHECK(n.blocks.count("handle 2") == 1);
        n.rig.closed(first);
        CHECK(n.chat.log.empty());
    }
}

TEST_CASE("modules: messages for one that threw are dropped, and their credit goes back") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.chat.throws_in = "handle";
    Delivered delivered;
    delivered.add_small(Node::chat_lane, 1, Buffer(4));
    delivered.add_small(Node::chat_lane, 2, Buffer(4));
    delivered.add_small(Node::blocks_lane, 3, Buffer(4));
    n.rig.event(link, std::move(delivered));
    CHECK(n.chat.log == Words{"new", "handle 1", "closed module_failed"});
    CHECK(n.blocks.count("handle 3") == 1);
    CHECK(n.rig.commands(link) == Words{"consumed 2 136", "consumed 1 68"});
}

TEST_CASE("modules: the credit of a peer that wastes waits, on that lane alone") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    const LinkId other = n.rig.up_inbound(n.keys[2]);
    n.rig.take();
    n.chat.peers[0]->note_waste(99ms);
    n.rig.deliver(link, Node::chat_lane, 1, "x");
    CHECK(n.rig.commands(link) == Words{"consumed 2 65"});
    n.chat.peers[0]->note_waste(6ms);  // 100 ms at once, then 5 a second: so it waits for a second
    n.rig.deliver(link, Node::chat_lane, 1, "x");
    n.rig.deliver(link, Node::chat_lane, 1, "x");
    CHECK(n.rig.commands(link).empty());
    n.rig.deliver(link, Node::blocks_lane, 1, "x");
    CHECK(n.rig.commands(link) == Words{"consumed 1 65"});
    n.rig.deliver(other, Node::chat_lane, 1, "x");
    CHECK(n.rig.commands(other) == Words{"consumed 2 65"});
    const Instant due = n.rig.now().instant + 1s;
    CHECK(n.rig.node->next_wakeup() <= due);
    n.rig.time += 999ms;
    n.rig.node->on_timer(n.rig.now());
    CHECK(n.rig.commands(link).empty());
    n.rig.time += 1ms;
    n.rig.node->on_timer(n.rig.now());
    CHECK(n.rig.commands(link) == Words{"consumed 2 130"});
    CHECK(n.rig.node->stats().slowed == 1);
    CHECK(n.rig.node->stats().wasted == 105ms);
    CHECK(n.rig.node->offences().score(n.rig.now(), n.keys[1].id()) == 0);
}

TEST_CASE("modules: a peer may leave while its credit waits") {
    Node n;
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    n.chat.peers[0]->note_waste(1s);
    n.rig.deliver(link, Node::chat_lane, 1, "x");
    n.rig.take();
    n.rig.closed(link);
    n.rig.time += 120s;
    n.rig.node->on_timer(n.rig.now());
    CHECK(n.rig.commands(link).empty());
}

TEST_CASE("modules: later links have the topic, but nobody behind it") {
    Node n;
    n.rig.up_inbound(n.keys[1]);
    n.chat.status_text = "height 7";
    n.rig.node->on_timer(n.rig.now());
    n.chat.throws_in = "on_timer";
    n.chat.wakeup = Instant{};
    n.rig.node->on_timer(n.rig.now());
    n.rig.take();
    n.chat.log.clear();
    CHECK(n.rig.node->identity()->hello.topics.size() == 2);
    const LinkId link = n.rig.up_inbound(n.keys[2]);
    n.rig.deliver(link, Node::chat_lane, 1, "x");
    CHECK(n.rig.commands(link) == Words{"consumed 2 65"});
    CHECK(n.chat.log.empty());
    const BroadcastResult sent = n.rig.node->broadcast("chat", 1, {});
    CHECK(sent.queued == 0);
    CHECK(sent.missed.empty());
    n.rig.node->on_timer(n.rig.now());  // its status is taken out of the heartbeats
    n.rig.closed(link);
    CHECK(n.rig.log.take().size() == 1);
}

TEST_CASE("modules: one that throws in new_peer, and one that makes nobody") {
    for (const bool null : {false, true}) {
        Node n;
        if (null) {
            n.chat.makes_null = true;
        } else {
            n.chat.throws_in = "new_peer";
        }
        const LinkId link = n.rig.up_inbound(n.keys[1]);
        CHECK(n.rig.node->failed_module() == "chat");
        n.rig.deliver(link, Node::chat_lane, 1, "x");
        n.rig.deliver(link, Node::blocks_lane, 1, "x");
        CHECK(n.blocks.count("handle 1") == 1);
        CHECK(n.rig.node->peers().size() == 1);
        CHECK(n.rig.log.take().size() == 1);
    }
}

TEST_CASE("modules: where the config says so, one that throws ends the node") {
    SwitchConfig config;
    config.on_module_exception = OnModuleException::end;
    Node n{config};
    const LinkId link = n.rig.up_inbound(n.keys[1]);
    CHECK_FALSE(n.rig.node->wants_to_end());
    n.chat.throws_in = "handle";
    n.rig.deliver(link, Node::chat_lane, 1, "x");
    CHECK(n.rig.node->wants_to_end());
    CHECK(n.rig.node->failed_module() == "chat");
    CHECK(n.chat.count("closed module_failed") == 1);
    CHECK(n.rig.log.take().at(0).ends_with("then=the node ends"));
}

TEST_CASE("modules: what is thrown need not be an exception") {
    Node n;
    n.chat.on_handle = [](Context&, Code, Message) -> Result<void, Offence> { throw 7; };
    n.rig.deliver(n.rig.up_inbound(n.keys[1]), Node::chat_lane, 1, "x");
    CHECK(n.rig.log.take().at(0).find("what=no std::exception") != std::string::npos);
    CHECK(n.rig.node->failed_module() == "chat");
}

#ifndef NDEBUG
TEST_CASE("modules: a call from another thread is reported once, with its name and topic") {
    Node n;
    n.rig.up_inbound(n.keys[1]);
    Context& peer = *n.chat.peers.at(0);
    Network& network = *n.chat.network;
    CHECK(peer.send(1, {}) == SendResult::queued);
    CHECK(n.rig.log.take().empty());
    std::thread{[&] {
        for (int i = 0; i < 2; ++i) {
            (void)peer.send(1, {});
            (void)network.broadcast("blocks", 1, {});
            (void)network.hub();
        }
    }}.join();
    const std::string text = "error a module calls from another thread than the node's topic=";
    CHECK(n.rig.log.take() ==
          Words{text + "chat call=send", text + "blocks call=broadcast", text + " call=hub"});
}
#endif

TEST_CASE("modules: an adapter holds the slot of a link that ended, but not for ever") {
    for (const bool lets_go : {true, false}) {
        CAPTURE(lets_go);
        Node n;
        const LinkId link = n.rig.up_inbound(n.keys[1]);
        auto hold = n.chat.peers.at(0)->hold_slot();
        n.rig.closed(link);
        CHECK(n.chat.count("closed truncated") == 1);
        CHECK(n.rig.node->connections() == 0);
        n.rig.take();
        CHECK(n.rig.node->slots().in_use(SlotKind::inbound) == 1);
        CHECK(n.rig.node->next_wakeup() <= Instant{} + n.rig.time + HeldSlots::hold_max);
        n.rig.log.take();
        if (lets_go) {
            hold.reset();
            n.rig.take();
            CHECK(n.rig.log.take().empty());
        } else {
            n.rig.time += HeldSlots::hold_max;
            n.rig.node->on_timer(n.rig.now());
            n.rig.take();
            CHECK(n.rig.log.take() ==
                  std::vector<std::string>{"warn a module is stuck: its peer's slot is given back "
                                           "topic=chat"});
        }
        CHECK(n.rig.node->slots().in_use(SlotKind::inbound) == 0);
        CHECK(n.rig.node->slots().consistent());
    }
}

}  // namespace parley::transport::test
