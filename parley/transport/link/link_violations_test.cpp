// What an authenticated peer may not do, and the exact words that end its link.
#include <parley/transport/link/test_link_pair.hpp>

#include <doctest/doctest.h>

#include <functional>

namespace parley::transport {
namespace {

using namespace testing;

constexpr unsigned first = chunk_flag::first, last = chunk_flag::last;

Buffer join(std::initializer_list<Buffer> parts) {
    Buffer out;
    for (const auto& part : parts) append(out, part);
    return out;
}

Buffer credit(LaneId lane, std::uint64_t limit) {
    return control_bytes(ControlCode::credit, encode_credit({lane, limit}));
}

Buffer beat(Buffer body) {
    return control_bytes(ControlCode::beat, body);
}

Buffer bytes(std::initializer_list<unsigned> values) {
    Buffer out;
    for (const auto value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}

struct Violation {
    const char* name;
    std::vector<Buffer> msgs;
    const char* detail;
};

// Lanes: block 1 (window 2 MiB, messages 1 MiB), bulk 2 (4 MiB), vote 3 (64 KiB, 4 KiB).
std::vector<Violation> violations() {
    const Buffer five(5, std::byte{'x'});
    const Buffer part(512, std::byte{'x'});
    const Buffer full(4096, std::byte{'x'});
    std::vector<Violation> table{
        {"half a header", {bytes({1, 3, 0})}, "chunk: expected 4 bytes in the frame, got 3"},
        {"a first chunk's header cut",
         {bytes({1, 3, 0, 0, 0})},
         "chunk: expected 10 bytes in the frame, got 5"},
        {"size beyond the frame",
         {join({bytes({1, 3, 0, 6, 0, 7, 0, 0, 0, 6}), five})},
         "chunk: expected 16 bytes in the frame, got 15"},
        {"unknown flags", {chunk_bytes(1, 7, five)}, "chunk flags: expected 0 to 3, got 7"},
        {"unknown lane", {chunk_bytes(4, 3, five)}, "lane 4: lane: expected 0 to 3, got 4"},
        {"the highest lane number",
         {chunk_bytes(255, 3, five)},
         "lane 255: lane: expected 0 to 3, got 255"},
        {"a chunk without first",
         {chunk_bytes(1, 0, five)},
         "lane 1: chunk of 5 bytes without a first one"},
        {"a chunk after last",
         {chunk_bytes(1, first | last, five), chunk_bytes(1, last, five)},
         "lane 1: chunk of 5 bytes without a first one"},
        {"first inside a message",
         {chunk_bytes(1, first, part, 7, 519), chunk_bytes(1, first, five, 7, 9)},
         "lane 1: a message of 9 bytes began while 7 bytes of another were to come"},
        {"total larger than the topic allows",
         {chunk_bytes(3, first, five, 7, 4097)},
         "lane 3: message: expected at most 4096 bytes, got 4097"},
        {"total of 4 GiB",
         {chunk_bytes(1, first, five, 7, 0xffffffff)},
         "lane 1: message: expected at most 1048576 bytes, got 4294967295"},
        {"one chunk, smaller than its total",
         {chunk_bytes(1, first | last, five, 7, 6)},
         "lane 1: chunk: expected 6 bytes to the end of the message, got 5"},
        {"one chunk, larger than its total",
         {chunk_bytes(1, first | last, five, 7, 4)},
         "lane 1: chunk: expected 4 bytes to the end of the message, got 5"},
        {"all bytes, but not last",
         {chunk_bytes(1, first, five, 7, 5)},
         "lane 1: chunk: expected 5 bytes to the end of the message, got 5"},
        {"the sum is too small",
         {chunk_bytes(1, first, part, 7, 519), chunk_bytes(1, last, five)},
         "lane 1: chunk: expected 7 bytes to the end of the message, got 5"},
        {"the sum is too large",
         {chunk_bytes(1, first, part, 7, 1026), chunk_bytes(1, 0, part),
          chunk_bytes(1, last, five)},
         "lane 1: chunk: expected 2 bytes to the end of the message, got 5"},
        {"all bytes in the middle, but not last",
         {chunk_bytes(1, first, part, 7, 517), chunk_bytes(1, 0, five)},
         "lane 1: chunk: expected 5 bytes to the end of the message, got 5"},
        {"an empty first chunk",
         {chunk_bytes(1, first, {}, 7, 12)},
         "lane 1: chunk: expected at least 512 bytes before the last one, got 0"},
        {"a first chunk of a byte too few",
         {chunk_bytes(1, first, Bytes{part}.first(511), 7, 1000)},
         "lane 1: chunk: expected at least 512 bytes before the last one, got 511"},
        {"an empty chunk in the middle",
         {chunk_bytes(1, first, part, 7, 519), chunk_bytes(1, 0, {})},
         "lane 1: chunk: expected at least 512 bytes before the last one, got 0"},
        {"an empty last chunk",
         {chunk_bytes(1, first, part, 7, 519), chunk_bytes(1, last, {})},
         "lane 1: chunk: expected 7 bytes to the end of the message, got 0"},
        {"a control message in two chunks",
         {chunk_bytes(0, first, five, 2, 12)},
         "control: a control message in several chunks"},
        {"a control chunk without first",
         {chunk_bytes(0, last, five)},
         "control: a control message in several chunks"},
        {"a control message of another total",
         {chunk_bytes(0, 3, five, 2, 6)},
         "control: a control message in several chunks"},
        {"a large control message",
         {chunk_bytes(0, 3, Buffer(4097), 2)},
         "control: control message: expected at most 4096 bytes, got 4097"},
        {"an unknown control code",
         {chunk_bytes(0, 3, five, 5)},
         "control code: expected a known one, got 5"},
        {"Ready again",
         {control_bytes(ControlCode::ready, {})},
         "control: Ready that was not expected"},
        {"a short Credit",
         {control_bytes(ControlCode::credit, five)},
         "Credit: control message: expected 9, got 5"},
        {"Credit for control", {credit(0, 1 << 30)}, "Credit: lane: expected 0 to 3, got 0"},
        {"Credit for no lane", {credit(4, 1 << 30)}, "Credit: lane: expected 0 to 3, got 4"},
        {"Credit beyond what was sent",
         {credit(3, (64 << 20) + 64)},
         "Credit: credit beyond what was sent: expected at most 67108864, got 67108928"},
        {"Credit that grants nothing",
         {credit(3, 64 << 10)},
         "Credit: credit limit: expected at least 65600, got 65536"},
        {"Credit taken back",
         {credit(3, 100)},
         "Credit: credit limit: expected at least 65600, got 100"},
        {"an empty Blocked",
         {control_bytes(ControlCode::blocked, {})},
         "Blocked: control message: expected 1, got 0"},
        {"Blocked of control",
         {control_bytes(ControlCode::blocked, bytes({0}))},
         "Blocked: control message: expected 3, got 0"},
        {"Blocked of no lane",
         {control_bytes(ControlCode::blocked, bytes({4}))},
         "Blocked: control message: expected 3, got 4"},
        {"a short Returned",
         {control_bytes(ControlCode::returned, five)},
         "Returned: control message: expected 9, got 5"},
        {"Returned of no lane",
         {control_bytes(ControlCode::returned, encode_credit({4, 1}))},
         "Returned: lane: expected 0 to 3, got 4"},
        {"a short Beat", {beat(five)}, "Beat: control message: expected 6, got 5"},
        {"a Beat of an unknown kind",
         {beat(bytes({0, 0, 0, 1, 3, 0}))},
         "Beat: control message: expected 0, got 3"},
        {"a Beat with too few statuses",
         {beat(bytes({0, 0, 0, 1, 1, 1}))},
         "Beat: control message: expected 8, got 6"},
        {"a Beat with a status cut short",
         {beat(bytes({0, 0, 0, 1, 1, 1, 2, 5, 9}))},
         "Beat: control message: expected 13, got 9"},
        {"a Beat with bytes after its statuses",
         {beat(bytes({0, 0, 0, 1, 1, 0, 9}))},
         "Beat: control message: expected 6, got 7"},
        {"a Beat with a status of no lane",
         {beat(bytes({0, 0, 0, 1, 1, 1, 4, 0}))},
         "Beat: control message: expected 3, got 4"},
        {"a Beat with a lane twice",
         {beat(bytes({0, 0, 0, 1, 1, 2, 2, 0, 2, 0}))},
         "Beat: control message: expected 3, got 2"},
        {"a Beat with a long status",
         {beat(join({bytes({0, 0, 0, 1, 1, 1, 1, 129}), Buffer(129)}))},
         "Beat: control message: expected 128, got 129"},
        {"an answer to nothing",
         {beat(encode_beat(1, true, {}))},
         "Beat: answer to Beat 1, the last one sent is 0"},
        {"a malformed Goodbye", {control_bytes(ControlCode::goodbye, five)}, nullptr},
    };
    // 15 messages of 4,096 + 64 fit in the 64 KiB of lane 3 and leave 3,136.
    Violation over{
        "more than the credit", {}, "lane 3: credit: expected a cost of at most 3136, got 3137"};
    for (int i = 0; i < 15; ++i) over.msgs.push_back(chunk_bytes(3, 3, full));
    over.msgs.push_back(chunk_bytes(3, first, five, 7, 3137 - 64));
    table.push_back(std::move(over));
    return table;
}

TEST_CASE("link: every broken rule closes with its own words, and says so") {
    for (const auto& violation : violations()) {
        CAPTURE(std::string{violation.name});
        for (const bool link_dialed : {false, true}) {
            RawPeer peer;
            if (link_dialed) {
                peer.listen_to_link_up();
            } else {
                peer.dial_link_up();
            }
            for (std::size_t i = 0; i < violation.msgs.size(); ++i) {
                CHECK_FALSE(peer.side->link.closed());
                peer.send(violation.msgs[i]);
            }
            const auto closed = peer.side->closed();
            CHECK(closed.reason == CloseReason::protocol_error);
            if (violation.detail) CHECK(closed.detail == violation.detail);
            CHECK_FALSE(closed.goodbye);
            const auto words = peer.receive_control(ControlCode::goodbye);
            REQUIRE(words.size() == 1);
            const auto goodbye = decode_goodbye(words[0]);
            REQUIRE(goodbye);
            CHECK(goodbye->reason == CloseReason::misbehaviour);
            CHECK(goodbye->sender_value == closed.detail.substr(0, 128));
            peer.side->events.clear();
            // Nothing more is heard or said.
            peer.side->feed(peer.now(), Buffer(100));
            CHECK(peer.side->events.empty());
            CHECK_FALSE(peer.side->link.wants_to_write());
        }
    }
}

TEST_CASE("link: what came before the broken rule is delivered") {
    RawPeer peer;
    peer.dial_link_up();
    peer.send(join({chunk_bytes(1, 3, bytes_of("good")), chunk_bytes(9, 3, bytes_of("bad"))}));
    REQUIRE(peer.side->events.size() == 2);
    const auto got = received(*peer.side);
    REQUIRE(got.size() == 1);
    CHECK(text_of(got[0].bytes) == "good");
    CHECK(peer.side->closed().reason == CloseReason::protocol_error);
}

TEST_CASE("link: control codes of extensions are ignored") {
    RawPeer peer;
    peer.dial_link_up();
    peer.send(chunk_bytes(0, 3, bytes_of("whatever"), 0x8000));
    peer.send(chunk_bytes(0, 3, {}, 0xffff));
    CHECK(peer.side->events.empty());
    CHECK_FALSE(peer.side->link.closed());
}

TEST_CASE("link: control messages are rate limited, and answers do not pile up") {
    RawPeer peer;
    peer.dial_link_up();
    for (std::uint32_t i = 1; i <= 100; ++i) {
        peer.send(control_bytes(ControlCode::beat, encode_beat(i, false, {})));
        REQUIRE_FALSE(peer.side->link.closed());
    }
    // Nobody took the answers: only the last one is kept.
    const auto answers = peer.receive_control(ControlCode::beat);
    REQUIRE(answers.size() == 1);
    CHECK(decode_beat(answers[0], 3)->seq == 100);
    CHECK(decode_beat(answers[0], 3)->is_answer);
    SUBCASE("one too many") {
        peer.send(control_bytes(ControlCode::beat, encode_beat(101, false, {})));
        CHECK(peer.side->closed().detail ==
              "control: control messages: expected at most 50 a second");
    }
    SUBCASE("a while later all is well") {
        peer.time += 1s;
        for (std::uint32_t i = 1; i <= 50; ++i) {
            peer.send(control_bytes(ControlCode::beat, encode_beat(i, false, {})));
        }
        CHECK_FALSE(peer.side->link.closed());
    }
}

TEST_CASE("link: frames reordered, dropped, doubled, edited") {
    RawPeer peer;
    peer.dial_link_up();
    const auto a = peer.seal(chunk_bytes(1, 3, bytes_of("a")));
    const auto b = peer.seal(chunk_bytes(1, 3, bytes_of("b")));
    const char* detail = "the tag of frame 0 does not fit";
    SUBCASE("reordered") {
        peer.side->feed(peer.now(), b);
    }
    SUBCASE("doubled") {
        peer.side->feed(peer.now(), join({a, a}));
        detail = "the tag of frame 1 does not fit";
        CHECK(received(*peer.side).size() == 1);
    }
    SUBCASE("dropped") {
        peer.seal(bytes_of("lost"));
        peer.side->feed(peer.now(), join({a, b, peer.seal(bytes_of("after"))}));
        detail = "the tag of frame 2 does not fit";
        CHECK(received(*peer.side).size() == 2);
    }
    SUBCASE("length shortened") {
        auto edited = a;
        edited[3] ^= std::byte{1};
        peer.side->feed(peer.now(), edited);
    }
    SUBCASE("tag edited") {
        auto edited = a;
        edited[4] ^= std::byte{1};
        peer.side->feed(peer.now(), edited);
    }
    SUBCASE("length above the limit") {
        auto edited = a;
        edited[1] = std::byte{1};
        edited[3] = std::byte{1};
        peer.side->feed(peer.now(), edited);
        detail = "frame length: expected 1 to 65536, got 65537";
    }
    const auto closed = peer.side->closed();
    CHECK(closed.reason == CloseReason::bad_frame);
    CHECK(closed.detail == detail);
    CHECK(peer.side->produce(peer.now()).empty());
}

TEST_CASE("link: a frame that stalls") {
    RawPeer peer;
    peer.dial_link_up();
    const auto whole = peer.seal(chunk_bytes(1, 3, bytes_of("slow")));
    const auto wake_before = peer.side->link.next_wakeup();
    peer.side->feed(peer.now(), Buffer{whole.begin(), whole.begin() + 1});
    CHECK(peer.side->link.next_wakeup() == at(10s).instant);
    // More bytes of the same frame do not prolong its time.
    peer.time = 9s;
    peer.side->feed(peer.now(), Buffer{whole.begin() + 1, whole.end() - 1});
    CHECK(peer.side->link.next_wakeup() == at(10s).instant);
    SUBCASE("its end comes in time") {
        peer.side->feed(peer.now(), Buffer{whole.end() - 1, whole.end()});
        CHECK(received(*peer.side).size() == 1);
        CHECK(peer.side->link.next_wakeup() == wake_before + 9s);
    }
    SUBCASE("its end does not come") {
        peer.side->link.on_timer(at(10s), peer.side->events);
        const auto closed = peer.side->closed();
        CHECK(closed.reason == CloseReason::frame_timeout);
        CHECK(closed.detail == "a frame was not complete after 10000 ms");
    }
    SUBCASE("the stream ends inside it") {
        peer.side->link.on_end(peer.now(), CloseReason::truncated, peer.side->events);
        CHECK(peer.side->closed().reason == CloseReason::truncated);
    }
}

}  // namespace
}  // namespace parley::transport
