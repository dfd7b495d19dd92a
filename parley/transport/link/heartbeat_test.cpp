#include <parley/transport/link/heartbeat.hpp>

#include <doctest/doctest.h>

namespace parley::transport {
namespace {

Now at(Duration since_start) {
    return Now{Instant{1h + since_start}, {}};
}

constexpr HeartbeatConfig config{.interval = 10s, .timeout = 4s};

TEST_CASE("heartbeat: the dialer beats soon, then steadily") {
    Heartbeat beat{config, Direction::outbound, at(0s)};
    CHECK(beat.next_wakeup() == at(1s).instant);
    for (const auto due : {1s, 11s, 21s}) {
        beat.on_timer(at(due - 1ns));
        CHECK_FALSE(beat.beat_wanted());
        beat.on_timer(at(due));
        REQUIRE(beat.beat_wanted());
        const auto seq = beat.take_beat(at(due));
        CHECK_FALSE(beat.beat_wanted());
        beat.on_frame(at(due + 5ms));
        CHECK(beat.on_answer(at(due + 5ms), seq).value() == Duration{5ms});
        CHECK(beat.next_wakeup() == at(due + 10s).instant);
    }
}

TEST_CASE("heartbeat: a first status lets the first Beat go, later ones wait") {
    Heartbeat beat{config, Direction::outbound, at(0s)};
    beat.on_status(at(1ms));
    CHECK(beat.beat_wanted());
    beat.take_beat(at(1ms));
    beat.on_status(at(2ms));
    CHECK_FALSE(beat.beat_wanted());
    Heartbeat listener{config, Direction::inbound, at(0s)};
    listener.on_status(at(1ms));
    CHECK_FALSE(listener.beat_wanted());
}

TEST_CASE("heartbeat: an unanswered Beat ends the link, and any frame puts it off") {
    Heartbeat beat{config, Direction::outbound, at(0s)};
    beat.on_timer(at(1s));
    beat.take_beat(at(1s));
    CHECK(beat.next_wakeup() == at(5s).instant);
    CHECK_FALSE(beat.silent(at(5s - 1ns)));
    CHECK(beat.silent(at(5s)));
    beat.on_frame(at(4s));
    CHECK_FALSE(beat.silent(at(8s - 1ns)));
    CHECK(beat.silent(at(8s)));
    // But not for ever.
    for (auto t = 5s; t < 17s; ++t) beat.on_frame(at(t));
    CHECK_FALSE(beat.silent(at(17s - 1ns)));
    CHECK(beat.silent(at(17s)));
}

TEST_CASE("heartbeat: a Beat that cannot be sent counts as unanswered from when it was due") {
    Heartbeat beat{config, Direction::outbound, at(0s)};
    beat.on_timer(at(1s));
    CHECK(beat.silent(at(5s)));
}

TEST_CASE("heartbeat: the listener waits interval and timeout") {
    Heartbeat beat{config, Direction::inbound, at(0s)};
    CHECK(beat.next_wakeup() == at(14s).instant);
    beat.on_frame(at(3s));
    CHECK(beat.next_wakeup() == at(17s).instant);
    CHECK_FALSE(beat.silent(at(17s - 1ns)));
    CHECK(beat.silent(at(17s)));
    CHECK(beat.silence(at(17s)) == 14s);
}

TEST_CASE("heartbeat: only Beats that were sent can be answered, each once") {
    Heartbeat beat{config, Direction::outbound, at(0s)};
    CHECK(beat.on_answer(at(0s), 0).error() == LinkError{LinkErrc::unasked_answer, 0, 0});
    CHECK(beat.on_answer(at(0s), 1).error() == LinkError{LinkErrc::unasked_answer, 0, 1});
    beat.probe(at(0s), 1s);
    CHECK(beat.take_beat(at(0s)) == 1);
    beat.probe(at(0s), 1s);
    CHECK(beat.take_beat(at(1s)) == 2);
    CHECK_FALSE(beat.on_answer(at(2s), 1).value());  // says nothing of the last one
    CHECK(beat.on_answer(at(2s), 2).value() == Duration{1s});
    CHECK(beat.on_answer(at(2s), 2).error() == LinkError{LinkErrc::unasked_answer, 2, 2});
}

TEST_CASE("heartbeat: a probe") {
    for (const auto direction : {Direction::inbound, Direction::outbound}) {
        Heartbeat beat{config, direction, at(0s)};
        CHECK_FALSE(beat.on_frame(at(0s)));
        beat.probe(at(0s), 2s);
        CHECK(beat.beat_wanted());
        beat.probe(at(1s), 2s);  // the first one's patience stays
        CHECK_FALSE(beat.silent(at(2s - 1ns)));
        CHECK(beat.silent(at(2s)));
        CHECK(beat.on_frame(at(1s)));
        CHECK_FALSE(beat.on_frame(at(1s)));
        CHECK_FALSE(beat.silent(at(2s)));
    }
}

}  // namespace
}  // namespace parley::transport
