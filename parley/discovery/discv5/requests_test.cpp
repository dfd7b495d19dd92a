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
        }
    }
    /// The message that is under way at the node, in a session that is made if there is none.
    Message heard_by(WireEnd& node) {
        node.receive(now, *this, sent());
        take(node, node.sent());
        const auto incoming = node.receive(now, *this, sent());
        return std::get<Wire::Heard>(incoming).message.value();
    }
    void advance(Duration time) {
        now.instant += time;
        requests.on_timer(now);
    }
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
    CHECK(a.requests.next_wakeup() == a.now.instant + a.requests_config.request_timeout);
    a.advance(a.requests_config.request_timeout - 1ns);
    CHECK(outcomes.empty());
    a.advance(1ns);
    CHECK(outcomes == Outcomes(2, RequestErrc::timed_out));
    CHECK(a.sent().size() == 1);  // the second one to b
    CHECK(a.table.find(b.wire.id())->failures == 1);
    a.advance(a.requests_config.request_timeout);
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
    a.now.instant += 500ms;
    b.receive(a.now, a, a.sent());
    const auto challenge = b.sent();
    a.take(WireEnd{9}, challenge);
    CHECK(a.sent().empty());
    a.take(b, challenge);
    CHECK(a.sent().size() == 1);
    CHECK(a.requests.next_wakeup() == a.now.instant + a.requests_config.handshake_timeout);
    a.take(b, challenge);
    CHECK(a.sent().empty());
    a.requests.on_challenge(a.now, {.from = b.endpoint, .nonce = Nonce{std::byte{1}}});
    CHECK(a.sent().empty());
    a.advance(a.requests_config.handshake_timeout);
    CHECK(outcomes == Outcomes{RequestErrc::timed_out});
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
    a.advance(a.requests_config.request_timeout);
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
