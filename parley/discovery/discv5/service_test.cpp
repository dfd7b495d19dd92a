#include <parley/discovery/discv5/service.hpp>

#include <parley/discovery/discv5/test_stranger.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

TEST_CASE("a first ping makes a session, and the second uses it") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    std::size_t datagrams = 0;
    net.filter = [&](const auto&, const auto&, Bytes) { return ++datagrams > 0; };
    for (const std::size_t expected : {4u, 2u}) {
        datagrams = 0;
        std::optional<PingAnswer> answer;
        a.service.ping(net.now(), b.contact(), [&](Now, auto outcome) { answer = *outcome; });
        net.settle();
        REQUIRE(answer);
        CHECK(answer->record_sequence == 1);
        CHECK(answer->seen == a.endpoint);
        CHECK(datagrams == expected);
    }
    CHECK(a.service.counters().handshakes == 1);
    CHECK(b.service.counters().handshakes == 1);
    CHECK(a.service.counters().answers == 2);
    CHECK(b.service.counters().answered == 2);
    // The one who was called knows the caller from its handshake.
    CHECK(b.service.table().find(a.service.id()) != nullptr);
}

TEST_CASE("who does not answer is given up after the time-out") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    net.filter = [&](const auto&, const Endpoint& to, Bytes) { return to != b.endpoint; };
    std::vector<RequestErrc> errors;
    for (int i = 0; i < 2; ++i) {  // the second waits for the first
        a.service.ping(net.now(), b.contact(),
                       [&](Now, auto outcome) { errors.push_back(outcome.error()); });
    }
    const RequestsConfig config;
    const Duration patience = config.sends_max * config.late_after_max;
    net.run_for(patience - 1ms);
    CHECK(errors.empty());
    net.run_for(2ms);
    CHECK(errors == std::vector{RequestErrc::timed_out});
    net.run_for(patience + 1ms);
    CHECK(errors.size() == 2);
    CHECK(a.service.requests() == 0);
    CHECK(a.service.counters().timeouts == 2);
    CHECK(a.service.counters().answers == 0);
}

TEST_CASE("requests over the limit are refused at once") {
    Net net;
    auto config = quiet();
    config.requests_max = 3;
    auto& a = net.add(1, config);
    auto& b = net.add(2, quiet());
    std::size_t refused = 0;
    for (int i = 0; i < 5; ++i) {
        a.service.ping(net.now(), b.contact(), [&](Now, auto outcome) {
            refused += !outcome && outcome.error() == RequestErrc::overloaded;
        });
    }
    CHECK(refused == 2);
    net.settle();
    CHECK(a.service.requests() == 0);
}

TEST_CASE("a session that the other side lost is made anew within the request") {
    Net net;
    auto& a = net.add(1, quiet());
    net.add(2, quiet());
    auto& b = net.add(2, quiet());
    CHECK(pings(net, a, b.contact()));
    auto& again = net.add(2, quiet());  // restarted
    CHECK(pings(net, a, again.contact()));
    CHECK(a.service.counters().handshakes == 2);
}

TEST_CASE("two who greet each other at the same time both get their answers, and keep a session") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    int answered = 0;
    for (int i = 0; i < 3; ++i) {
        a.service.ping(net.now(), b.contact(),
                       [&](Now, auto outcome) { answered += bool(outcome); });
        b.service.ping(net.now(), a.contact(),
                       [&](Now, auto outcome) { answered += bool(outcome); });
        net.settle();
        CHECK(answered == 2 * (i + 1));
    }
    CHECK(a.service.counters().handshakes == 2);
    CHECK(a.service.counters().timeouts + b.service.counters().timeouts == 0);
}

TEST_CASE("packets that are lost, doubled or out of order end no service") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    Rng rng{3};
    std::vector<std::tuple<Endpoint, Endpoint, Buffer>> kept;
    bool repeating = false;
    net.filter = [&](const Endpoint& from, const Endpoint& to, Bytes bytes) {
        if (!repeating) kept.emplace_back(from, to, to_buffer(bytes));
        return rng.chance(0.7);
    };
    int outcomes = 0;
    for (int i = 0; i < 200; ++i) {
        a.service.ping(net.now(), b.contact(), [&](Now, const auto&) { ++outcomes; });
        net.run_for(1500ms);
        if (kept.empty()) continue;
        repeating = true;
        const auto& [from, to, bytes] = kept[rng.below(kept.size())];
        net.send(from, to, bytes);
        net.settle();
        repeating = false;
    }
    net.run_for(std::chrono::minutes{1});
    CHECK(outcomes == 200);
    CHECK(a.service.requests() == 0);
    net.filter = {};
    CHECK(pings(net, a, b.contact()));
}

// --- What other people's suites check ---

TEST_CASE("a ping is answered with the endpoint that it came from") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    const Buffer id{std::byte{1}, std::byte{2}};
    const auto answer = stranger.greet(node, encode(Ping{RequestId{id}, 1}));
    const auto pong = only<Pong>(answer);
    CHECK(equal(pong.request_id.bytes(), id));
    CHECK(pong.record_sequence == 1);
    CHECK(pong.recipient == stranger.endpoint);
}

TEST_CASE("a request id of 9 bytes is not answered, one of 0 bytes is") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    // type | list of 11: 9 bytes (89 ..), number 1
    Buffer large{std::byte{1}, std::byte{0xcb}, std::byte{0x89}};
    large.resize(12, std::byte{5});
    large.push_back(std::byte{1});
    CHECK(stranger.greet(node, large).empty());
    CHECK(only<Pong>(stranger.ask(node, encode(Ping{{}, 1}))).request_id.bytes().empty());
}

TEST_CASE("no request ID of ours begins with a zero byte") {
    Net net;
    Stranger stranger{net, 50};
    for (std::uint64_t i = 1; i <= 300; ++i) {
        auto& node = net.add(1000 + i, quiet());
        stranger.greet(node, encode(Ping{{}, 1}));
        net.strays.clear();
        node.service.find_nodes(net.now(), *Contact::of(stranger.record), {256},
                                [](Now, const auto&) {});
        net.settle();
        REQUIRE(net.strays.size() == 1);
        const auto plains = stranger.opened({net.strays[0].second});
        const auto id = only<FindNode>(plains).request_id;
        CHECK(id.bytes()[0] != std::byte{0});
    }
}

TEST_CASE("a session belongs to one address: from another there is a new challenge") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    stranger.greet(node, encode(Ping{{}, 1}));
    const auto elsewhere = endpoint_of(51);
    const auto packet = stranger.sealed(node, encode(Ping{{}, 1}));
    const auto answers = stranger.send(node, packet, elsewhere);
    REQUIRE(answers.size() == 1);
    CHECK(is_challenge(stranger.id, answers[0]));
}

TEST_CASE("during a handshake each further packet gets the same challenge, until it is too old") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    Nonce first_nonce;
    const auto first = stranger.send(node, stranger.random_packet(node, &first_nonce));
    const auto second = stranger.send(node, stranger.random_packet(node));
    REQUIRE(first.size() == 1);
    CHECK(first == second);
    PacketBuffer room;
    CHECK(decode_packet(stranger.id, first[0], room)->nonce == first_nonce);
    net.run_for(1s);
    const auto later = stranger.send(node, stranger.random_packet(node));
    REQUIRE(later.size() == 1);
    CHECK(later != first);
    // The old one is of no use any more, the new one is, once.
    const auto late = stranger.handshake(node, first[0], encode(Ping{{}, 1}));
    CHECK(stranger.send(node, late).empty());
    const auto again = stranger.send(node, stranger.random_packet(node));
    const auto good = stranger.handshake(node, again[0], encode(Ping{{}, 1}));
    CHECK(stranger.opened(stranger.send(node, good)).size() == 1);
    CHECK(stranger.send(node, good).empty());
}

TEST_CASE(
    "an unknown protocol of a talk request is answered with nothing, a known one by its owner") {
    Net net;
    auto& node = net.add(1, quiet());
    node.service.serve_talk(
        "echo", [](Now, const Id&, const Endpoint&, Bytes request) { return to_buffer(request); });
    node.service.serve_talk("flood",
                            [](Now, const Id&, const Endpoint&, Bytes) { return Buffer(5000); });
    Stranger stranger{net, 50};
    const auto talk = [](std::string_view protocol) {
        return encode(TalkReq{{}, bytes_of(protocol), bytes_of("hello")});
    };
    CHECK(only<TalkResp>(stranger.greet(node, talk("test-protocol"))).response.empty());
    const auto echoed = stranger.ask(node, talk("echo"));
    CHECK(equal(only<TalkResp>(echoed).response, bytes_of("hello")));
    CHECK(only<TalkResp>(stranger.ask(node, talk("flood"))).response.empty());
}

TEST_CASE("distance zero is the node itself, and an empty table answers with one empty message") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    FindNode find;
    find.distances.push_back(0);
    const auto itself = stranger.greet(node, encode(find));
    const auto nodes = only<Nodes>(itself);
    CHECK(nodes.total == 1);
    REQUIRE(nodes.records.size() == 1);
    CHECK(equal(nodes.records[0], node.service.record().raw()));
    find.distances[0] = 1;
    const auto none = only<Nodes>(stranger.ask(node, encode(find)));
    CHECK(none.total == 1);
    CHECK(none.records.empty());
}

TEST_CASE("five who came by are checked and told to others within a minute") {
    Net net;
    auto& node = net.add(1);
    std::set<Id> bystanders;
    for (std::uint64_t i = 0; i < 5; ++i) {
        auto& other = net.add(60 + i, quiet());
        other.service.ping(net.now(), node.contact(), [](Now, const auto&) {});
        bystanders.insert(other.service.id());
    }
    net.run_for(60s);
    Stranger stranger{net, 50};
    FindNode find;
    for (std::uint16_t d = 240; d <= 256; ++d) find.distances.push_back(d);
    std::set<Id> told;
    for (const auto& plain : stranger.greet(node, encode(find))) {
        const auto message = decode_message(plain);
        for (const auto raw : std::get<Nodes>(*message).records) {
            told.insert(dht_id(Enr::decode(raw)->id()));
        }
    }
    CHECK(std::ranges::includes(told, bystanders));
}

// --- What must be ignored ---

TEST_CASE("nobody gets more bytes than it sent before its endpoint is proven") {
    Net net;
    auto& node = net.add(1);
    Stranger stranger{net, 50};
    for (std::size_t size = 0; size < 2000; ++size) {
        Buffer noise(size);
        for (auto& byte : noise) byte = static_cast<std::byte>(stranger.rng.next());
        CHECK(stranger.send(node, noise).empty());
        net.run_for(20ms);
    }
    const auto head = stranger.header(OrdinaryPacket{stranger.id});
    const auto smallest = mask_packet(node.service.id(), encode_header(head), Buffer(16));
    std::size_t bytes = 0;
    for (const auto& answer : stranger.send(node, smallest)) bytes += answer.size();
    CHECK(bytes > 0);
    CHECK(bytes <= smallest.size());
}

TEST_CASE("answers that nobody asked for change nothing") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    stranger.greet(node, encode(Ping{{}, 1}));
    const auto before = node.service.table().size();
    const auto other = record_of(key_of(70), endpoint_of(70));
    Nodes nodes{{}, 1, {}};
    nodes.records.push_back(other.raw());
    CHECK(stranger.ask(node, encode(nodes)).empty());
    CHECK(stranger.ask(node, encode(Pong{{}, 9, stranger.endpoint})).empty());
    CHECK(stranger.ask(node, encode(TalkResp{})).empty());
    // And a challenge for a packet that was never sent.
    const auto challenge = encode_challenge({}, {}, {});
    CHECK(stranger.send(node, mask_packet(node.service.id(), challenge)).empty());
    CHECK(node.service.table().size() == before);
}

TEST_CASE("a handshake with another's record, a wrong signature or a bad record makes no session") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    const auto try_with = [&](const Enr& record, std::uint64_t signer, bool tell) {
        const auto challenge = stranger.send(node, stranger.random_packet(node));
        REQUIRE(challenge.size() == 1);
        Stranger liar{net, 50};
        liar.rng = Rng{signer};
        liar.record = record;
        liar.key = key_of(signer);
        return stranger.send(node, liar.handshake(node, challenge[0], encode(Ping{{}, 1}), tell));
    };
    const auto own = stranger.record;
    CHECK(try_with(record_of(key_of(77), stranger.endpoint), 50, true).empty());  // another's
    CHECK(try_with(own, 77, true).empty());                                       // forged
    CHECK(try_with(own, 50, false).empty());  // whose it is, the node cannot know
    CHECK(node.service.sessions() == 0);
    CHECK(node.service.table().size() == 0);
    CHECK(try_with(own, 50, true).size() == 1);
}

TEST_CASE("of an answer only records that were asked for, verify and may be told are kept") {
    Net net;
    auto& node = net.add(1, quiet());
    Stranger stranger{net, 50};
    stranger.greet(node, encode(Ping{{}, 1}));
    net.run_for(10s);  // it was checked and asked for once, and did not answer
    // A neighbour at each distance that chance gives, to answer with.
    std::vector<Enr> others;
    for (std::uint64_t i = 0; i < 8; ++i) {
        others.push_back(
            record_of(key_of(100 + i), endpoint_of(static_cast<std::uint32_t>(100 + i))));
    }
    std::vector<std::uint16_t> far{256};
    std::size_t asked_for = 0;
    for (const auto& other : others) {
        asked_for += log_distance(stranger.id, dht_id(other.id())) == 256;
    }
    REQUIRE(asked_for > 0);
    REQUIRE(asked_for < others.size());

    const auto play = [&](const std::vector<Nodes>& answers, bool forge) {
        std::optional<std::expected<std::vector<Enr>, RequestErrc>> outcome;
        net.strays.clear();
        node.service.find_nodes(net.now(), *Contact::of(stranger.record), far,
                                [&](Now, auto got) { outcome = std::move(got); });
        net.settle();
        REQUIRE(net.strays.size() == 1);
        const auto plains = stranger.opened({net.strays[0].second});
        const auto request = only<FindNode>(plains);
        for (auto answer : answers) {
            answer.request_id = forge ? RequestId::of(7) : request.request_id;
            stranger.ask(node, encode(answer));
        }
        net.run_for(2s);
        REQUIRE(outcome);
        return *outcome;
    };
    Nodes all{{}, 1, {}};
    for (const auto& other : others) all.records.push_back(other.raw());
    const auto kept = play({all}, false);
    REQUIRE(kept);
    CHECK(kept->size() == asked_for);
    CHECK(play({all}, true) == std::unexpected{RequestErrc::timed_out});

    Buffer forged = to_buffer(others[0].raw());
    forged[10] ^= std::byte{1};
    Nodes bad{{}, 1, {}};
    bad.records.push_back(forged);
    CHECK(play({bad}, false)->empty());

    Nodes part{{}, 2, {}};
    CHECK(play({part}, false)->empty());  // the second never came: what came counts
    Nodes contradicting{{}, 3, {}};
    CHECK(play({part, contradicting}, false) == std::unexpected{RequestErrc::bad_answer});
    Nodes none{{}, 0, {}};
    CHECK(play({none}, false) == std::unexpected{RequestErrc::bad_answer});
    Nodes endless{{}, 17, {}};
    CHECK(play({endless}, false) == std::unexpected{RequestErrc::bad_answer});
    Nodes third = all;
    third.total = 3;
    CHECK(play({third, third, third}, false) == std::unexpected{RequestErrc::bad_answer});  // 24
    CHECK(node.service.counters().bad_answers == 4);
}

TEST_CASE("an address that sends too much is not read for a while") {
    Net net;
    auto config = quiet();
    config.packets_per_second = 1;
    config.packets_burst = 5;
    auto& node = net.add(1, config);
    Stranger stranger{net, 50};
    Stranger other{net, 51};
    std::size_t answers = 0;
    for (int i = 0; i < 20; ++i)
        answers += stranger.send(node, stranger.random_packet(node)).size();
    CHECK(answers == 5);
    CHECK(node.service.counters().dropped == 15);
    CHECK(other.send(node, other.random_packet(node)).size() == 1);
    net.run_for(3s);
    CHECK(stranger.send(node, stranger.random_packet(node)).size() == 1);
}

// --- Networks ---

TEST_CASE("a newer record is fetched when a ping tells of it") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    a.service.ping(net.now(), b.contact(), [](Now, const auto&) {});
    net.settle();
    a.service.set_record(record_of(a.key, a.endpoint, 5));
    a.service.ping(net.now(), b.contact(), [](Now, const auto&) {});
    net.settle();
    REQUIRE(b.service.table().find(a.service.id()));
    CHECK(b.service.table().find(a.service.id())->contact.sequence == 5);
}

TEST_CASE("a node that learns its address after it met others is in their tables soon") {
    Net net;
    auto& boot = net.add(1);
    auto& node = net.add(2);
    node.service.set_record(EnrBuilder{1}.sign(node.key).value());
    node.service.add_boot(net.now(), boot.service.record());
    net.run_for(60s);
    CHECK(node.service.table().checked() == 1);
    CHECK(boot.service.table().size() == 0);
    node.service.set_record(record_of(node.key, node.endpoint, 2));
    net.run_for(5s);
    REQUIRE(boot.service.table().find(node.service.id()));
    CHECK(boot.service.table().find(node.service.id())->checked);
    // Its number alone is told by the next PING.
    node.service.set_record(record_of(node.key, node.endpoint, 3));
    CHECK(node.service.sessions() == 1);
}

TEST_CASE("what is under way survives that our record names another endpoint") {
    Net net;
    auto& a = net.add(1, quiet());
    auto& b = net.add(2, quiet());
    // At each of the four packets of a request with its handshake, and at the two of one without.
    std::uint32_t place = 90;
    const auto move = [&] {
        const auto sequence = a.service.record().sequence() + 1;
        a.service.set_record(record_of(a.key, endpoint_of(++place), sequence));
    };
    for (int moment = 1; moment <= 6; ++moment) {
        CAPTURE(moment);
        const bool has_session = moment > 4;
        if (!has_session) move();
        int packet = has_session ? 4 : 0;
        net.filter = [&](const auto&, const auto&, Bytes) {
            if (++packet == moment) move();
            return true;
        };
        CHECK(pings(net, a, b.contact()));
        net.filter = {};
        CHECK(pings(net, a, b.contact()));
    }
}

TEST_CASE("nodes that know one boot node find all others, and any of them by its ID") {
    Net net;
    auto& boot = net.add(1);
    std::vector<Net::Node*> nodes{&boot};
    for (std::uint64_t i = 2; i <= 40; ++i) {
        auto& node = net.add(i);
        node.service.add_boot(net.now(), boot.service.record());
        nodes.push_back(&node);
    }
    net.run_for(60s);
    std::size_t found = 0;
    std::size_t closest = 0;
    std::size_t lookups = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (std::size_t step = 1; step <= 5; ++step) {
            const auto* node = nodes[i];
            const Id& target = nodes[(i + step * 7) % nodes.size()]->service.id();
            // The true 16 closest to the target, by looking at all.
            std::vector<Id> all;
            for (const auto* other : nodes) {
                if (other != node) all.push_back(other->service.id());
            }
            const auto nearer = [&](const Id& x, const Id& y) { return closer(target, x, y); };
            std::ranges::sort(all, nearer);
            all.resize(16);
            ++lookups;
            nodes[i]->service.lookup(net.now(), Goal::closest, target,
                                     [&, all, nearer](Now, const Service::LookupResult& result) {
                                         for (const auto& one : result.closest) {
                                             closest +=
                                                 std::ranges::binary_search(all, one.id, nearer);
                                         }
                                     });
            nodes[i]->service.lookup(net.now(), Goal::resolve, target,
                                     [&](Now, const Service::LookupResult& result) {
                                         found += result.found && result.found->id == target;
                                     });
            net.run_for(2s);
        }
    }
    CHECK(found == lookups);
    // In so small a network the 16 reach into the farther half, of which a bucket cannot hold all.
    CHECK(closest * 100 >= lookups * 16 * 99);
    for (auto* node : nodes) CHECK(node->service.lookups() == 0);
}

TEST_CASE("a table that lost everybody starts again from the boot nodes") {
    Net net;
    auto& boot = net.add(1);
    auto& node = net.add(2);
    node.service.add_boot(net.now(), boot.service.record());
    net.run_for(10s);
    CHECK(node.service.table().checked() == 1);
    const auto record = boot.service.record();
    net.remove(boot);
    net.run_for(std::chrono::minutes{30});
    auto& again = net.add(1);
    net.run_for(std::chrono::hours{1});
    CHECK(node.service.table().find(again.service.id()));
    CHECK(node.service.table().checked() == 1);
}

TEST_CASE("a record at which nobody answers does not end a search: it goes on for a newer one") {
    Net net;
    auto& node = net.add(1, quiet());
    auto& helper = net.add(2);
    auto& moved = net.add(3);
    moved.service.set_record(record_of(moved.key, moved.endpoint, 2));
    helper.service.heard(net.now(), moved.service.record());
    net.run_for(10s);
    REQUIRE(helper.service.table().checked() == 1);
    const auto old = record_of(moved.key, endpoint_of(77), 1);
    node.service.heard(net.now(), old);

    const auto resolve = [&] {
        std::optional<Service::LookupResult> out;
        node.service.lookup(net.now(), Goal::resolve, moved.service.id(),
                            [&](Now, const Service::LookupResult& result) { out = result; });
        net.run_for(10s);
        REQUIRE(out);
        REQUIRE(out->found);
        return *out;
    };
    // Nobody knows a newer one: what is known is told, with what it is worth.
    auto result = resolve();
    CHECK(result.found->sequence == 1);
    CHECK_FALSE(result.answers);

    node.service.heard(net.now(), helper.service.record());
    result = resolve();
    CHECK(result.found->sequence == 2);
    CHECK(result.found->endpoint == moved.endpoint);
    CHECK(result.answers);
}
