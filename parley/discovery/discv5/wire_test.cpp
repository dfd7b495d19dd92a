#include <parley/discovery/discv5/wire.hpp>

#include <parley/discovery/discv5/test_wires.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <variant>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

namespace {

constexpr Now at(Duration since_start) {
    return {.instant = Instant{1s + since_start}, .unix_time = {}};
}
constexpr Now start = at(0ms);

const Buffer ping = encode(Ping{RequestId::of(7), 1});

}  // namespace

TEST_CASE("a wire makes a session with the request that had none, and uses it from then on") {
    WireEnd a{1};
    WireEnd b{2};
    const auto nonce = a.wire.send_request(start, b.contact(), ping);
    const auto first = a.sent();
    REQUIRE(first.size() == 1);
    CHECK(std::holds_alternative<std::monostate>(b.receive(start, a, first)));
    const auto challenge = b.sent();
    REQUIRE(challenge.size() == 1);
    CHECK(challenge[0].size() <= first[0].size());

    const auto incoming = a.receive(start, b, challenge);
    const auto* challenged = std::get_if<Wire::Challenged>(&incoming);
    REQUIRE(challenged);
    CHECK(challenged->nonce == nonce);
    CHECK(challenged->from == b.endpoint);
    CHECK(challenged->record_sequence == 0);
    REQUIRE(a.wire.send_handshake(b.contact(), *challenged, ping));

    const auto greeting = b.receive(start, a, a.sent());
    const auto* heard = std::get_if<Wire::Heard>(&greeting);
    REQUIRE(heard);
    CHECK(heard->from.id == a.wire.id());
    CHECK(heard->from.endpoint == a.endpoint);
    REQUIRE(heard->record);
    CHECK(equal(heard->record->raw(), a.wire.record().raw()));
    REQUIRE(heard->message);
    CHECK(std::get<Ping>(*heard->message) == Ping{RequestId::of(7), 1});

    const Pong pong{RequestId::of(7), 1, a.endpoint};
    b.wire.send_answer(a.remote(), pong);
    const auto answer = a.receive(start, b, b.sent());
    const auto* answered = std::get_if<Wire::Heard>(&answer);
    REQUIRE(answered);
    CHECK_FALSE(answered->record);
    REQUIRE(answered->message);
    CHECK(std::get<Pong>(*answered->message) == pong);

    // The other way, without a challenge.
    b.wire.send_request(start, a.contact(), ping);
    CHECK(std::holds_alternative<Wire::Heard>(a.receive(start, b, b.sent())));
    for (const auto* end : {&a, &b}) {
        CHECK(end->wire.sessions() == 1);
        CHECK(end->wire.counters().handshakes == 1);
    }
}

TEST_CASE("what a wire cannot read is counted, and asks nothing of its owner") {
    WireEnd a{1};
    WireEnd b{2};
    CHECK(std::holds_alternative<std::monostate>(
        b.wire.receive(start, a.endpoint, Buffer(100, std::byte{3}))));
    CHECK(b.wire.counters().unreadable == 1);
    // A message of no known type, in a handshake: the record came all the same.
    const auto incoming = greet(start, a, b, Buffer{std::byte{99}});
    const auto* heard = std::get_if<Wire::Heard>(&incoming);
    REQUIRE(heard);
    CHECK(heard->record);
    CHECK_FALSE(heard->message);
    CHECK(b.wire.counters().unreadable == 2);
}

TEST_CASE("a challenge names the record that is known, and the handshake brings a newer one") {
    WireEnd a{1};
    WireEnd b{2};
    b.known.emplace(a.wire.id(), a.contact());
    const auto sequence_heard = [&] {
        const auto incoming = greet(start, a, b, ping);
        const auto* heard = std::get_if<Wire::Heard>(&incoming);
        REQUIRE(heard);
        REQUIRE(heard->record);
        return heard->record->sequence();
    };
    CHECK(sequence_heard() == 1);
    const auto asks_in_session = [&] {
        a.wire.send_request(start, b.contact(), ping);
        const auto incoming = b.receive(start, a, a.sent());
        b.sent();
        return std::holds_alternative<Wire::Heard>(incoming);
    };
    // A new number alone leaves the session; with another endpoint the next request makes a new
    // one, and what was under way in the old one is still read and answered.
    CHECK_FALSE(a.wire.set_record(record_of(a.key, a.endpoint, 2)));
    CHECK(asks_in_session());
    b.wire.send_answer(a.remote(), Pong{});
    const auto on_way = b.sent();
    CHECK(a.wire.set_record(record_of(a.key, endpoint_of(77), 3)));
    CHECK(std::holds_alternative<Wire::Heard>(a.receive(start, b, on_way)));
    a.wire.send_answer(b.remote(), Pong{});
    CHECK(std::holds_alternative<Wire::Heard>(b.receive(start, a, a.sent())));
    CHECK_FALSE(asks_in_session());
    CHECK(sequence_heard() == 3);
    CHECK(asks_in_session());
}

TEST_CASE("a handshake counts once, and only while its challenge is open") {
    WireConfig config;
    WireEnd a{1};
    WireEnd b{2, config};
    const auto handshake = [&] {
        a.wire.send_request(start, b.contact(), Buffer{});
        b.receive(start, a, a.sent());
        const auto challenge = a.receive(start, b, b.sent());
        a.wire.send_handshake(b.contact(), std::get<Wire::Challenged>(challenge), ping);
        return a.sent();
    };
    const auto first = handshake();
    CHECK(std::holds_alternative<Wire::Heard>(b.receive(start, a, first)));
    CHECK(std::holds_alternative<std::monostate>(b.receive(start, a, first)));
    a.wire.set_record(record_of(a.key, endpoint_of(77), 2));  // forgets its session
    const auto late = handshake();
    CHECK(
        std::holds_alternative<std::monostate>(b.receive(at(config.challenge_lifetime), a, late)));
    CHECK(b.wire.counters().handshakes == 1);
}

TEST_CASE("an address over its limit gets no challenge, and is admitted in sessions all the same") {
    WireConfig config;
    config.packets_per_second = 1;
    config.packets_burst = 3;
    WireEnd a{1};
    WireEnd b{2, config};
    const auto challenges = [&](Now now) {
        for (int i = 0; i < 10; ++i) a.wire.send_request(start, b.contact(), ping);
        b.receive(now, a, a.sent());
        return b.sent().size();
    };
    CHECK(challenges(start) == 3);
    CHECK(b.wire.counters().dropped == 7);
    CHECK(b.wire.admit(start, a.endpoint.address, 2));
    CHECK_FALSE(b.wire.admit(start, a.endpoint.address, 2));
    CHECK(b.wire.admit(start, a.endpoint.address));
    CHECK(b.wire.counters().dropped == 8);
    CHECK(challenges(at(2s)) == 2);
}

TEST_CASE("a network group that fills the sessions and challenges loses its own") {
    WireConfig config;
    config.sessions_max = config.challenges_max = 3;
    WireEnd server{1, config};
    const auto in_group = [](int group, int host) {
        return Endpoint{IpAddress::v4({std::byte{203}, std::byte{0}, static_cast<std::byte>(group),
                                       static_cast<std::byte>(host)}),
                        9000};
    };
    WireEnd alone{2, {}, in_group(1, 1)};
    greet(start, alone, server, ping);
    std::vector<std::unique_ptr<WireEnd>> crowd;
    for (int host = 0; host < 5; ++host) {
        const auto number = static_cast<std::uint32_t>(3 + host);
        crowd.push_back(std::make_unique<WireEnd>(number, WireConfig{}, in_group(2, host)));
        greet(start, *crowd.back(), server, ping);
    }
    CHECK(server.wire.sessions() == 3);
    server.wire.send_answer(alone.remote(), Pong{});
    CHECK(server.sent().size() == 1);

    WireEnd newcomer{20, {}, in_group(3, 1)};
    newcomer.wire.send_request(start, server.contact(), ping);
    server.receive(start, newcomer, newcomer.sent());
    const auto challenge = newcomer.receive(start, server, server.sent());
    for (std::uint32_t number = 30; number < 40; ++number) {
        WireEnd one{number, {}, in_group(2, 1)};
        one.wire.send_request(start, server.contact(), ping);
        server.receive(start, one, one.sent());
    }
    server.sent();
    newcomer.wire.send_handshake(server.contact(), std::get<Wire::Challenged>(challenge), ping);
    CHECK(std::holds_alternative<Wire::Heard>(server.receive(start, newcomer, newcomer.sent())));
}

TEST_CASE("of more sessions than there is room for the least recent is forgotten") {
    WireConfig config;
    config.sessions_max = 2;
    WireEnd server{1, config};
    WireEnd first{2};
    WireEnd second{3};
    WireEnd third{4};
    for (auto* end : {&first, &second, &third}) greet(start, *end, server, ping);
    CHECK(server.wire.sessions() == 2);
    server.wire.send_answer(first.remote(), Pong{});
    CHECK(server.sent().empty());
    server.wire.send_answer(third.remote(), Pong{});
    CHECK(server.sent().size() == 1);
}
