// What peers must not be able to make a service do, or keep it from doing.
#include <parley/crypto/provider.hpp>
#include <parley/discovery/discv5/service.hpp>
#include <parley/discovery/discv5/test_stranger.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

namespace {

Endpoint public_endpoint(std::uint8_t last) {
    return {IpAddress::v4({std::byte{20}, std::byte{1}, std::byte{1}, std::byte{last}}), 9000};
}

/// Counts operations on the curve.
struct Counting final : crypto::Provider {
    bool verify(const crypto::CompressedKey& key, const Hash256& digest,
                const crypto::Signature& signature) override {
        ++verified;
        return Provider::verify(key, digest, signature);
    }
    std::optional<crypto::CompressedKey> agree(const ByteArray<32>& secret,
                                               const crypto::CompressedKey& theirs) override {
        ++agreed;
        return Provider::agree(secret, theirs);
    }
    int verified = 0, agreed = 0;
};

/// What somebody answered who asked for these distances, in packets.
std::vector<Buffer> neighbours(Stranger& stranger, const Net::Node& node, Distances distances) {
    return stranger.ask(node, encode(FindNode{{}, std::move(distances)}));
}

}  // namespace

// --- Others' endpoints in a record ---

TEST_CASE("a record that names somebody else's endpoint makes nobody a nuisance") {
    Net net;
    auto& node = net.add(1);
    const auto victim = public_endpoint(7);
    // The worst place: a network of nobody else, so that each walk asks the same ones again.
    for (std::uint64_t i = 2; i < 6; ++i)
        node.service.heard(net.now(), record_of(key_of(i), victim));
    net.run_for(1h);
    std::size_t packets = 0;
    std::size_t bytes = 0;
    for (const auto& [to, datagram] : net.strays) {
        if (to != victim) continue;
        ++packets;
        bytes += datagram.size();
    }
    CHECK(packets >= 16);
    CHECK(packets <= 16 + 12);
    CHECK(bytes < 3'300);
}

// --- Forged sources ---

TEST_CASE("packets with a forged source do not use up what the true one may ask for") {
    Net net;
    auto config = quiet();
    config.packets_per_second = 1;
    config.packets_burst = 5;
    auto& node = net.add(1, config);
    Stranger honest{net, 50};
    honest.greet(node, encode(Ping{{}, 1}));
    Stranger forger{net, 51};
    for (int i = 0; i < 100; ++i) forger.send(node, forger.random_packet(node), honest.endpoint);
    CHECK(node.service.counters().dropped > 90);
    CHECK(honest.ask(node, encode(Ping{{}, 1})).size() == 1);
    // Nor what it is asked for.
    auto& other = net.add(2, quiet());
    for (int i = 0; i < 100; ++i) forger.send(node, forger.random_packet(node), other.endpoint);
    CHECK(pings(net, node, other.contact()));
}

TEST_CASE(
    "a forged handshake costs one operation on the curve, and the true one is still welcome") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger honest{net, 50};
    const auto challenge = honest.send(node, honest.random_packet(node));
    REQUIRE(challenge.size() == 1);
    // Who did not see the challenge signs another one.
    Stranger forger{net, 50};
    const auto forged = forger.blind_handshake(node);
    {
        Counting counting;
        const crypto::ScopedProvider scope{&counting};
        CHECK(forger.send(node, forged).empty());
        CHECK(counting.verified == 1);
        CHECK(counting.agreed == 0);
    }
    const auto handshake = honest.handshake(node, challenge[0], encode(Ping{{}, 1}));
    CHECK(only<Pong>(honest.opened(honest.send(node, handshake))).record_sequence == 1);
    CHECK(honest.send(node, handshake).empty());  // but once
}

TEST_CASE("handshakes over the limit are not looked at") {
    Net net;
    auto config = quiet();
    config.handshakes_per_second = 1;
    config.handshakes_burst = 3;
    auto& node = net.add(1, config);
    Stranger forger{net, 50};
    forger.send(node, forger.random_packet(node));
    const auto forged = forger.blind_handshake(node);
    Counting counting;
    const crypto::ScopedProvider scope{&counting};
    for (int i = 0; i < 100; ++i) forger.send(node, forged);
    CHECK(counting.verified == 3);
}

TEST_CASE("handshakes of one address do not use up those of others") {
    Net net;
    auto config = quiet();
    config.address_handshakes_per_second = 1;
    config.address_handshakes_burst = 5;
    auto& node = net.add(1, config);
    Stranger forger{net, 50};
    forger.send(node, forger.random_packet(node));
    const auto forged = forger.blind_handshake(node);
    {
        Counting counting;
        const crypto::ScopedProvider scope{&counting};
        for (int i = 0; i < 3000; ++i) forger.send(node, forged);
        CHECK(counting.verified == 5);
    }
    Stranger other{net, 51};
    only<Pong>(other.greet(node, encode(Ping{{}, 1})));
}

TEST_CASE("handshakes of one network group do not use up those of others") {
    Net net;
    auto config = quiet();
    config.group_handshakes_per_second = 1;
    config.group_handshakes_burst = 5;
    auto& node = net.add(1, config);
    Counting counting;
    for (std::uint64_t i = 0; i < 20; ++i) {
        Stranger forger{net, 100 + i};
        forger.endpoint = {*IpAddress::parse("20.1." + std::to_string(i) + ".1"), 9000};
        forger.send(node, forger.random_packet(node));
        const auto forged = forger.blind_handshake(node);
        const crypto::ScopedProvider scope{&counting};
        forger.send(node, forged);
    }
    CHECK(counting.verified == 5);
    Stranger other{net, 51};
    other.endpoint = {*IpAddress::parse("20.2.0.1"), 9000};
    only<Pong>(other.greet(node, encode(Ping{{}, 1})));
}

TEST_CASE("what others see of a service's randomness does not come from its generator") {
    // The same generator, another entropy: nothing that goes out may be the same.
    SeededEntropy entropies[]{SeededEntropy{1}, SeededEntropy{2}};
    const auto key = key_of(1);
    const auto node = *Contact::of(record_of(key_of(2), endpoint_of(2)));
    std::vector<Buffer> packets;
    for (auto& entropy : entropies) {
        Service service{quiet(), key, record_of(key, endpoint_of(1)), entropy, Rng{1}};
        service.ping({}, node, [](Now, const auto&) {});
        service.on_datagram({}, endpoint_of(3), Speaker{3, endpoint_of(3)}.random_packet(key.id()));
        REQUIRE(service.outbox().size() == 2);
        for (std::size_t i = 0; i < 2; ++i) packets.push_back(to_buffer(service.outbox()[i]));
    }
    PacketBuffer rooms[2];
    const auto first = decode_packet(node.id, packets[0], rooms[0]);
    const auto second = decode_packet(node.id, packets[2], rooms[1]);
    CHECK_FALSE(equal(Bytes{packets[0]}.first(16), Bytes{packets[2]}.first(16)));
    CHECK_FALSE(equal(Bytes{first->nonce}.first(8), Bytes{second->nonce}.first(8)));
    CHECK_FALSE(equal(first->message, second->message));
    CHECK_FALSE(equal(Bytes{packets[1]}.first(16), Bytes{packets[3]}.first(16)));  // challenges
}

// --- Amplification ---

TEST_CASE("an address is answered with so many packets a second, whoever asks from there") {
    Net net;
    auto config = quiet();
    config.packets_per_second = 1;
    config.packets_burst = 20;
    auto& node = net.add(1, config);
    for (std::uint64_t i = 100; i < 140; ++i) {  // to answer with
        auto& other = net.add(i, quiet());
        node.service.ping(net.now(), other.contact(), [](Now, const auto&) {});
        other.service.ping(net.now(), node.contact(), [](Now, const auto&) {});
        net.settle();
    }
    net.run_for(60s);
    REQUIRE(node.service.table().checked() >= 16);

    Stranger stranger{net, 50};
    Stranger same_address{net, 51};
    same_address.endpoint = stranger.endpoint;
    same_address.endpoint.port = 1;
    std::size_t sent = stranger.greet(node, encode(Ping{{}, 1})).size() +
                       same_address.greet(node, encode(Ping{{}, 1})).size();
    for (int i = 0; i < 50; ++i) {
        sent += neighbours(stranger, node, {256, 255, 254}).size();
        sent += neighbours(same_address, node, {256, 255, 254}).size();
    }
    CHECK(sent > 15);
    CHECK(sent <= 20);
}

// --- Records ---

TEST_CASE("a stranger on the internet cannot make a node speak to a private network") {
    Net net;
    auto& node = net.add(1);
    Stranger stranger{net, 50};
    const Endpoint inside{
        IpAddress::v4({std::byte{192}, std::byte{168}, std::byte{0}, std::byte{1}}), 53};
    stranger.record = record_of(stranger.key, inside);
    stranger.endpoint = public_endpoint(1);
    CHECK(only<Pong>(stranger.greet(node, encode(Ping{{}, 1}))).record_sequence == 1);
    CHECK(node.service.table().find(stranger.id) == nullptr);
    net.strays.clear();
    net.run_for(60s);
    for (const auto& [to, bytes] : net.strays) CHECK(to != inside);
}

TEST_CASE("who speaks from elsewhere than its record says was only heard of") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger there{net, 50};
    Stranger elsewhere{net, 51};
    elsewhere.endpoint = endpoint_of(52);
    there.greet(node, encode(Ping{{}, 1}));
    elsewhere.greet(node, encode(Ping{{}, 1}));
    REQUIRE(node.service.table().find(there.id));
    REQUIRE(node.service.table().find(elsewhere.id));
    CHECK(node.service.table().find(there.id)->met);
    CHECK_FALSE(node.service.table().find(elsewhere.id)->met);
}

TEST_CASE("a record that does not verify makes no session, and is looked at last") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    auto raw = to_buffer(stranger.record.raw());
    raw[10] ^= std::byte{1};  // of its signature
    stranger.record = *Enr::decode_verified(raw);
    CHECK(stranger.greet(node, encode(Ping{{}, 1})).empty());
    CHECK(node.service.sessions() == 0);
    CHECK(node.service.table().size() == 0);
}

TEST_CASE("a newer record that does not verify leaves the session and the older one alone") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    stranger.greet(node, encode(Ping{{}, 1}));
    const auto older = to_buffer(stranger.record.raw());
    auto raw = to_buffer(record_of(stranger.key, stranger.endpoint, 2).raw());
    raw[10] ^= std::byte{1};
    stranger.record = *Enr::decode_verified(raw);
    const auto before = stranger.keys;
    CHECK(stranger.greet(node, encode(Ping{{}, 1})).empty());
    stranger.keys = before;
    CHECK(stranger.ask(node, encode(Ping{{}, 1})).size() == 1);
    CHECK(equal(node.service.table().find(stranger.id)->contact.record, older));
}

TEST_CASE("who claims ever newer records is asked for one now and then") {
    Net net;
    ServiceConfig config = quiet();
    config.table.check_interval_min = 10s;
    auto& node = net.add(1, config);
    Stranger stranger{net, 50};
    stranger.greet(node, encode(Ping{{}, 1}));
    net.run_for(20s);
    std::size_t asked = 0;
    for (std::uint64_t sequence = 2; sequence < 602; ++sequence) {  // a minute
        for (const auto& plain : stranger.ask(node, encode(Ping{{}, sequence}))) {
            const auto message = decode_message(plain);
            if (const auto* find = std::get_if<FindNode>(&*message)) {
                ++asked;
                stranger.ask(node, encode(Nodes{find->request_id, 1, {}}));
            }
        }
        net.run_for(100ms);
    }
    CHECK(asked >= 2);
    CHECK(asked <= 7);
}

TEST_CASE("the same record many times in an answer is verified once, and told of once") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    stranger.greet(node, encode(Ping{{}, 1}));
    const auto other = record_of(key_of(70), endpoint_of(70));
    const auto distance = static_cast<std::uint16_t>(log_distance(stranger.id, dht_id(other.id())));
    std::size_t told = 0;
    node.service.on_record([&](Now, const Enr&, const Endpoint&) { ++told; });
    Counting counting;
    const crypto::ScopedProvider scope{&counting};
    for (int round = 0; round < 2; ++round) {
        net.strays.clear();
        std::size_t kept = 0;
        node.service.find_nodes(net.now(), *Contact::of(stranger.record), {distance},
                                [&](Now, auto records) { kept = records->size(); });
        net.settle();
        const auto plains = stranger.opened(std::vector<Buffer>{net.strays.at(0).second});
        Nodes nodes{only<FindNode>(plains).request_id, 1, {}};
        for (int i = 0; i < 8; ++i) nodes.records.push_back(other.raw());
        stranger.ask(node, encode(nodes));
        CHECK(kept == 1);
    }
    CHECK(told == 1);
    CHECK(counting.verified == 1);
}

// --- What must go on in spite of losses ---

TEST_CASE("who lost a challenge and asks again after the time-out is answered") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    bool losing = true;
    net.filter = [&](const Endpoint& from, const auto&, Bytes) {
        return from != b.endpoint || !losing;
    };
    bool answered = false;
    a.service.ping(net.now(), b.contact(), [&](Now now, auto outcome) {
        CHECK_FALSE(outcome);
        losing = false;
        a.service.ping(now, b.contact(), [&](Now, auto again) { answered = bool(again); });
    });
    net.run_for(2s);
    CHECK(answered);
}

TEST_CASE("a node whose record has the number 0 tells it to who has none") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    a.service.set_record(record_of(a.key, a.endpoint, 0));
    CHECK(pings(net, a, b.contact()));
}

TEST_CASE("a talk request that does not fit into a packet is refused at once") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    b.service.serve_talk(
        "echo", [](Now, const Id&, const Endpoint&, Bytes request) { return to_buffer(request); });
    std::vector<std::expected<std::size_t, RequestErrc>> outcomes;
    for (const std::size_t size : {Service::talk_bytes_max - 4, Service::talk_bytes_max - 3}) {
        a.service.talk(
            net.now(), b.contact(), bytes_of("echo"), Buffer(size), [&](Now, auto outcome) {
                outcomes.push_back(outcome
                                       ? std::expected<std::size_t, RequestErrc>{outcome->size()}
                                       : std::unexpected{outcome.error()});
            });
        net.settle();
    }
    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes[0] == Service::talk_bytes_max - 4);
    CHECK(outcomes[1] == std::unexpected{RequestErrc::too_large});
}

TEST_CASE("a node that was cut off asks its boot nodes again, though its table is full of others") {
    Net net;
    auto& boot = net.add(1);
    auto& node = net.add(2);
    node.service.add_boot(net.now(), boot.service.record());
    std::vector<Net::Node*> others;
    for (std::uint64_t i = 3; i < 20; ++i) {
        others.push_back(&net.add(i));
        others.back()->service.add_boot(net.now(), boot.service.record());
    }
    net.run_for(std::chrono::minutes{2});
    REQUIRE(node.service.table().size() == 18);
    // The boot node goes, and is forgotten; then all others go, and the boot node comes back.
    net.remove(boot);
    net.run_for(std::chrono::minutes{30});
    REQUIRE(node.service.table().size() == 17);
    for (const auto* other : others) net.remove(*other);
    net.run_for(std::chrono::minutes{1});
    REQUIRE(node.service.table().size() == 17);  // it could be our own fault
    auto& again = net.add(1);
    net.run_for(std::chrono::hours{1});
    REQUIRE(node.service.table().find(again.service.id()));
    CHECK(node.service.table().find(again.service.id())->checked);
}

TEST_CASE("walks among nodes that do not answer do not pile up") {
    Net net;
    auto& node = net.add(1);
    for (std::uint64_t i = 2; i < 40; ++i) {
        const auto key = key_of(i);
        node.service.add_boot(net.now(),
                              record_of(key, endpoint_of(static_cast<std::uint32_t>(i))));
    }
    std::size_t most = 0;
    for (int i = 0; i < 60; ++i) {
        net.run_for(1s);
        most = std::max(most, node.service.lookups());
    }
    CHECK(most == 1);
}

TEST_CASE("a node that moved while there was no room for a lookup tells it soon after") {
    Net net;
    auto config = quiet();
    config.walk_interval_min = 5s;
    config.lookups_max = 2;
    auto& boot = net.add(1, quiet());
    auto& node = net.add(2, config);
    node.service.set_record(EnrBuilder{1}.sign(node.key).value());
    node.service.add_boot(net.now(), boot.service.record());
    net.run_for(std::chrono::hours{3});  // it walks seldom by now
    REQUIRE(node.service.table().checked() == 1);
    REQUIRE(boot.service.table().size() == 0);

    for (std::size_t i = 0; i < config.lookups_max; ++i) {
        REQUIRE(node.service.lookup(net.now(), Goal::closest, boot.service.id(),
                                    [](Now, const auto&) {}));
    }
    net.filter = [](const auto&...) { return false; };  // nor do these tell of it
    node.service.set_record(record_of(node.key, node.endpoint, 2));
    node.service.on_timer(net.now());
    net.run_for(10s);
    net.filter = {};
    net.run_for(std::chrono::minutes{1});
    CHECK(boot.service.table().find(node.service.id()));
}

TEST_CASE("a boot node that was away is asked again, though others answer meanwhile") {
    Net net;
    auto& node = net.add(1);
    const auto boot = net.add(2).service.record();
    net.remove(net.add(2));
    node.service.add_boot(net.now(), boot);
    // Who tells of nobody but itself.
    node.service.heard(net.now(), net.add(3, quiet()).service.record());
    net.run_for(std::chrono::hours{2});
    REQUIRE(node.service.table().checked() == 1);
    net.add(2);
    net.run_for(std::chrono::hours{1});
    REQUIRE(node.service.table().find(dht_id(boot.id())));
    CHECK(node.service.table().find(dht_id(boot.id()))->checked);
}

TEST_CASE("who resolves a node that answers gets its newest record, not the one it knew") {
    Net net;
    auto& node = net.add(1, quiet());
    auto& other = net.add(2, quiet());
    node.service.heard(net.now(), other.service.record());
    other.service.set_record(record_of(other.key, other.endpoint, 9));
    std::optional<Service::LookupResult> out;
    node.service.lookup(net.now(), Goal::resolve, other.service.id(),
                        [&](Now, const Service::LookupResult& result) { out = result; });
    net.run_for(5s);
    REQUIRE(out);
    REQUIRE(out->found);
    CHECK(out->answers);
    CHECK(out->found->sequence == 9);
}

TEST_CASE("requests that wait for one silent node leave room for those to others") {
    Net net;
    auto& node = net.add(1, quiet());
    auto& other = net.add(2, quiet());
    const auto silent = *Contact::of(record_of(key_of(70), endpoint_of(70)));
    for (int i = 0; i < 2000; ++i) node.service.ping(net.now(), silent, [](Now, const auto&) {});
    CHECK(pings(net, node, other.contact()));
}
