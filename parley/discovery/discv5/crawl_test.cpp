#include <parley/discovery/discv5/crawl.hpp>

#include <parley/discovery/discv5/test_network.hpp>

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::test;

namespace {

const Id us = [] {
    Id id{};
    id[31] = std::byte{7};
    return id;
}();

/// Plays a crawl in virtual time. The answers of a node take as long as its address says, the
/// first three times that; who does not answer is given up after a second.
struct Play {
    using Answer = std::function<std::optional<std::vector<Contact>>(const Crawl::Request&)>;
    struct Event {
        Duration when;
        Id from;
        std::optional<std::vector<Contact>> nodes;
        bool operator>(const Event& other) const { return when > other.when; }
    };
    std::map<Id, unsigned> asked;
    std::size_t in_flight_most = 0;
    bool two_at_once = false;
    Duration time{};

    static Duration delay(const Contact& node) {
        return 1ms * std::to_integer<int>(node.endpoint.address.bytes()[2]) + 5ms;
    }

    void run(Crawl& crawl, const Answer& answer) {
        std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
        std::set<Id> under_way;
        std::set<Id> met;
        while (!crawl.done()) {
            while (const auto request = crawl.next(at(time))) {
                const auto& node = request->node;
                ++asked[node.id];
                if (!under_way.insert(node.id).second) two_at_once = true;
                auto nodes = answer(*request);
                const bool first = nodes && met.insert(node.id).second;
                const Duration took = nodes ? delay(node) * (first ? 3 : 1) : Duration{1s};
                events.push({time + took, node.id, std::move(nodes)});
            }
            in_flight_most = std::max(in_flight_most, under_way.size());
            CHECK(crawl.progress().in_flight == under_way.size());
            REQUIRE_FALSE(events.empty());
            const Event event = events.top();
            events.pop();
            time = event.when;
            under_way.erase(event.from);
            if (event.nodes) {
                crawl.on_nodes(at(time), event.from, *event.nodes);
            } else {
                crawl.on_failure(event.from);
            }
        }
        CHECK_FALSE(crawl.next(at(time)));
    }
};

/// Answers from the tables of a network.
Play::Answer tables_of(Network& network, double loss = 0) {
    return [&network, loss](const Crawl::Request& request) -> std::optional<std::vector<Contact>> {
        const auto* node = network.find(request.node.id);
        if (!node || node->dead || network.rng().chance(loss)) return std::nullopt;
        std::vector<Contact> out;
        if (request.distances == std::vector<std::uint16_t>{0}) out.push_back(node->contact);
        for (const auto* entry :
             node->table->at_distances(request.distances, 16, endpoint_in(9999).address)) {
            out.push_back(entry->contact);
        }
        return out;
    };
}

Contact some(const Id& id, std::uint64_t sequence = 1) {
    return {id, endpoint_in(1), sequence, {}};
}

}  // namespace

TEST_CASE("a crawl of 500 nodes finds them all, with their round trips and neighbours") {
    Network network{1};
    network.add_honest(500);
    network.fill_tables();
    const auto seed = network.nodes().front().contact;
    Crawl crawl{us, {&seed, 1}};
    Play play;
    play.run(crawl, tables_of(network));
    const auto progress = crawl.progress();
    CHECK(progress.found == 500);
    CHECK(progress.answered == 500);
    CHECK(progress.ended == 500);
    CHECK(progress.silent == 0);
    CHECK(progress.in_flight == 0);
    CHECK_FALSE(progress.full);
    for (const auto& node : network.nodes()) {
        const auto* known = crawl.find(node.contact.id);
        REQUIRE(known);
        CHECK(known->round_trip == Play::delay(node.contact));
        CHECK(known->neighbours == node.table->size());
    }
    CHECK_FALSE(play.two_at_once);
    CHECK(play.in_flight_most == CrawlConfig{}.in_flight_max);
    // Its own record, 6 buckets or so with nodes, an empty one, and two or three answers below.
    CHECK(progress.requests < 500 * 14);
}

TEST_CASE("dead nodes are silent, and were asked twice") {
    Network network{2};
    network.add_honest(500);
    network.fill_tables();
    network.kill(0.3);
    network.nodes().front().dead = false;
    const auto seed = network.nodes().front().contact;
    Crawl crawl{us, {&seed, 1}};
    Play play;
    play.run(crawl, tables_of(network));
    std::size_t living = 0;
    for (const auto& node : network.nodes()) {
        living += node.dead ? 0 : 1;
        const auto* known = crawl.find(node.contact.id);
        if (!known) {
            CHECK(node.dead);  // nobody who lives told of it
            continue;
        }
        CHECK(known->answered == !node.dead);
        CHECK(known->ended);
        if (!node.dead) continue;
        CHECK(play.asked[node.contact.id] == 2);
        CHECK_FALSE(known->round_trip);
        CHECK(known->neighbours == 0);
    }
    CHECK(crawl.progress().answered == living);
    CHECK(crawl.progress().silent == crawl.progress().found - living);
    CHECK(crawl.progress().silent > 100);
}

TEST_CASE("lost packets cost a second attempt, not a node") {
    Network network{3};
    network.add_honest(300);
    network.fill_tables();
    const auto seed = network.nodes().front().contact;
    Crawl crawl{us, {&seed, 1}};
    Play play;
    play.run(crawl, tables_of(network, 0.05));
    CHECK(crawl.progress().found == 300);
    CHECK(crawl.progress().answered >= 297);
}

TEST_CASE("nodes that invent others without end are bounded, and so are requests to each") {
    Rng rng{4};
    const auto liar = some(random_id(rng));
    CrawlConfig config;
    config.nodes_max = 1000;
    Crawl crawl{us, {&liar, 1}, config};
    Play play;
    play.run(crawl, [&](const Crawl::Request& request) {
        std::vector<Contact> out;
        for (int i = 0; i < 16; ++i) {
            const auto distance = request.distances[rng.below(request.distances.size())];
            out.push_back(some(random_at_distance(request.node.id, distance, rng), rng.next()));
        }
        return out;
    });
    CHECK(crawl.progress().found == 1000);
    CHECK(crawl.progress().full);
    std::size_t known = 0;
    crawl.for_each([&](const CrawledNode&) { ++known; });
    CHECK(known == 1000);
    for (const auto& [id, count] : play.asked) CHECK(count == config.requests_max);
}

TEST_CASE("two nodes alone find each other, however near they stand") {
    Rng rng{5};
    for (unsigned distance = 256; distance > 256 - 17; --distance) {
        const auto one = some(random_id(rng));
        const auto other = some(random_at_distance(one.id, distance, rng));
        Crawl crawl{us, {&one, 1}};
        Play{}.run(crawl, [&](const Crawl::Request& request) {
            std::vector<Contact> out;
            if (std::ranges::find(request.distances, distance) != request.distances.end()) {
                out.push_back(request.node.id == one.id ? other : one);
            }
            return out;
        });
        CHECK(crawl.progress().answered == 2);
    }
}

TEST_CASE("what was not asked for is ignored: ourselves, the teller, wrong distances, strangers") {
    Rng rng{6};
    const auto teller = some(random_id(rng));
    const auto seeds = std::vector{teller, some(us), teller};
    Crawl crawl{us, seeds};
    CHECK(crawl.progress().found == 1);

    // Nobody was asked yet.
    const std::vector far{some(random_at_distance(teller.id, 256, rng))};
    crawl.on_nodes(at(0s), teller.id, far);
    crawl.on_failure(teller.id);
    crawl.on_nodes(at(0s), far[0].id, far);
    CHECK(crawl.progress().found == 1);
    CHECK(crawl.progress().ended == 0);

    auto request = crawl.next(at(0s));
    REQUIRE(request);
    CHECK(request->distances == std::vector<std::uint16_t>{0});
    CHECK_FALSE(crawl.next(at(0s)));
    crawl.on_nodes(at(0s), teller.id, far);  // at 256, asked for 0
    CHECK(crawl.progress().found == 1);

    const auto distance_of_us = static_cast<std::uint16_t>(log_distance(teller.id, us));
    while ((request = crawl.next(at(0s)))) {
        const auto& wanted = request->distances;
        const bool near_us = std::ranges::find(wanted, distance_of_us) != wanted.end();
        crawl.on_nodes(at(0s), teller.id,
                       near_us ? std::vector{teller, some(us)} : std::vector{teller});
    }
    CHECK(crawl.done());
    CHECK(crawl.progress().found == 1);
    CHECK(crawl.find(teller.id)->neighbours == 0);
}

TEST_CASE("a node's own newest record is kept, and it is asked where it answers") {
    Rng rng{7};
    const auto node = some(random_id(rng), 5);
    Crawl crawl{us, {&node, 1}};
    auto renewed = some(node.id, 6);
    renewed.endpoint = endpoint_in(2);
    REQUIRE(crawl.next(at(0s)));
    crawl.on_nodes(at(0s), node.id, std::vector{renewed, node});
    CHECK(crawl.find(node.id)->contact.sequence == 6);
    CHECK(crawl.next(at(0s))->node.endpoint == endpoint_in(1));
    // It does not answer any more: that makes it no silent one.
    crawl.on_failure(node.id);
    REQUIRE(crawl.next(at(0s)));
    crawl.on_failure(node.id);
    CHECK(crawl.done());
    CHECK(crawl.find(node.id)->answered);
    CHECK_FALSE(crawl.find(node.id)->round_trip);
    CHECK(crawl.progress().silent == 0);
}

TEST_CASE("who has not answered is asked where its newest record says") {
    Rng rng{8};
    auto moved = some(random_id(rng));
    std::vector<Contact> tellers;
    for (int i = 0; i < 3; ++i) {
        tellers.push_back(some(random_at_distance(moved.id, 256, rng)));
    }
    CrawlConfig config;
    config.in_flight_max = 1;
    auto seeds = tellers;
    seeds.insert(seeds.begin(), moved);
    moved.sequence = 2;
    moved.endpoint = endpoint_in(2);
    const auto older = seeds.front();
    Crawl crawl{us, seeds, config};
    Play{}.run(crawl, [&](const Crawl::Request& request) -> std::optional<std::vector<Contact>> {
        if (request.node.id == moved.id) {
            if (request.node.endpoint != moved.endpoint) return std::nullopt;
            return std::vector<Contact>{};
        }
        const bool first = request.node.id == tellers[0].id;
        return std::vector{first ? moved : older};
    });
    CHECK(crawl.find(moved.id)->answered);
    CHECK(crawl.find(moved.id)->contact.sequence == 2);
}

TEST_CASE("a crawl does not flood an address at which others claim that nodes stand") {
    Rng rng{7};
    const auto now = at(0s);
    const Contact liar{random_id(rng), endpoint_in(1), 1, {}};
    const auto victim = endpoint_in(2);
    Crawl crawl{random_id(rng), std::array{liar}, {}};
    std::size_t asked = 0;
    while (!crawl.done()) {
        std::vector<Crawl::Request> requests;
        while (auto request = crawl.next(now)) requests.push_back(*request);
        for (const auto& request : requests) {
            if (request.node.id != liar.id) {
                ++asked;
                crawl.on_failure(request.node.id);
                continue;
            }
            std::vector<Contact> told;
            for (const auto distance : request.distances) {
                for (int i = 0; i < 16 && distance > 8; ++i) {
                    auto endpoint = victim;
                    endpoint.port = static_cast<std::uint16_t>(1 + rng.below(65535));
                    told.push_back({random_at_distance(liar.id, distance, rng), endpoint, 1, {}});
                }
            }
            crawl.on_nodes(now, liar.id, told);
        }
    }
    CHECK(asked <= CrawlConfig{}.address_failures_max + CrawlConfig{}.in_flight_max);
    CHECK(crawl.progress().ended == crawl.progress().found);
}
