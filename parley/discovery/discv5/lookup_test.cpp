#include <parley/discovery/discv5/lookup.hpp>

#include <parley/discovery/discv5/test_network.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

using namespace parley;
using namespace parley::discovery::discv5;
using discovery::discv5::test::endpoint_in;

namespace {

struct Rig {
    Rng rng{5};
    std::uint32_t groups = 0;
    Id self = random_id(rng);
    Id target = random_id(rng);

    /// At that log distance from the target.
    Contact node(unsigned distance) { return node(distance, endpoint_in(groups++)); }
    Contact node(unsigned distance, const Endpoint& endpoint) {
        return {random_at_distance(target, distance, rng), endpoint, 1, {}};
    }
    std::vector<Contact> nodes(unsigned distance, int count) {
        std::vector<Contact> nodes;
        for (int i = 0; i < count; ++i) nodes.push_back(node(distance));
        return nodes;
    }
    Lookup lookup(const std::vector<Contact>& seeds, Goal goal = Goal::closest) {
        return {goal, self, target, seeds};
    }
};

std::vector<Lookup::Request> all_next(Lookup& lookup) {
    std::vector<Lookup::Request> requests;
    while (auto request = lookup.next()) requests.push_back(std::move(*request));
    return requests;
}

/// Asks somebody at the edge of the 16 closest for its neighbours.
bool asks_for_neighbours(const Lookup::Request& request) {
    return request.distances.size() > 3;
}

/// Everybody answers nothing, until it is done.
void finish(Lookup& lookup) {
    while (!lookup.done()) {
        for (const auto& request : all_next(lookup)) lookup.on_nodes(request.node.id, {});
    }
}

}  // namespace

TEST_CASE("a lookup without seeds is done, and found nobody") {
    Rig rig;
    auto lookup = rig.lookup({});
    CHECK(lookup.done());
    CHECK_FALSE(lookup.next());
    CHECK(lookup.closest().empty());
    // Ourselves are nobody to ask.
    auto own = rig.lookup({Contact{rig.self, endpoint_in(1), 1, {}}});
    CHECK(own.done());
}

TEST_CASE("three are asked at a time, the closest first, each for the buckets the target is in") {
    Rig rig;
    auto seeds = rig.nodes(256, 10);
    std::ranges::sort(
        seeds, [&](const Contact& a, const Contact& b) { return closer(rig.target, a.id, b.id); });
    auto lookup = rig.lookup(seeds);
    const auto first = all_next(lookup);
    REQUIRE(first.size() == 3);
    std::set<Id> asked;
    for (const auto& request : first) {
        asked.insert(request.node.id);
        CHECK(request.distances == std::vector<std::uint16_t>{256, 255, 254});
    }
    CHECK(asked == std::set{seeds[0].id, seeds[1].id, seeds[2].id});
    CHECK_FALSE(lookup.done());
    lookup.on_failure(first[0].node.id);
    CHECK(all_next(lookup).size() == 1);
    CHECK(lookup.requests() == 4);
}

TEST_CASE("while an answer is late another is asked, and it is taken when it comes") {
    Rig rig;
    auto lookup = rig.lookup(rig.nodes(256, 10));
    const auto first = all_next(lookup);
    REQUIRE(first.size() == 3);
    lookup.on_late(first[0].node.id);
    lookup.on_late(first[0].node.id);  // it has given its place already
    CHECK(all_next(lookup).size() == 1);
    const auto near = rig.node(250);
    lookup.on_nodes(first[0].node.id, std::vector{near});
    CHECK(all_next(lookup).empty());  // three are under way
    lookup.on_nodes(first[1].node.id, {});
    CHECK(all_next(lookup).size() == 1);
    lookup.on_late(rig.self);  // who was not asked
    const auto closest = lookup.closest();
    CHECK(std::ranges::count(closest, first[0].node.id, &Contact::id) == 1);
}

TEST_CASE("a lookup waits for late answers of those who would be among the 16 closest alone") {
    Rig rig;
    auto seeds = rig.nodes(250, 17);
    std::ranges::sort(
        seeds, [&](const Contact& a, const Contact& b) { return closer(rig.target, a.id, b.id); });
    const auto all_but = [&](std::size_t silent) {
        auto lookup = rig.lookup(seeds);
        while (true) {
            const auto requests = all_next(lookup);
            if (requests.empty()) return lookup;
            for (const auto& request : requests) {
                if (request.node.id == seeds[silent].id) {
                    lookup.on_late(request.node.id);
                } else {
                    lookup.on_nodes(request.node.id, {});
                }
            }
        }
    };
    auto waiting = all_but(15);
    CHECK_FALSE(waiting.done());
    CHECK(waiting.closest().back().id == seeds[16].id);
    waiting.on_nodes(seeds[15].id, {});
    finish(waiting);
    CHECK(waiting.closest().back().id == seeds[15].id);

    auto silent = all_but(0);
    CHECK_FALSE(silent.done());
    silent.on_failure(seeds[0].id);
    finish(silent);
    CHECK(silent.closest().front().id == seeds[1].id);
}

TEST_CASE("distances are 1 to 256, whoever is asked") {
    Rig rig;
    for (const Goal goal : {Goal::closest, Goal::resolve}) {
        for (unsigned distance = goal == Goal::closest ? 0 : 1; distance <= 256; ++distance) {
            CAPTURE(distance);
            auto lookup = rig.lookup({rig.node(distance)}, goal);
            const auto request = lookup.next();
            REQUIRE(request);
            CHECK(request->distances.size() >= 1);
            CHECK(request->distances.size() <= 3);
            if (distance > 0) CHECK(request->distances[0] == distance);
            std::set<unsigned> values(request->distances.begin(), request->distances.end());
            CHECK(values.size() == request->distances.size());
            CHECK(*values.begin() >= 1);
            CHECK(*values.rbegin() <= 256);
        }
    }
}

TEST_CASE("the result is the 16 closest that answered") {
    Rig rig;
    auto lookup = rig.lookup(rig.nodes(256, 3));
    auto requests = all_next(lookup);
    auto near = rig.nodes(250, 16);
    // At the right distances from who is asked: they are all in its bucket 256.
    lookup.on_nodes(requests[0].node.id, near);
    std::set<Id> silent{near[0].id, near[7].id};
    std::map<Id, int> asked;
    for (std::size_t i = 1; i < 3; ++i) lookup.on_nodes(requests[i].node.id, {});
    while (!lookup.done()) {
        for (const auto& request : all_next(lookup)) {
            if (!asks_for_neighbours(request)) ++asked[request.node.id];
            if (silent.contains(request.node.id)) {
                lookup.on_failure(request.node.id);
            } else {
                lookup.on_nodes(request.node.id, {});
            }
        }
    }
    CHECK(asked.size() == 16);
    for (const auto& [id, times] : asked) CHECK(times == 1);
    const auto closest = lookup.closest();
    CHECK(closest.size() == 16);  // fourteen and two seeds
    CHECK(std::ranges::is_sorted(closest, [&](const Contact& a, const Contact& b) {
        return closer(rig.target, a.id, b.id);
    }));
    CHECK(std::ranges::none_of(closest, [&](const Contact& c) { return silent.contains(c.id); }));
    CHECK(lookup.hops() == 1);
    CHECK_FALSE(lookup.found());
}

TEST_CASE("in the end some at the edge are asked for their neighbours, of whom nobody else told") {
    Rig rig;
    auto seeds = rig.nodes(249, 12);
    const auto ring = rig.nodes(251, 8);
    seeds.insert(seeds.end(), ring.begin(), ring.end());
    const auto nearer = [&](const Contact& a, const Contact& b) {
        return closer(rig.target, a.id, b.id);
    };
    auto unknown = rig.node(251);
    while (!std::ranges::all_of(ring, [&](const Contact& c) { return nearer(unknown, c); })) {
        unknown = rig.node(251);
    }
    auto lookup = rig.lookup(seeds);
    std::set<Id> listed;
    while (!lookup.done()) {
        for (const auto& request : all_next(lookup)) {
            const Id& asked = request.node.id;
            if (!asks_for_neighbours(request)) {
                lookup.on_nodes(asked, {});
                continue;
            }
            CHECK(log_distance(asked, rig.target) == 251);
            CHECK(std::ranges::is_sorted(request.distances));
            CHECK(request.distances.back() == 250);
            // The first does not answer any more; that it did before still counts.
            if (listed.insert(asked).second && listed.size() == 1) {
                lookup.on_failure(asked);
            } else {
                lookup.on_nodes(asked, std::array{unknown});
            }
        }
    }
    CHECK(listed.size() == Lookup::edge_answers_min);
    const auto closest = lookup.closest();
    REQUIRE(closest.size() == 16);
    CHECK(std::ranges::count(closest, unknown.id, &Contact::id) == 1);
    CHECK(std::ranges::any_of(closest, [&](const Contact& c) { return listed.contains(c.id); }));
}

TEST_CASE("what was not asked for is not listened to") {
    Rig rig;
    auto lookup = rig.lookup(rig.nodes(250, 1));
    const auto request = lookup.next();
    REQUIRE(request);
    const Id teller = request->node.id;
    // From somebody else, and at distances that were not asked for.
    lookup.on_nodes(rig.node(250).id, rig.nodes(240, 5));
    lookup.on_failure(rig.node(250).id);
    std::vector<Contact> answer;
    for (unsigned distance : {253U, 247U, 1U}) {
        Contact node = rig.node(1);
        node.id = random_at_distance(teller, distance, rig.rng);
        answer.push_back(node);
    }
    answer.push_back({rig.self, endpoint_in(9), 1, {}});
    answer.push_back({teller, endpoint_in(9), 2, {}});
    lookup.on_nodes(teller, answer);
    CHECK(lookup.done());
    CHECK(lookup.candidates() == 1);
    // An answer that comes twice counts once.
    lookup.on_nodes(teller, rig.nodes(240, 5));
    CHECK(lookup.done());
    CHECK(lookup.requests() == 1);
}

TEST_CASE("of one answer the 16 closest count") {
    Rig rig;
    auto lookup = rig.lookup(rig.nodes(256, 1));
    const auto request = lookup.next();
    auto answer = rig.nodes(250, 30);
    const auto near = rig.nodes(200, 10);
    answer.insert(answer.end(), near.begin(), near.end());
    lookup.on_nodes(request->node.id, answer);
    CHECK(lookup.candidates() == 17);
    finish(lookup);
    const auto closest = lookup.closest();
    for (const auto& node : near) {
        CHECK(std::ranges::find(closest, node.id, &Contact::id) != closest.end());
    }
}

TEST_CASE("an ID is resolved as soon as its record comes, and only by a newer one if it is stale") {
    Rig rig;
    auto lookup = rig.lookup(rig.nodes(256, 3), Goal::resolve);
    const auto requests = all_next(lookup);
    const auto record = [&](std::uint64_t sequence) {
        return std::vector{Contact{rig.target, endpoint_in(5), sequence, {}}};
    };
    lookup.on_nodes(requests[0].node.id, record(4));
    CHECK(lookup.done());
    CHECK_FALSE(lookup.next());
    REQUIRE(lookup.found());
    CHECK(lookup.found()->sequence == 4);
    CHECK(lookup.hops() == 1);

    lookup.refuse_found();
    CHECK_FALSE(lookup.found());
    CHECK_FALSE(lookup.done());
    lookup.on_nodes(requests[1].node.id, record(4));
    CHECK_FALSE(lookup.found());
    lookup.on_nodes(requests[2].node.id, record(5));
    REQUIRE(lookup.found());
    CHECK(lookup.found()->sequence == 5);

    // In a lookup for the closest it is one among others.
    auto closest = rig.lookup(rig.nodes(256, 1));
    closest.on_nodes(closest.next()->node.id, record(4));
    CHECK_FALSE(closest.done());
    finish(closest);
    CHECK(closest.closest().front().id == rig.target);
}

TEST_CASE("a path that fell among liars does not lead the others there") {
    Rig rig;
    auto seeds = rig.nodes(256, 3);
    auto lookup = rig.lookup(seeds, Goal::resolve);
    const auto requests = all_next(lookup);
    const Id liar = requests[0].node.id;
    std::set<Id> lies;
    const auto tell_lies = [&](const Lookup::Request& request) {
        std::vector<Contact> answer;
        for (const unsigned distance : request.distances) {
            for (int i = 0; i < 16; ++i) {
                Contact lie = rig.node(1);
                // As close to the target as its distance from the teller allows.
                lie.id = rig.target;
                if (log_distance(request.node.id, rig.target) != distance) continue;
                lie.id =
                    random_at_distance(rig.target, distance > 40 ? distance - 20 : 20, rig.rng);
                lies.insert(lie.id);
                answer.push_back(lie);
            }
        }
        lookup.on_nodes(request.node.id, answer);
    };
    tell_lies(requests[0]);
    // The honest way is long: 30 nodes, each of which knows the next alone, the last the target.
    std::map<Id, Contact> after;
    Contact last = seeds[0].id == liar ? seeds[1] : seeds[0];
    for (unsigned distance = 255; distance > 225; --distance) {
        const Contact next = rig.node(distance);
        after[last.id] = next;
        last = next;
    }
    after[last.id] = {rig.target, endpoint_in(5), 1, {}};
    const auto answer = [&](const Lookup::Request& request) {
        if (const auto next = after.find(request.node.id); next != after.end()) {
            lookup.on_nodes(request.node.id, std::vector{next->second});
        } else if (lies.contains(request.node.id)) {
            tell_lies(request);
        } else {
            lookup.on_nodes(request.node.id, {});
        }
    };
    answer(requests[1]);
    answer(requests[2]);
    while (!lookup.done()) {
        for (const auto& request : all_next(lookup)) answer(request);
    }
    CHECK(lookup.found());
    CHECK(lookup.hops() == 31);
}

TEST_CASE("however close nodes others invent, candidates and requests are bounded") {
    for (const Goal goal : {Goal::closest, Goal::resolve}) {
        for (const bool limits : {true, false}) {
            Rig rig;
            const auto seeds = rig.nodes(256, 40);
            Lookup lookup{goal, rig.self, rig.target, seeds, limits};
            std::map<Id, int> asked;
            while (!lookup.done()) {
                auto requests = all_next(lookup);
                REQUIRE(requests.size() <= Lookup::in_flight_max);
                for (const auto& request : requests) {
                    REQUIRE(++asked[request.node.id] == 1);
                    const unsigned distance = log_distance(request.node.id, rig.target);
                    // Mostly nearer and nearer ones, in groups of their own.
                    lookup.on_nodes(request.node.id,
                                    rig.nodes(distance > 2 ? distance - 1 : 1, 64));
                    REQUIRE(lookup.candidates() <= Lookup::candidates_max);
                }
            }
            CHECK(lookup.requests() <= Lookup::requests_max);
            CHECK(lookup.closest().size() <= Lookup::results_max);
        }
    }
}

TEST_CASE("those of one network group wait until others had their turn") {
    Rig rig;
    auto lookup = rig.lookup(rig.nodes(256, 1), Goal::resolve);
    const auto request = lookup.next();
    std::vector<Contact> answer;
    for (std::uint32_t i = 0; i < 8; ++i) {
        answer.push_back(rig.node(100, endpoint_in(77'777, 1 + i)));
    }
    const auto honest = rig.nodes(250, 8);
    answer.insert(answer.end(), honest.begin(), honest.end());
    lookup.on_nodes(request->node.id, answer);
    std::vector<unsigned> order;
    while (!lookup.done()) {
        for (const auto& next : all_next(lookup)) {
            order.push_back(log_distance(next.node.id, rig.target));
            lookup.on_nodes(next.node.id, {});
        }
    }
    // Then they are asked, too: a small network may have no other addresses.
    REQUIRE(order.size() == 16);
    CHECK(std::ranges::count_if(std::span{order}.first(9),
                                [](unsigned distance) { return distance <= 100; }) <= 3);
    CHECK(std::ranges::count_if(order, [](unsigned distance) { return distance <= 100; }) == 8);
}

TEST_CASE("paths without a seed share what the first answer tells") {
    Rig rig;
    auto other = rig.lookup(rig.nodes(256, 1), Goal::resolve);
    const auto first = all_next(other);
    REQUIRE(first.size() == 1);
    other.on_nodes(first[0].node.id, rig.nodes(250, 9));
    // All nine are asked, three at a time.
    const auto requests = all_next(other);
    CHECK(requests.size() == 3);
    for (const auto& next : requests) other.on_nodes(next.node.id, {});
    finish(other);
    CHECK(other.requests() == 10);
}

TEST_CASE("nodes of one group that somebody invents at the edge are not asked one by one") {
    Rng rng{5};
    const Id target = random_id(rng);
    std::uint32_t groups = 0;
    // The nearest part of the edge, where a liar stands and invents others, all in one /24.
    Id edge = target;
    edge[0] ^= std::byte{1} << 2;
    REQUIRE(log_distance(edge, target) == 251);
    const Contact liar{random_at_distance(edge, 250, rng), endpoint_in(groups++), 1, {}};
    std::vector<Contact> seeds{liar};
    for (int i = 0; i < 60; ++i) {
        seeds.push_back({random_at_distance(target, 251, rng), endpoint_in(groups++), 1, {}});
    }
    const std::uint32_t invented_group = groups;
    std::vector<Contact> invented;
    for (std::uint32_t i = 1; i <= 16; ++i) {
        invented.push_back(
            {random_at_distance(edge, 240, rng), endpoint_in(invented_group, i), 1, {}});
    }
    Lookup lookup{Goal::closest, random_id(rng), target, seeds};
    std::size_t listed = 0;
    std::size_t in_vain = 0;
    while (!lookup.done()) {
        while (const auto request = lookup.next()) {
            const auto& id = request->node.id;
            if (std::ranges::find(invented, id, &Contact::id) != invented.end()) {
                ++in_vain;
                lookup.on_failure(id);
            } else {
                listed += request->distances.size() > 3;
                lookup.on_nodes(id, id == liar.id ? invented : std::vector<Contact>{});
            }
        }
    }
    CHECK(listed == Lookup::edge_answers_min);
    CHECK(in_vain <= 2);
}

TEST_CASE("liars whom one path led to do not alone say who stands at the edge") {
    Rng rng{6};
    const Id target = random_id(rng);
    std::uint32_t groups = 0;
    const auto node = [&](const Id& around, unsigned distance) {
        return Contact{random_at_distance(around, distance, rng), endpoint_in(groups++), 1, {}};
    };
    // The nearest part of the edge is theirs; then comes one whom only the edge knows.
    Id edge = target;
    edge[0] ^= std::byte{1} << 2;
    const Contact unknown = node(edge, 248);
    std::vector<Contact> seeds;
    std::vector<Id> liars;
    for (std::size_t i = 0; i < 24; ++i) {
        const bool lies = i % Lookup::paths == 0 && liars.size() < Lookup::edge_answers_min;
        if (lies) {
            seeds.push_back(node(edge, 240));
            liars.push_back(seeds.back().id);
        } else {
            seeds.push_back(i < 15 ? node(target, 249) : node(edge, 250));
        }
    }
    Lookup lookup{Goal::closest, random_id(rng), target, seeds};
    while (!lookup.done()) {
        while (const auto request = lookup.next()) {
            const auto& id = request->node.id;
            const bool tells =
                request->distances.size() > 3 && std::ranges::find(liars, id) == liars.end();
            lookup.on_nodes(id, tells ? std::vector{unknown} : std::vector<Contact>{});
        }
    }
    const auto closest = lookup.closest();
    CHECK(std::ranges::count(closest, unknown.id, &Contact::id) == 1);
}
