// Links that are up: messages, priority, credit, heartbeat, ends.
#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/link/test_link_pair.hpp>

#include <doctest/doctest.h>

#include <map>

namespace parley::transport {
namespace {

using namespace testing;

TEST_CASE("link: messages of all sizes arrive whole and in order") {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}, std::size_t{65537}}) {
        CAPTURE(step);
        LinkPair pair;
        pair.bring_up();
        std::vector<std::size_t> sizes{0,    1,     200,   2047,  2048,  2049,   4096,
                                       4097, 65526, 65527, 65536, 70000, 131072, 1 << 20};
        if (step == 1) sizes.resize(10);
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            pair.dialer.command(pair.now(), send_of(bulk_lane, static_cast<Code>(i), sizes[i], i));
        }
        pair.pump(step);
        const auto got = received(pair.listener);
        REQUIRE(got.size() == sizes.size());
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            CHECK(got[i].code == i);
            CHECK(got[i].bytes == pattern(sizes[i], i));
            CHECK(got[i].credit_bytes == sizes[i] + 64);
        }
        std::uint64_t drained = 0;
        pair.dialer.command(pair.now(), TellDrained{bulk_lane});
        for (const auto& d : pair.dialer.take<Drained>()) {
            CHECK(d.lane == bulk_lane);
            drained += d.bytes;
        }
        std::uint64_t cost = 0;
        for (const auto size : sizes) cost += credit_cost(size);
        CHECK(drained == cost);
    }
}

TEST_CASE("link: small messages share frames") {
    LinkPair pair;
    pair.bring_up();
    for (int i = 0; i < 300; ++i) pair.dialer.command(pair.now(), send_of(bulk_lane, 1, 200));
    const auto wire = pair.dialer.produce(pair.now());
    CHECK(wire.size() == 20 + 300 * 210);  // one frame
    pair.listener.feed(pair.now(), wire);
    REQUIRE(pair.listener.events.size() == 1);
    CHECK(received(pair.listener).size() == 300);
}

TEST_CASE("link: a peer's small frames are respected") {
    TestNode dialer{11, TestNode::default_topics(), 1024};
    TestNode listener{12};
    SeededEntropy entropy{13};
    Side dial{Link::dial({}, dialer.identity, listener.key.id(), at(0s), entropy)};
    Side accept{Link::accept({}, listener.identity, at(0s), entropy)};
    const auto pump = [&] {
        for (int i = 0; i < 3; ++i) {
            accept.feed(at(0s), dial.produce(at(0s)));
            dial.feed(at(0s), accept.produce(at(0s)));
        }
    };
    pump();
    dial.command(at(0s), Proceed{});
    pump();
    accept.command(at(0s), Proceed{});
    accept.command(at(0s), send_of(bulk_lane, 1, 100000));
    Statuses statuses;
    for (LaneId lane = 1; lane <= 3; ++lane) statuses.emplace_back(lane, Buffer(128));
    accept.command(at(0s), SetStatus{encode_statuses(statuses)});
    pump();
    const auto got = received(dial);
    REQUIRE(got.size() == 1);
    CHECK(got[0].bytes == pattern(100000, 1));
    // A Goodbye with more records than fit says the rest.
    Goodbye goodbye{.reason = CloseReason::too_many_peers,
                    .sender_value = {},
                    .receiver_value = {},
                    .others = std::vector<Enr>(8, record_of(key_of(5)))};
    accept.command(at(0s), Refuse{goodbye});
    pump();
    const auto closed = dial.closed();
    CHECK(closed.reason == CloseReason::too_many_peers);
    CHECK(closed.goodbye->others.size() >= 1);
    CHECK(closed.goodbye->others.size() < 8);
}

TEST_CASE("link: consensus overtakes blocks, and blocks overtake bulk") {
    LinkConfig config;
    config.output_bytes_max = 64 * 1024;
    LinkPair pair{config};
    pair.bring_up();
    pair.dialer.command(pair.now(), send_of(bulk_lane, 1, 1 << 20));
    pair.dialer.command(pair.now(), send_of(bulk_lane, 2, 1 << 20));
    pair.listener.feed(pair.now(), pair.dialer.produce(pair.now()));
    CHECK_FALSE(pair.listener.has<Delivered>());
    pair.dialer.command(pair.now(), send_of(block_lane, 3, 1000));
    pair.dialer.command(pair.now(), send_of(vote_lane, 4, 100));
    pair.listener.feed(pair.now(), pair.dialer.produce(pair.now()));
    const auto got = received(pair.listener);
    REQUIRE(got.size() == 2);
    CHECK(got[0].code == 4);
    CHECK(got[1].code == 3);
    pair.pump();
    CHECK(received(pair.listener).size() == 2);
}

TEST_CASE("link: bulk is not starved by a flood of votes, nor by blocks") {
    LanesOut lanes;
    lanes.add(Priority::blocks, 64 << 20, 1 << 20);
    lanes.add(Priority::bulk, 64 << 20, 1 << 20);
    lanes.add(Priority::consensus, 64 << 20, 4 << 10);
    const auto message = SharedBytes::own(Buffer(1 << 20));
    for (int i = 0; i < 16; ++i) {
        REQUIRE(lanes.push(1, 1, message));
        REQUIRE(lanes.push(2, 1, message));
        for (int k = 0; k < 1024; ++k) REQUIRE(lanes.push(3, 1, message.slice(0, 1000)));
    }
    std::map<LaneId, std::size_t> sent;
    Buffer room(65536);
    for (int frame = 0; frame < 100; ++frame) {
        ChunkWriter writer{room};
        lanes.fill(writer);
        Buffer msg;
        for (const auto part : writer.parts()) append(msg, part);
        CHECK(msg.size() > 60000);
        Bytes rest{msg};
        while (!rest.empty()) {
            const auto chunk = take_chunk(rest);
            REQUIRE(chunk);
            sent[chunk->lane] += chunk->bytes.size();
        }
    }
    const double all = static_cast<double>(sent[1] + sent[2] + sent[3]);
    CHECK(static_cast<double>(sent[3]) / all > 0.8);
    CHECK(static_cast<double>(sent[1]) / all > 0.04);
    CHECK(static_cast<double>(sent[2]) / all > 0.04);
}

TEST_CASE("link: a lane whose messages are held stalls alone") {
    LinkPair pair;
    pair.bring_up();
    for (Code i = 0; i < 8; ++i) pair.dialer.command(pair.now(), send_of(block_lane, i, 1 << 20));
    pair.pump();
    // 2 MiB of window hold one message of 1 MiB and its 64 bytes, not two.
    auto held = received(pair.listener);
    REQUIRE(held.size() == 1);
    CHECK_FALSE(pair.dialer.link.wants_to_write());
    // Others go on.
    pair.dialer.command(pair.now(), send_of(vote_lane, 1, 100));
    pair.dialer.command(pair.now(), send_of(bulk_lane, 2, 100000));
    pair.pump();
    CHECK(received(pair.listener).size() == 2);
    pair.run_for(10min);
    CHECK_FALSE(pair.dialer.link.closed());
    CHECK_FALSE(pair.listener.link.closed());
    // As the module lets go, the rest comes, one after the other.
    Code next = 1;
    while (!held.empty()) {
        pair.listener.command(pair.now(), Consumed{block_lane, held.front().credit_bytes});
        pair.pump();
        held = received(pair.listener);
        for (const auto& message : held) CHECK(message.code == next++);
    }
    CHECK(next == 8);
}

/// Both directions of a path that delays what one side sends for as long as the other's wait.
struct FarPair : LinkPair {
    /// The dialer's lane always has messages; all that comes is consumed at once, or never.
    /// Returns what came in a round trip.
    std::size_t round(LaneId lane, bool consume) {
        while (more_ && queued_ < std::size_t{8} << 20) {
            dialer.command(now(), send_of(lane, 1, 100'000));
            queued_ += 100'000 + 64;
        }
        const auto there = dialer.produce_all(now());
        for (const auto& drained : dialer.take<Drained>()) queued_ -= drained.bytes;
        time += 30ms;
        listener.feed(now(), there);
        std::size_t came = 0;
        for (const auto& message : received(listener)) {
            came += message.bytes.size();
            if (consume) listener.command(now(), Consumed{lane, message.credit_bytes});
        }
        const auto back = listener.produce_all(now());
        time += 30ms;
        dialer.feed(now(), back);
        return came;
    }

    void queue_no_more() { more_ = false; }
    void queue_again() { more_ = true; }

private:
    std::size_t queued_ = 0;
    bool more_ = true;
};

TEST_CASE("link: a sender that waits for credit on a long path asks, and the window grows") {
    FarPair pair;
    pair.bring_up();
    const auto first = pair.round(block_lane, true);
    CHECK(first <= 2 << 20);
    CHECK(pair.listener.take<GrowthWanted>().empty());
    // What it waited for has come; it says so with the next frame.
    CHECK(pair.round(block_lane, true) <= 2 << 20);
    const auto wanted = pair.listener.take<GrowthWanted>();
    REQUIRE(wanted.size() == 1);
    CHECK(wanted[0].lane == block_lane);
    CHECK(wanted[0].bytes == 2 << 20);
    // Nobody answered: it is asked again, and nothing grew meanwhile.
    CHECK(pair.round(block_lane, true) <= 2 << 20);
    REQUIRE(pair.listener.take<GrowthWanted>().size() == 1);
    pair.listener.command(pair.now(), GrowWindow{block_lane, 2 << 20});
    pair.round(block_lane, true);
    pair.round(block_lane, true);
    const auto more = pair.round(block_lane, true);
    CHECK(more > 3 << 20);
    CHECK(more <= 4 << 20);
    CHECK_FALSE(pair.dialer.link.closed());
    CHECK_FALSE(pair.listener.link.closed());
}

TEST_CASE("link: a window that grew is free again when its sender is silent for a minute") {
    FarPair pair;
    pair.bring_up();
    for (int i = 0; i < 2; ++i) pair.round(block_lane, true);
    REQUIRE(pair.listener.take<GrowthWanted>().size() == 1);
    pair.listener.command(pair.now(), GrowWindow{block_lane, 2 << 20});
    while (pair.round(block_lane, true) > 0) {
        pair.queue_no_more();
    }
    CHECK(pair.listener.take<GrowthReturned>().empty());
    pair.run_for(2min);
    const auto returned = pair.listener.take<GrowthReturned>();
    REQUIRE(returned.size() == 1);
    CHECK(returned[0].lane == block_lane);
    CHECK(returned[0].bytes == 2 << 20);
    // Whoever starts again has the first window.
    pair.queue_again();
    CHECK(pair.round(block_lane, true) <= 2 << 20);
    CHECK(pair.round(block_lane, true) > 1 << 20);
    CHECK_FALSE(pair.dialer.link.closed());
    CHECK_FALSE(pair.listener.link.closed());
}

TEST_CASE("link: a window does not grow for a module that holds on, nor on a short path") {
    FarPair slow;
    slow.bring_up();
    for (int i = 0; i < 10; ++i) {
        slow.round(block_lane, false);
        // Takes one message a round trip, so that some credit comes, and never runs out of them.
        slow.listener.command(slow.now(), Consumed{block_lane, 100'064});
    }
    CHECK(slow.listener.take<GrowthWanted>().empty());

    LinkPair near;
    near.bring_up();
    for (int i = 0; i < 100; ++i) {
        near.dialer.command(near.now(), send_of(block_lane, 1, 1 << 20));
        near.pump();
        near.time += 1ms;
        for (const auto& m : received(near.listener)) {
            near.listener.command(near.now(), Consumed{block_lane, m.credit_bytes});
        }
        near.pump();
    }
    CHECK(near.listener.take<GrowthWanted>().empty());
}

TEST_CASE("link: credit is conserved over many messages") {
    LinkPair pair;
    pair.bring_up();
    Rng rng{42};
    std::size_t sent = 0, got = 0;
    std::vector<std::uint64_t> held;
    for (int round = 0; round < 2000; ++round) {
        if (rng.chance(0.7)) {
            pair.dialer.command(pair.now(), send_of(vote_lane, 1, rng.below(4097)));
            ++sent;
        }
        pair.pump();
        for (const auto& message : received(pair.listener)) {
            held.push_back(message.credit_bytes);
            ++got;
        }
        std::uint64_t outstanding = 0;
        for (const auto cost : held) outstanding += cost;
        CHECK(outstanding <= 64 << 10);
        rng.shuffle(held);
        while (!held.empty() && rng.chance(0.4)) {
            pair.listener.command(pair.now(), Consumed{vote_lane, held.back()});
            held.pop_back();
        }
    }
    while (got < sent) {
        for (const auto cost : held) pair.listener.command(pair.now(), Consumed{vote_lane, cost});
        held.clear();
        pair.pump();
        const auto more = received(pair.listener);
        REQUIRE_FALSE(more.empty());
        for (const auto& message : more) held.push_back(message.credit_bytes);
        got += more.size();
    }
    CHECK(got == sent);
    CHECK_FALSE(pair.dialer.link.closed());
}

TEST_CASE("link: a window as small as the largest message still carries it") {
    const std::vector<TopicSpec> topics{
        TestNode::topic("tight", Priority::transactions, 1000, 1000)};
    TestNode a{11, topics}, b{12, topics};
    SeededEntropy entropy{13};
    Side dial{Link::dial({}, a.identity, b.key.id(), at(0s), entropy)};
    Side accept{Link::accept({}, b.identity, at(0s), entropy)};
    const auto pump = [&] {
        for (int i = 0; i < 3; ++i) {
            accept.feed(at(0s), dial.produce(at(0s)));
            dial.feed(at(0s), accept.produce(at(0s)));
        }
    };
    pump();
    dial.command(at(0s), Proceed{});
    pump();
    accept.command(at(0s), Proceed{});
    pump();
    for (int i = 0; i < 5; ++i) {
        dial.command(at(0s), send_of(1, 1, 1000));
        pump();
        const auto got = received(accept);
        REQUIRE(got.size() == 1);
        accept.command(at(0s), Consumed{1, got[0].credit_bytes});
    }
    CHECK_FALSE(accept.link.closed());
}

TEST_CASE("link: output is bounded while the peer does not read") {
    LinkPair pair;
    pair.bring_up();
    for (int i = 0; i < 4; ++i) pair.dialer.command(pair.now(), send_of(bulk_lane, 1, 1000000));
    Buffer waiting;
    pair.dialer.link.produce(pair.now(), waiting, pair.dialer.events);
    CHECK(waiting.size() <= pair.config.output_bytes_max);
    CHECK(waiting.size() > pair.config.output_bytes_max - Link::produce_bytes_min);
    const auto size = waiting.size();
    pair.dialer.link.produce(pair.now(), waiting, pair.dialer.events);
    CHECK(waiting.size() == size);
    CHECK(pair.dialer.take<Drained>().empty());  // none has left its queue whole
    // Beats go unanswered: in the end the link is given up.
    pair.time = 1s;
    pair.dialer.link.on_timer(pair.now(), pair.dialer.events);
    pair.time = 21s;
    pair.dialer.link.on_timer(pair.now(), pair.dialer.events);
    CHECK(pair.dialer.closed().reason == CloseReason::silent);
}

TEST_CASE("link: a send that cannot go is given back at once") {
    LinkPair pair;
    pair.bring_up();
    pair.dialer.command(pair.now(), send_of(9, 1, 10));
    pair.dialer.command(pair.now(), send_of(vote_lane, 1, 4097));
    const auto drained = pair.dialer.take<Drained>();
    REQUIRE(drained.size() == 2);
    CHECK(drained[0].bytes == 74);
    CHECK(drained[1].bytes == 4161);
    CHECK_FALSE(pair.dialer.link.wants_to_write());
}

TEST_CASE("link: what left is told by much, with a heartbeat, or at once where someone waits") {
    LinkPair pair;
    pair.bring_up();
    const auto send = [&](std::size_t size) {
        pair.dialer.command(pair.now(), send_of(vote_lane, 1, size));
        (void)pair.dialer.produce_all(pair.now());
    };
    const auto told = [&] {
        std::uint64_t bytes = 0;
        for (const auto& drained : pair.dialer.take<Drained>()) bytes += drained.bytes;
        return bytes;
    };
    send(100);
    send(1000);
    CHECK(told() == 0);
    send(1000);
    CHECK(told() == 2100 + 3 * 64);

    send(100);
    pair.time = 15s;
    pair.dialer.link.on_timer(pair.now(), pair.dialer.events);
    (void)pair.dialer.produce_all(pair.now());
    CHECK(told() == 164);

    send(100);
    pair.dialer.command(pair.now(), TellDrained{vote_lane});
    CHECK(told() == 164);
    send(100);
    CHECK(told() == 164);
    pair.dialer.command(pair.now(), TellDrained{0});  // no such lane
    pair.dialer.command(pair.now(), TellDrained{99});
    CHECK(told() == 0);
}

TEST_CASE("link: heartbeats carry statuses both ways and measure the round trip") {
    LinkPair pair;
    pair.bring_up();
    pair.listener.command(pair.now(), SetStatus{encode_statuses({{block_lane, Buffer(3)}})});
    pair.dialer.command(pair.now(), SetStatus{encode_statuses({{vote_lane, Buffer(128)}})});
    // The dialer's first status does not wait; each way takes 40 ms.
    const auto there = pair.dialer.produce(pair.now());
    REQUIRE_FALSE(there.empty());
    pair.time += 40ms;
    pair.listener.feed(pair.now(), there);
    const auto back = pair.listener.produce(pair.now());
    pair.time += 40ms;
    pair.dialer.feed(pair.now(), back);
    const auto heard = pair.listener.take<Beat>();
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].statuses == Statuses{{vote_lane, Buffer(128)}});
    CHECK_FALSE(heard[0].round_trip);
    const auto answer = pair.dialer.take<Beat>();
    REQUIRE(answer.size() == 1);
    CHECK(answer[0].statuses == Statuses{{block_lane, Buffer(3)}});
    CHECK(answer[0].round_trip == Duration{80ms});
    // Then at a steady interval, busy or not.
    pair.run_for(15s * 4 - 80ms);
    CHECK(pair.listener.take<Beat>().size() == 4);
    CHECK(pair.dialer.take<Beat>().size() == 4);
}

TEST_CASE("link: an idle link stays up") {
    LinkPair pair;
    pair.bring_up();
    pair.run_for(24h);
    CHECK_FALSE(pair.dialer.link.closed());
    CHECK_FALSE(pair.listener.link.closed());
    CHECK(pair.listener.take<Beat>().size() == 24 * 60 * 4);
}

TEST_CASE("link: a silent dialer is released after interval and timeout") {
    LinkPair pair;
    pair.bring_up();
    CHECK(pair.listener.link.next_wakeup() == at(35s).instant);
    pair.time = 30s;
    pair.dialer.command(pair.now(), send_of(block_lane, 1, 1));
    pair.pump();  // any frame proves life (the dialer's timer is never called here)
    CHECK(pair.listener.link.next_wakeup() == at(65s).instant);
    pair.time = 65s;
    pair.listener.link.on_timer(pair.now(), pair.listener.events);
    const auto closed = pair.listener.closed();
    CHECK(closed.reason == CloseReason::silent);
    CHECK(closed.detail == "no frame for 35000 ms");
    pair.pump();
    CHECK(pair.dialer.closed().goodbye->reason == CloseReason::silent);
}

TEST_CASE("link: a probe is answered, or the link is given up") {
    for (const bool by_listener : {false, true}) {
        CAPTURE(by_listener);
        LinkPair pair;
        pair.bring_up();
        auto& prober = by_listener ? pair.listener : pair.dialer;
        SUBCASE("answered") {
            prober.command(pair.now(), Probe{2s});
            pair.pump();
            CHECK(prober.take<Alive>().size() == 1);
            CHECK(prober.take<Beat>().at(0).round_trip);
            prober.link.on_timer(at(3s), prober.events);
            CHECK_FALSE(prober.link.closed());
        }
        SUBCASE("not answered") {
            prober.command(pair.now(), Probe{2s});
            CHECK(prober.link.wants_to_write());
            CHECK(prober.link.next_wakeup() <= at(2s).instant);
            prober.link.on_timer(at(2s - 1ns), prober.events);
            CHECK_FALSE(prober.link.closed());
            prober.link.on_timer(at(2s), prober.events);
            CHECK(prober.closed().reason == CloseReason::silent);
        }
    }
}

TEST_CASE("link: a peer that sends but answers no Beat is given up later") {
    RawPeer peer;
    peer.listen_to_link_up();
    Duration end{};
    for (int i = 0; i < 200 && !peer.side->link.closed(); ++i) {
        peer.time += 1s;
        peer.side->link.on_timer(peer.now(), peer.side->events);
        if (peer.side->link.closed()) break;
        peer.receive();
        peer.send(chunk_bytes(block_lane, 3, bytes_of("still here")));
        end = peer.time;
    }
    CHECK(peer.side->closed().reason == CloseReason::silent);
    CHECK(end > 75s);
    CHECK(end < 85s);
}

TEST_CASE("link: Refuse ends a link that is up with its reason, queued messages or not") {
    LinkPair pair;
    pair.bring_up();
    pair.dialer.command(pair.now(), send_of(bulk_lane, 1, 1 << 20));
    pair.dialer.command(pair.now(), Refuse{{.reason = CloseReason::shutting_down,
                                            .sender_value = {},
                                            .receiver_value = {},
                                            .others = {}}});
    CHECK(pair.dialer.closed().reason == CloseReason::shutting_down);
    const auto last_words = pair.dialer.produce(pair.now());
    CHECK(last_words.size() < 100);
    CHECK(pair.dialer.produce(pair.now()).empty());
    pair.listener.feed(pair.now(), last_words);
    const auto closed = pair.listener.closed();
    CHECK(closed.reason == CloseReason::shutting_down);
    CHECK(closed.bytes_in > m1_bytes + m3_bytes);
    CHECK(closed.bytes_out > m2_bytes);
    // Whatever comes afterwards is not heard.
    pair.listener.link.on_end(pair.now(), CloseReason::truncated, pair.listener.events);
    pair.listener.command(pair.now(), Proceed{});
    pair.listener.command(pair.now(), send_of(bulk_lane, 1, 10));
    pair.listener.link.on_timer(at(1h), pair.listener.events);
    CHECK(pair.listener.events.empty());
}

TEST_CASE("link: a node that is stalled says so in its heartbeats, and is left in the end") {
    LinkConfig config;
    auto turn = std::make_shared<NodeTurn>();
    LinkPair pair{config};
    // The listener's node does not come back; its links go on.
    config.node_turn = turn;
    pair.listener.link =
        Link::accept(config, pair.listener_node.identity, pair.now(), pair.entropy);
    pair.bring_up();
    turn->begin(pair.now().instant);
    for (int i = 0; i < 2; ++i) {
        pair.time += 15s;
        pair.dialer.link.on_timer(pair.now(), pair.dialer.events);
        pair.listener.link.on_timer(pair.now(), pair.listener.events);
        pair.pump();
        if (i == 0) CHECK_FALSE(pair.dialer.link.closed());
    }
    const auto closed = pair.dialer.closed();
    CHECK(closed.reason == CloseReason::silent);
    CHECK(closed.detail == "its node has been stalled for 30000 ms");
}

TEST_CASE("link: a node that waits for work is not stalled, however long") {
    LinkConfig config;
    config.node_turn = std::make_shared<NodeTurn>();
    LinkPair pair{config};
    pair.bring_up();
    for (int i = 0; i < 10; ++i) {
        pair.time += 15s;
        pair.dialer.link.on_timer(pair.now(), pair.dialer.events);
        pair.listener.link.on_timer(pair.now(), pair.listener.events);
        pair.pump();
    }
    CHECK_FALSE(pair.dialer.link.closed());
    CHECK_FALSE(pair.listener.link.closed());
}

}  // namespace
}  // namespace parley::transport
