// What the tests of Link share: two Links joined in memory in virtual time, and a peer whose
// frames are made by hand.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/transport/handshake/handshake.hpp>
#include <parley/transport/handshake/test_handshake.hpp>
#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/control.hpp>
#include <parley/transport/link/frame.hpp>
#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/link/link.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace parley::transport::testing {

/// A node: its key and what its links say of it. Topics: block (lane 1), bulk (2), vote (3).
struct TestNode {
    NodeKey key;
    std::shared_ptr<const LinkIdentity> identity;

    explicit TestNode(std::uint64_t seed, std::vector<TopicSpec> topics = default_topics(),
                      std::uint32_t frame_bytes_max = 65536, VersionRange versions = {})
        : key(key_of(seed)) {
        auto hello = hello_of(key);
        hello.version_min = versions.min;
        hello.version_max = versions.max;
        hello.frame_bytes_max = frame_bytes_max;
        hello.topics.clear();
        for (const auto& topic : topics) {
            hello.topics.push_back(
                {topic.name, topic.version, topic.window_bytes, topic.message_bytes_max});
        }
        identity = std::make_shared<const LinkIdentity>(
            LinkIdentity{.key = &key, .hello = std::move(hello), .topics = std::move(topics)});
    }
    TestNode(const TestNode&) = delete;
    TestNode& operator=(const TestNode&) = delete;

    static TopicSpec topic(std::string name, Priority priority, std::uint32_t window,
                           std::uint32_t message_max) {
        TopicSpec spec;
        spec.name = std::move(name);
        spec.priority = priority;
        spec.window_bytes = window;
        spec.message_bytes_max = message_max;
        return spec;
    }
    static std::vector<TopicSpec> default_topics() {
        return {topic("block", Priority::blocks, 2 << 20, 1 << 20),
                topic("bulk", Priority::bulk, 4 << 20, 1 << 20),
                topic("vote", Priority::consensus, 64 << 10, 4 << 10)};
    }
};
inline constexpr LaneId block_lane = 1, bulk_lane = 2, vote_lane = 3;

inline Now at(Duration since_start) {
    return Now{Instant{1h + since_start}, UnixTime{1h}};
}

/// A Link with the events that it gave.
struct Side {
    Link link;
    std::vector<LinkEvent> events;

    explicit Side(Link l) : link(std::move(l)) {}

    void command(Now now, LinkCommand command) { link.on_command(now, std::move(command), events); }
    Buffer produce(Now now) {
        Buffer out;
        link.produce(now, out, events);
        return out;
    }
    /// All that it has to say, however much.
    Buffer produce_all(Now now) {
        Buffer out;
        for (auto part = produce(now); !part.empty(); part = produce(now)) append(out, part);
        return out;
    }
    void feed(Now now, Buffer bytes, std::size_t step = SIZE_MAX) {
        for (std::size_t i = 0; i < bytes.size();) {
            const auto size = std::min(step, bytes.size() - i);
            link.on_bytes(now, MutableBytes{bytes}.subspan(i, size), events);
            i += size;
        }
    }
    /// Removes and returns the events of one kind.
    template <class Event>
    std::vector<Event> take() {
        std::vector<Event> out;
        std::vector<LinkEvent> rest;
        for (auto& event : events) {
            if (auto* e = std::get_if<Event>(&event)) {
                out.push_back(std::move(*e));
            } else {
                rest.push_back(std::move(event));
            }
        }
        events = std::move(rest);
        return out;
    }
    template <class Event>
    bool has() const {
        for (const auto& event : events) {
            if (std::holds_alternative<Event>(event)) return true;
        }
        return false;
    }
    /// The one Closed, which must be the last event.
    Closed closed() {
        REQUIRE_FALSE(events.empty());
        REQUIRE(std::holds_alternative<Closed>(events.back()));
        auto closed = take<Closed>();
        REQUIRE(closed.size() == 1);
        CHECK(link.closed());
        return closed.front();
    }
};

struct Received {
    LaneId lane;
    Code code;
    Buffer bytes;
    std::uint64_t credit_bytes;
};
inline std::vector<Received> received(Side& side) {
    std::vector<Received> out;
    for (auto& delivered : side.take<Delivered>()) {
        delivered.visit([&](const Delivered::Item& item) {
            out.push_back(
                {item.lane, item.code, to_buffer(item.bytes), credit_cost(item.bytes.size())});
            return true;
        });
    }
    return out;
}

inline Buffer pattern(std::size_t size, std::uint64_t seed) {
    Buffer out(size);
    SeededEntropy{seed}.fill(out);
    return out;
}
inline Send send_of(LaneId lane, Code code, std::size_t size, std::uint64_t seed = 1) {
    return {lane, code, SharedBytes::own(pattern(size, seed))};
}

/// Two nodes and one link between them.
struct LinkPair {
    LinkConfig config;
    TestNode dialer_node{11};
    TestNode listener_node{12};
    SeededEntropy entropy{13};
    Duration time{0};
    Side dialer;
    Side listener;

    explicit LinkPair(LinkConfig c = {})
        : config(c),
          dialer(Link::dial(c, dialer_node.identity, listener_node.key.id(), now(), entropy)),
          listener(Link::accept(c, listener_node.identity, now(), entropy)) {}

    LinkPair(VersionRange dialers, VersionRange listeners)
        : dialer_node(11, TestNode::default_topics(), 65536, dialers),
          listener_node(12, TestNode::default_topics(), 65536, listeners),
          dialer(Link::dial({}, dialer_node.identity, listener_node.key.id(), now(), entropy)),
          listener(Link::accept({}, listener_node.identity, now(), entropy)) {}

    Now now() const { return at(time); }

    /// Moves bytes until nothing more comes, in pieces of `step`.
    void pump(std::size_t step = SIZE_MAX) {
        while (true) {
            const auto there = dialer.produce(now());
            listener.feed(now(), there, step);
            const auto back = listener.produce(now());
            dialer.feed(now(), back, step);
            if (there.empty() && back.empty()) return;
        }
    }
    /// Handshake, both accept, and all else until both are up.
    void bring_up(std::size_t step = SIZE_MAX) {
        pump(step);
        REQUIRE(dialer.take<Authenticated>().size() == 1);
        dialer.command(now(), Proceed{});
        pump(step);
        REQUIRE(listener.take<Authenticated>().size() == 1);
        listener.command(now(), Proceed{});
        pump(step);
        REQUIRE(dialer.take<Up>().size() == 1);
        CHECK(dialer.events.empty());
        CHECK(listener.events.empty());
    }
    /// Lets time pass, waking both sides when they want it and moving bytes.
    void run_for(Duration duration) {
        const auto end = time + duration;
        while (true) {
            const auto wake = std::min(dialer.link.next_wakeup(), listener.link.next_wakeup());
            if (wake > at(end).instant) break;
            time = std::max(time, wake - at({}).instant);
            dialer.link.on_timer(now(), dialer.events);
            listener.link.on_timer(now(), listener.events);
            pump();
        }
        time = end;
    }
};

/// A chunk as bytes, right or wrong.
inline Buffer chunk_bytes(LaneId lane, unsigned flags, Bytes bytes, Code code = 7,
                          std::optional<std::uint32_t> total = std::nullopt) {
    Buffer out{std::byte{lane}, static_cast<std::byte>(flags)};
    append_be(out, static_cast<std::uint16_t>(bytes.size()));
    if ((flags & chunk_flag::first) != 0) {
        append_be(out, code);
        append_be(out, total.value_or(static_cast<std::uint32_t>(bytes.size())));
    }
    append(out, bytes);
    return out;
}
inline Buffer control_bytes(ControlCode code, Bytes body) {
    return chunk_bytes(control_lane, 3, body, static_cast<Code>(code));
}

/// One Link, and at its other end a peer that seals what the test tells it to.
struct RawPeer {
    TestNode link_node{11};
    TestNode raw_node{12};
    SeededEntropy entropy{13};
    Duration time{0};
    LinkConfig config;
    std::optional<Side> side;  // the Link under test
    std::optional<FrameSealer> sealer;
    std::optional<FrameOpener> opener;

    Now now() const { return at(time); }
    VersionRange versions() const { return {}; }

    /// The Link listens; the raw peer has sent M3, and the Link waits for a command.
    void dial_link() {
        side.emplace(Link::accept(config, link_node.identity, now(), entropy));
        Initiator raw{raw_node.key, link_node.key.id(), encode_hello(raw_node.identity->hello),
                      versions(), entropy};
        side->feed(now(), to_buffer(raw.write_m1()));
        REQUIRE(raw.read_m2(side->produce(now())));
        side->feed(now(), raw.write_m3());
        REQUIRE(side->take<Authenticated>().size() == 1);
        use(raw.take_keys(), true);
    }
    /// The Link dials and was told to proceed; the raw peer has read M3.
    void listen_to_link() {
        side.emplace(Link::dial(config, link_node.identity, raw_node.key.id(), now(), entropy));
        Responder raw{raw_node.key, encode_hello(raw_node.identity->hello), versions(), entropy};
        REQUIRE(raw.read_m1(side->produce(now())));
        side->feed(now(), raw.write_m2().value());
        REQUIRE(side->take<Authenticated>().size() == 1);
        side->command(now(), Proceed{});
        REQUIRE(raw.read_m3(side->produce(now())));
        use(raw.take_keys(), false);
    }
    /// A listening Link that is up, with Ready read by the raw peer.
    void dial_link_up() {
        dial_link();
        side->command(now(), Proceed{});
        const auto msgs = receive();
        REQUIRE(msgs.size() == 1);
        CHECK(msgs[0] == control_bytes(ControlCode::ready, {}));
    }
    /// A dialing Link that is up.
    void listen_to_link_up() {
        listen_to_link();
        send(control_bytes(ControlCode::ready, {}));
        REQUIRE(side->take<Up>().size() == 1);
    }

    Buffer seal(Bytes msg) {
        Buffer frame(frame_header_bytes + msg.size());
        REQUIRE(sealer->seal(std::span{&msg, 1}, frame));
        return frame;
    }
    void send(Bytes msg) { side->feed(now(), seal(msg)); }
    /// The msgs of all frames that the Link wants to send.
    std::vector<Buffer> receive() {
        std::vector<Buffer> out;
        auto bytes = side->produce(now());
        MutableBytes rest{bytes};
        while (true) {
            const auto msg = opener->next(rest);
            REQUIRE(msg);
            if (!*msg) return out;
            out.push_back(to_buffer(**msg));
        }
    }
    /// The control messages with this code among them.
    std::vector<Buffer> receive_control(ControlCode code) {
        std::vector<Buffer> out;
        for (const auto& msg : receive()) {
            Bytes rest{msg};
            while (!rest.empty()) {
                const auto chunk = take_chunk(rest);
                REQUIRE(chunk);
                if (chunk->lane == control_lane && chunk->code == static_cast<Code>(code)) {
                    out.push_back(to_buffer(chunk->bytes));
                }
            }
        }
        return out;
    }

private:
    void use(SessionKeys keys, bool initiator) {
        sealer.emplace(initiator ? keys.initiator_to_responder : keys.responder_to_initiator);
        opener.emplace(initiator ? keys.responder_to_initiator : keys.initiator_to_responder,
                       frame_msg_bytes_max);
    }
};

}  // namespace parley::transport::testing
