#include <parley/transport/handshake/version_notice.hpp>
#include <parley/transport/link/test_link_pair.hpp>

#include <doctest/doctest.h>

namespace parley::transport {
namespace {

using namespace testing;

Goodbye goodbye_of(CloseReason reason) {
    return {.reason = reason, .sender_value = "mine", .receiver_value = "yours", .others = {}};
}

TEST_CASE("link: two links come up, whole or one byte at a time") {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
        LinkPair pair;
        pair.bring_up(step);
        pair.dialer.command(pair.now(), send_of(block_lane, 5, 300));
        pair.listener.command(pair.now(), send_of(vote_lane, 6, 0));
        pair.pump(step);
        const auto there = received(pair.listener);
        REQUIRE(there.size() == 1);
        CHECK(there[0].lane == block_lane);
        CHECK(there[0].code == 5);
        CHECK(there[0].bytes == pattern(300, 1));
        CHECK(there[0].credit_bytes == 364);
        const auto back = received(pair.dialer);
        REQUIRE(back.size() == 1);
        CHECK(back[0].lane == vote_lane);
        CHECK(back[0].bytes.empty());
    }
}

TEST_CASE("link: both sides learn who the other is, and how far away") {
    LinkPair pair;
    pair.time = 10ms;
    pair.pump();
    const auto seen_by_dialer = pair.dialer.take<Authenticated>();
    REQUIRE(seen_by_dialer.size() == 1);
    CHECK(seen_by_dialer[0].peer == pair.listener_node.key.id());
    CHECK(seen_by_dialer[0].round_trip == 10ms);
    CHECK(seen_by_dialer[0].hello.topics == pair.listener_node.identity->hello.topics);
    CHECK_FALSE(pair.listener.has<Authenticated>());  // not before the dialer proceeds
    pair.time += 25ms;
    pair.dialer.command(pair.now(), Proceed{});
    pair.pump();
    const auto seen_by_listener = pair.listener.take<Authenticated>();
    REQUIRE(seen_by_listener.size() == 1);
    CHECK(seen_by_listener[0].peer == pair.dialer_node.key.id());
    CHECK(seen_by_listener[0].round_trip == 25ms);
    CHECK_FALSE(pair.dialer.has<Up>());  // not before Ready
}

TEST_CASE("link: the listener refuses; the dialer learns why") {
    LinkPair pair;
    pair.pump();
    pair.dialer.command(pair.now(), Proceed{});
    pair.pump();
    auto goodbye = goodbye_of(CloseReason::too_many_peers);
    goodbye.others.push_back(record_of(key_of(77)));
    pair.listener.command(pair.now(), Refuse{goodbye});
    CHECK(pair.listener.closed().reason == CloseReason::too_many_peers);
    CHECK(pair.listener.link.wants_to_write());
    pair.pump();
    const auto closed = pair.dialer.closed();
    CHECK(closed.reason == CloseReason::too_many_peers);
    REQUIRE(closed.goodbye);
    CHECK(closed.goodbye->sender_value == "mine");
    CHECK(closed.goodbye->receiver_value == "yours");
    REQUIRE(closed.goodbye->others.size() == 1);
    CHECK(closed.goodbye->others[0].id() == key_of(77).id());
    CHECK_FALSE(pair.listener.link.wants_to_write());
}

TEST_CASE("link: the dialer refuses; the listener is told in the same breath as M3") {
    LinkPair pair;
    pair.pump();
    pair.dialer.command(pair.now(), Refuse{goodbye_of(CloseReason::wrong_network)});
    CHECK(pair.dialer.has<Closed>());
    pair.pump(3);
    CHECK(pair.listener.has<Authenticated>());
    const auto closed = pair.listener.closed();
    CHECK(closed.reason == CloseReason::wrong_network);
    CHECK(closed.goodbye->receiver_value == "yours");
}

TEST_CASE("link: abandoning says nothing") {
    LinkPair pair;
    pair.pump();
    pair.dialer.command(pair.now(), Abandon{CloseReason::tie_lost});
    CHECK(pair.dialer.closed().reason == CloseReason::tie_lost);
    CHECK(pair.dialer.produce(pair.now()).empty());
    pair.listener.link.on_end(pair.now(), CloseReason::truncated, pair.listener.events);
    CHECK(pair.listener.closed().reason == CloseReason::truncated);
}

TEST_CASE("link: each time limit of the handshake") {
    const auto wait = [](Side& side, Duration until) {
        // One moment before, nothing happens; at the moment it ends.
        CHECK(side.link.next_wakeup() == at(until).instant);
        side.link.on_timer(at(until - 1ns), side.events);
        CHECK_FALSE(side.link.closed());
        side.link.on_timer(at(until), side.events);
        CHECK(side.closed().reason == CloseReason::handshake_timeout);
        CHECK(side.link.next_wakeup() == never);
        CHECK(side.produce(at(until)).empty());
    };
    SUBCASE("no M1") {
        LinkPair pair;
        pair.listener.feed(pair.now(), Buffer(m1_bytes - 1, std::byte{0}));
        wait(pair.listener, 2s);
    }
    SUBCASE("no M2") {
        LinkPair pair;
        wait(pair.dialer, 5s);
    }
    SUBCASE("no M3") {
        LinkPair pair;
        pair.pump();
        pair.listener.produce(pair.now());
        wait(pair.listener, 5s);
    }
    SUBCASE("no decision of the dialing side") {
        LinkPair pair;
        pair.pump();
        pair.dialer.events.clear();
        wait(pair.dialer, 10s);
    }
    SUBCASE("no Ready, and no decision of the listening side") {
        LinkPair pair;
        pair.pump();
        pair.dialer.command(pair.now(), Proceed{});
        pair.pump();
        pair.dialer.events.clear();
        pair.listener.events.clear();
        wait(pair.dialer, 10s);
        wait(pair.listener, 10s);
    }
}

TEST_CASE("link: bytes that are no handshake close in silence") {
    LinkPair pair;
    SUBCASE("an HTTP request") {
        Buffer request = to_buffer(bytes_of("GET / HTTP/1.1\r\n"));
        request.resize(m1_bytes, std::byte{'x'});
        pair.listener.feed(pair.now(), request);
        const auto closed = pair.listener.closed();
        CHECK(closed.reason == CloseReason::handshake_failed);
        CHECK(closed.detail == message(HandshakeError{HandshakeErrc::bad_magic}));
    }
    SUBCASE("more than M1") {
        auto m1 = pair.dialer.produce(pair.now());
        m1.push_back(std::byte{0});
        pair.listener.feed(pair.now(), m1);
        const auto closed = pair.listener.closed();
        CHECK(closed.reason == CloseReason::handshake_failed);
        CHECK(closed.detail == "expected 88 bytes, got 89");
    }
    CHECK(pair.listener.produce(pair.now()).empty());
}

TEST_CASE("link: more than M2 closes the dial") {
    for (const bool together : {true, false}) {
        LinkPair pair;
        pair.listener.feed(pair.now(), pair.dialer.produce(pair.now()));
        auto m2 = pair.listener.produce(pair.now());
        if (together) m2.push_back(std::byte{0});
        pair.dialer.feed(pair.now(), m2);
        if (!together) pair.dialer.feed(pair.now(), Buffer(1));
        const auto closed = pair.dialer.closed();
        CHECK(closed.reason == CloseReason::handshake_failed);
        CHECK(closed.detail == (together ? "expected 1747 bytes, got 1748"
                                         : "expected nothing after M2, got 1 bytes"));
        CHECK(pair.dialer.produce(pair.now()).empty());
    }
}

TEST_CASE("link: an edited M2 or M3 closes in silence") {
    LinkPair pair;
    pair.listener.feed(pair.now(), pair.dialer.produce(pair.now()));
    auto m2 = pair.listener.produce(pair.now());
    SUBCASE("M2") {
        m2.back() ^= std::byte{1};
        pair.dialer.feed(pair.now(), m2);
        const auto closed = pair.dialer.closed();
        CHECK(closed.reason == CloseReason::handshake_failed);
        CHECK(closed.detail == message(HandshakeError{HandshakeErrc::bad_tag}));
        CHECK(pair.dialer.produce(pair.now()).empty());
    }
    SUBCASE("M3") {
        pair.dialer.feed(pair.now(), m2);
        pair.dialer.command(pair.now(), Proceed{});
        auto m3 = pair.dialer.produce(pair.now());
        REQUIRE(m3.size() == m3_bytes);
        m3[100] ^= std::byte{0x80};
        pair.listener.feed(pair.now(), m3);
        const auto closed = pair.listener.closed();
        CHECK(closed.reason == CloseReason::handshake_failed);
        CHECK(pair.listener.produce(pair.now()).empty());
    }
}

TEST_CASE("link: a dial to another node than the one that answers") {
    TestNode dialer{11};
    TestNode listener{12};
    SeededEntropy entropy{13};
    Side dial{Link::dial({}, dialer.identity, key_of(99).id(), at(0s), entropy)};
    Side accept{Link::accept({}, listener.identity, at(0s), entropy)};
    accept.feed(at(0s), dial.produce(at(0s)));
    CHECK(accept.closed().reason == CloseReason::wrong_destination);
    CHECK(accept.produce(at(0s)).empty());
    dial.link.on_end(at(0s), CloseReason::truncated, dial.events);
    CHECK(dial.closed().reason == CloseReason::truncated);
}

TEST_CASE("link: two that share no version know of each other which they speak") {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
        TestNode dialer{11};
        TestNode listener{12, TestNode::default_topics(), 65536, {2, 3}};
        SeededEntropy entropy{13};
        Side dial{Link::dial({}, dialer.identity, listener.key.id(), at(0s), entropy)};
        Side accept{Link::accept({}, listener.identity, at(0s), entropy)};
        accept.feed(at(0s), dial.produce(at(0s)), step);
        const auto refused = accept.closed();
        CHECK(refused.reason == CloseReason::no_common_version);
        CHECK(refused.detail == "no common version: ours up to 3, theirs 1");
        const auto notice = accept.produce(at(0s));
        CHECK(notice.size() == version_notice_bytes);
        CHECK_FALSE(accept.link.wants_to_write());
        dial.feed(at(0s), notice, step);
        const auto closed = dial.closed();
        CHECK(closed.reason == CloseReason::no_common_version);
        CHECK(closed.detail == "it speaks 2 to 3, we 1");
        CHECK(dial.produce(at(0s)).empty());
    }
}

TEST_CASE("link: of the versions that two share, they take the highest") {
    struct Row {
        VersionRange dialer, listener;
        std::uint16_t version;
    };
    for (const auto& row : {Row{{1, 1}, {1, 2}, 1}, Row{{1, 2}, {1, 1}, 1}, Row{{1, 2}, {1, 2}, 2},
                            Row{{2, 2}, {1, 2}, 2}, Row{{1, 2}, {2, 3}, 2}}) {
        CAPTURE(row.version);
        LinkPair pair{row.dialer, row.listener};
        pair.pump();
        const auto seen = pair.dialer.take<Authenticated>();
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].version == row.version);
        pair.dialer.command(pair.now(), Proceed{});
        pair.pump();
        CHECK(pair.listener.take<Authenticated>().at(0).version == row.version);
    }
}

TEST_CASE("link: what looks like a version notice and is none") {
    LinkPair pair;
    const auto m1 = pair.dialer.produce(pair.now());
    auto notice = to_buffer(encode_version_notice({2, 3}, m1, pair.listener_node.key.id()));
    SUBCASE("forged without M1") {
        notice.back() ^= std::byte{1};
    }
    SUBCASE("with more after it") {
        notice.push_back(std::byte{0});
    }
    pair.dialer.feed(pair.now(), notice);
    const auto closed = pair.dialer.closed();
    CHECK(closed.reason == CloseReason::handshake_failed);
    CHECK(closed.detail == "a version notice that is none");
}

TEST_CASE("link: a dial to ourselves") {
    TestNode node{11};
    SeededEntropy entropy{13};
    Side dial{Link::dial({}, node.identity, node.key.id(), at(0s), entropy)};
    Side accept{Link::accept({}, node.identity, at(0s), entropy)};
    accept.feed(at(0s), dial.produce(at(0s)));
    dial.feed(at(0s), accept.produce(at(0s)));
    CHECK(dial.closed().reason == CloseReason::self_dial);
    CHECK(dial.produce(at(0s)).empty());
}

TEST_CASE("link: data before Ready closes with what came") {
    RawPeer peer;
    SUBCASE("a message, to the listener") {
        peer.dial_link();
        peer.send(chunk_bytes(block_lane, 3, bytes_of("early")));
        CHECK(peer.side->closed().detail == "lane 1: before Ready: lane or code 1");
    }
    SUBCASE("a Beat, to the listener") {
        peer.dial_link();
        peer.send(control_bytes(ControlCode::beat, encode_beat(1, false, {})));
        CHECK(peer.side->closed().detail == "control: before Ready: lane or code 2");
    }
    SUBCASE("a message, to the dialer") {
        peer.listen_to_link();
        peer.send(chunk_bytes(block_lane, 3, bytes_of("early")));
        const auto closed = peer.side->closed();
        CHECK(closed.reason == CloseReason::protocol_error);
        CHECK(closed.detail == "lane 1: before Ready: lane or code 1");
    }
    SUBCASE("Ready from the side that dialed") {
        peer.dial_link();
        peer.send(control_bytes(ControlCode::ready, {}));
        const auto closed = peer.side->closed();
        CHECK(closed.reason == CloseReason::protocol_error);
        CHECK(closed.detail == "control: Ready that was not expected");
    }
    // The other side is told, in an authenticated way.
    const auto words = peer.receive_control(ControlCode::goodbye);
    REQUIRE(words.size() == 1);
    CHECK(decode_goodbye(words[0])->reason == CloseReason::misbehaviour);
}

TEST_CASE("link: bytes after M3 that are no frame") {
    RawPeer peer;
    peer.dial_link();
    peer.side->feed(peer.now(), Buffer(64, std::byte{0}));
    const auto closed = peer.side->closed();
    CHECK(closed.reason == CloseReason::bad_frame);
    CHECK(closed.detail == "frame length: expected 1 to 65536, got 0");
}

}  // namespace
}  // namespace parley::transport
