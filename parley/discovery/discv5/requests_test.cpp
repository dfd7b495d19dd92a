#include <parley/discovery/discv5/requests.hpp>

#include <parley/discovery/discv5/test_wires.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <variant>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

namespace {

/// A node that asks: what comes is handed to it as a Service would.
struct Asker : WireEnd {
    explicit Asker(const RequestsConfig& config = {}) : WireEnd(1), requests_config(config) {}

    void take(const WireEnd& from, const std::vector<Buffer>& datagrams) {
        for (const auto& bytes : datagrams) {
            const auto incoming = wire.receive(now, from.endpoint, bytes);
            if (const auto* asked = std::get_if<Wire::Challenged>(&incoming)) {
                requests.on_challenge(now, *asked);
            }
            const auto* heard = std::get_if<Wire::Heard>(&incoming);
            if (heard && heard->message) {
                requests.on_pong(now, heard->from, std::get<Pong>(*heard->message));
            }
        }
    }
    /// The message that is under way at the node, in a session that is made if there is none.
    Message heard_by(WireEnd& node) {
        auto incoming = node.receive(now, *this, sent());
        if (!std::holds_alternative<Wire::Heard>(incoming)) {
            take(node, node.sent());
            incoming = node.receive(now, *this, sent());
        }
        return std::get<Wire::Heard>(incoming).message.value();
    }
    void advance(Duration time) {
        const Instant end = now.instant + time;
        while (requests.next_wakeup() <= end) {
            now.instant = requests.next_wakeup();
            requests.on_timer(now);
        }
        now.instant = end;
    }
    /// As long as nobody has answered.
    Duration late_after() const { return requests_config.late_after_max; }
    Duration patience() const { return requests_config.sends_max * late_after(); }
    auto note(std::vector<std::optional<RequestErrc>>& to) {
        return [&to](Now, const auto& outcome) {
            to.push_back(outcome ? std::nullopt : std::optional{outcome.error()});
        };
    }

    Now now{.instant = Instant{1s}, .unix_time = {}};
    RequestsConfig requests_config;
    Table table{{}, wire.id(), Rng{1}};
    Intake intake{table};
    Requests requests{requests_config, wire, table, intake, rng};
};

using Outcomes = std::vector<std::optional<RequestErrc>>;

RequestId id_of(const Message& message) {
    return std::visit([](const auto& kind) { return kind.request_id; }, message);
}

}  // namespace

TEST_CASE("requests to one node wait for each other, and each has one outcome") {
    Asker a;
    WireEnd b{2};
    WireEnd c{3};
    a.table.add(a.now, b.contact(), Origin::heard);
    Outcomes outcomes;
    for (const auto* node : {&b, &b, &c}) a.requests.ping(a.now, node->contact(), a.note(outcomes));
    CHECK(a.sent().size() == 2);
    CHECK(a.requests.size() == 3);
    CHECK(a.requests.busy(b.remote().key));
    CHECK(a.requests.next_wakeup() == a.now.instant + a.late_after());
    a.advance(a.patience() - 1ns);
    CHECK(outcomes.empty());
    CHECK(a.sent().size() == 2 * (a.requests_config.sends_max - 1));
    a.advance(1ns);
    CHECK(outcomes == Outcomes(2, RequestErrc::timed_out));
    CHECK(a.sent().size() == 1);  // the second one to b
    CHECK(a.table.find(b.wire.id())->failures == 1);
    a.advance(a.patience());
    CHECK(outcomes == Outcomes(3, RequestErrc::timed_out));
    CHECK(a.requests.size() == 0);
    CHECK_FALSE(a.requests.busy(b.remote().key));
    CHECK(a.requests.next_wakeup() == never);
    CHECK(a.requests.counters().timeouts == 3);
}

TEST_CASE("requests over a limit end at once") {
    RequestsConfig config;
    config.requests_max = 4;
    config.peer_requests_max = 2;
    Asker a{config};
    WireEnd b{2};
    WireEnd c{3};
    Outcomes outcomes;
    for (int i = 0; i < 3; ++i) {
        for (const auto* node : {&b, &c}) a.requests.ping(a.now, node->contact(), a.note(outcomes));
    }
    CHECK(outcomes == Outcomes(2, RequestErrc::overloaded));
    CHECK(a.requests.size() == 4);
    CHECK(a.requests.counters().requests == 2);
    a.requests.talk(a.now, b.contact(), {}, Buffer(Requests::talk_bytes_max + 1), a.note(outcomes));
    CHECK(outcomes.back() == RequestErrc::too_large);
}

TEST_CASE("a challenge is answered once, if it is for a request and comes from where that went") {
    Asker a;
    WireEnd b{2};
    Outcomes outcomes;
    a.requests.ping(a.now, b.contact(), a.note(outcomes));
    a.now.instant += 300ms;
    b.receive(a.now, a, a.sent());
    const auto challenge = b.sent();
    a.take(WireEnd{9}, challenge);
    CHECK(a.sent().empty());
    a.take(b, challenge);
    CHECK(a.sent().size() == 1);
    CHECK(a.requests.next_wakeup() == a.now.instant + a.late_after());
    a.take(b, challenge);
    CHECK(a.sent().empty());
    a.requests.on_challenge(a.now, {.from = b.endpoint, .nonce = Nonce{std::byte{1}}});
    CHECK(a.sent().empty());
    a.advance(a.patience());
    CHECK(outcomes == Outcomes{RequestErrc::timed_out});
}

TEST_CASE("a request is repeated while its answer is late, whichever packet is lost") {
    // Of its packet, the challenge, the handshake and the answer.
    for (int lost = 0; lost < 4; ++lost) {
        CAPTURE(lost);
        Asker a;
        WireEnd b{2};
        Outcomes outcomes;
        int packet = 0;
        const auto passes = [&](std::vector<Buffer> datagrams) {
            return packet++ == lost ? std::vector<Buffer>{} : std::move(datagrams);
        };
        a.requests.ping(a.now, b.contact(), a.note(outcomes));
        for (int step = 0; outcomes.empty() && step < 6; ++step) {
            const auto incoming = b.receive(a.now, a, passes(a.sent()));
            if (const auto* heard = std::get_if<Wire::Heard>(&incoming)) {
                b.wire.send_answer(a.remote(), Pong{id_of(heard->message.value()), 1, a.endpoint});
            }
            a.take(b, passes(b.sent()));
            if (a.wire.outbox().empty()) a.advance(a.late_after());
        }
        CHECK(outcomes == Outcomes{std::nullopt});
        CHECK(a.requests.counters().requests == 1);
    }
}

TEST_CASE("a TALKREQ is not repeated, and a request gets four handshakes at most") {
    Asker a;
    WireEnd b{2};
    Outcomes outcomes;
    a.requests.talk(a.now, b.contact(), {}, {}, a.note(outcomes));
    a.advance(a.patience());
    CHECK(a.sent().size() == 1);
    CHECK(outcomes.size() == 1);

    a.requests.ping(a.now, b.contact(), a.note(outcomes));
    for (int i = 0; outcomes.size() == 1 && i < 100; ++i) {
        b.receive(a.now, a, a.sent());  // no handshake gets there
        a.take(b, b.sent());
        a.wire.outbox().clear();
        a.now.instant += WireConfig{}.challenge_lifetime;
        a.advance(0ms);
    }
    CHECK(outcomes.size() == 2);
    CHECK(a.wire.counters().handshakes == 4);
}

TEST_CASE("an answer is late by what others take, within limits") {
    Asker a;
    WireEnd b{2};
    const auto late_after = [&](Duration took) {
        for (int i = 0; i < 100; ++i) {
            bool answered = false;
            a.requests.ping(a.now, b.contact(), [&](Now, const auto&) { answered = true; });
            const auto id = id_of(a.heard_by(b));
            a.advance(took);
            a.requests.on_pong(a.now, b.remote(), Pong{id, 1, a.endpoint});
            CHECK(answered);
            a.sent();
            b.sent();
        }
        a.requests.ping(a.now, b.contact(), [](Now, const auto&) {});
        const Duration late = a.requests.next_wakeup() - a.now.instant;
        a.advance(a.patience());
        a.sent();
        return late;
    };
    const auto near = [](Duration one, Duration other) {
        return one > other - 2ms && one < other + 2ms;
    };
    CHECK(near(late_after(180ms), 225ms));
    CHECK(near(late_after(1ms), a.requests_config.late_after_min));
    CHECK(near(late_after(500ms), a.requests_config.late_after_max));
}

TEST_CASE("what could not be sent ends at once, and says nothing of the node") {
    Asker a;
    WireEnd b{2, {}, Endpoint{IpAddress::v4({std::byte{203}, {}, {}, std::byte{7}}), 9000}};
    a.table.add(a.now, b.contact(), Origin::heard);
    Outcomes outcomes;
    const auto rounds = static_cast<int>(WireConfig{}.greetings_burst) /
                        static_cast<int>(a.requests_config.sends_max);
    for (int i = 0; i < rounds; ++i) {
        a.requests.ping(a.now, b.contact(), a.note(outcomes));
        a.advance(a.patience());
    }
    REQUIRE(outcomes == Outcomes(static_cast<std::size_t>(rounds), RequestErrc::timed_out));
    REQUIRE(a.table.find(b.wire.id()));
    const auto failures = a.table.find(b.wire.id())->failures;
    a.sent();
    for (int i = 0; i < 2; ++i) a.requests.ping(a.now, b.contact(), a.note(outcomes));
    CHECK(a.sent().empty());
    CHECK(outcomes.size() == static_cast<std::size_t>(rounds) + 2);
    CHECK(outcomes.back() == RequestErrc::unsent);
    CHECK(a.requests.size() == 0);
    CHECK(a.requests.counters().requests == static_cast<std::uint64_t>(rounds));
    CHECK(a.requests.counters().timeouts == static_cast<std::uint64_t>(rounds));
    CHECK(a.table.find(b.wire.id())->failures == failures);
}

TEST_CASE("a request that is late follows its node to where that greets us, once") {
    Asker a;
    WireEnd b{2};
    const auto old_contact = b.contact();
    std::vector<std::optional<RequestErrc>> outcomes;
    for (int i = 0; i < 2; ++i) a.requests.ping(a.now, old_contact, a.note(outcomes));
    const auto greet_from = [&](std::uint32_t place) {
        b.endpoint = endpoint_of(place);
        greet(a.now, b, a, encode(Ping{RequestId::of(5), 1}));
        a.sent();
        a.requests.on_greeted(a.now, b.remote());
    };
    greet_from(77);
    CHECK(a.sent().empty());  // it is not late
    a.advance(a.late_after());
    a.sent();
    greet_from(78);
    for (std::size_t answered = 1; answered <= 2; ++answered) {
        const auto incoming = b.receive(a.now, a, a.sent());
        REQUIRE(std::holds_alternative<Wire::Heard>(incoming));
        const auto& message = std::get<Wire::Heard>(incoming).message.value();
        CHECK(a.requests.on_pong(a.now, b.remote(), Pong{id_of(message), 1, a.endpoint}));
        CHECK(outcomes == Outcomes(answered, std::nullopt));
    }

    a.requests.ping(a.now, old_contact, a.note(outcomes));
    a.advance(a.late_after());
    greet_from(79);
    a.advance(a.late_after());
    greet_from(80);
    CHECK(a.requests.busy(Remote::of(b.wire.id(), endpoint_of(79)).key));
    a.advance(a.patience());
    CHECK(outcomes.back() == RequestErrc::timed_out);
}

TEST_CASE("an answer counts for the request that is under way, by its kind and ID, and once") {
    Asker a;
    WireEnd b{2};
    std::optional<PingAnswer> answer;
    a.requests.ping(a.now, b.contact(), [&](Now, auto outcome) { answer = *outcome; });
    const auto id = id_of(a.heard_by(b));
    const Pong pong{id, 5, a.endpoint};
    CHECK_FALSE(a.requests.on_pong(a.now, b.remote(), Pong{RequestId::of(1), 5, a.endpoint}));
    CHECK_FALSE(a.requests.on_pong(a.now, WireEnd{3}.remote(), pong));
    a.requests.on_talk_response(a.now, b.remote(), TalkResp{id, {}});
    a.requests.on_nodes(a.now, b.remote(), Nodes{id, 1, {}});
    CHECK_FALSE(answer);
    CHECK(a.requests.on_pong(a.now, b.remote(), pong));
    REQUIRE(answer);
    CHECK(answer->record_sequence == 5);
    CHECK(answer->seen == a.endpoint);
    CHECK_FALSE(a.requests.on_pong(a.now, b.remote(), pong));
    CHECK(a.requests.counters().answers == 1);
}

TEST_CASE("an answer in parts is whole with the last, and cut short at the deadline") {
    Asker a;
    WireEnd b{2};
    const auto record = b.wire.record();
    const auto other = record_of(key_of(3), endpoint_of(3));
    const std::vector<std::uint16_t> distances{
        0, static_cast<std::uint16_t>(log_distance(b.wire.id(), dht_id(other.id())))};
    std::vector<std::size_t> records;
    const auto ask = [&] {
        a.requests.find_nodes(a.now, b.contact(), distances, [&](Now, const auto& outcome) {
            records.push_back(outcome->size());
        });
        return id_of(a.heard_by(b));
    };
    const auto first = ask();
    a.requests.on_nodes(a.now, b.remote(), Nodes{first, 2, {record.raw()}});
    CHECK(records.empty());
    a.requests.on_nodes(a.now, b.remote(), Nodes{first, 2, {other.raw()}});
    CHECK(records == std::vector<std::size_t>{2});
    CHECK(a.table.find(dht_id(other.id())) != nullptr);

    a.requests.find_nodes(a.now, b.contact(), distances,
                          [&](Now, const auto& outcome) { records.push_back(outcome->size()); });
    const auto incoming = b.receive(a.now, a, a.sent());
    const auto second = id_of(std::get<Wire::Heard>(incoming).message.value());
    a.requests.on_nodes(a.now, b.remote(), Nodes{second, 2, {record.raw()}});
    a.advance(a.patience());
    CHECK(a.sent().empty());  // to repeat it would mix two answers
    CHECK(records == std::vector<std::size_t>{2, 1});
    CHECK(a.requests.counters().answers == 2);
    CHECK(a.requests.counters().timeouts == 0);
}

TEST_CASE("an answer whose parts contradict each other ends its request") {
    Asker a;
    WireEnd b{2};
    Outcomes outcomes;
    a.requests.find_nodes(a.now, b.contact(), {0}, a.note(outcomes));
    const auto id = id_of(a.heard_by(b));
    a.requests.on_nodes(a.now, b.remote(), Nodes{id, 3, {}});
    a.requests.on_nodes(a.now, b.remote(), Nodes{id, 2, {}});
    CHECK(outcomes == Outcomes{RequestErrc::bad_answer});
    CHECK(a.requests.counters().bad_answers == 1);
    CHECK(a.requests.size() == 0);
}
