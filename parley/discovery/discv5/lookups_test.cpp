// Lookups and walks among nodes that do not answer. In whole networks: service_test.cpp.
#include <parley/discovery/discv5/lookups.hpp>

#include <parley/discovery/discv5/test_wires.hpp>
#include <parley/discovery/discv5/walks.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

namespace {

struct Alone : WireEnd {
    Alone() : WireEnd(1) {}

    Contact silent(std::uint64_t number) const {
        return *Contact::of(
            record_of(key_of(number), endpoint_of(static_cast<std::uint32_t>(number))));
    }
    void advance(Duration time) {
        const Instant end = now.instant + time;
        while (requests.next_wakeup() <= end) {
            now.instant = requests.next_wakeup();
            requests.on_timer(now);
            wire.outbox().clear();
        }
        now.instant = end;
    }

    Now now{.instant = Instant{1s}, .unix_time = {}};
    Table table{{}, wire.id(), Rng{1}};
    Intake intake{table};
    Requests requests{{}, wire, table, intake, rng};
    Lookups lookups{2, wire.id(), requests, table};
    Walks walks{{}, wire.id(), lookups, table, rng};
};

}  // namespace

TEST_CASE("a lookup that has nobody to ask ends before it is begun") {
    Alone node;
    int ended = 0;
    REQUIRE(node.lookups.start(node.now, Goal::closest, Id{}, [&](Now, const auto& result) {
        ++ended;
        CHECK(result.closest.empty());
        CHECK(result.requests == 0);
    }));
    CHECK(ended == 1);
    CHECK(node.lookups.size() == 0);
}

TEST_CASE("lookups over the limit are refused, and each that was taken ends once") {
    Alone node;
    node.table.add(node.now, node.silent(2), Origin::heard);
    int ended = 0;
    const auto done = [&](Now, const LookupResult& result) {
        ++ended;
        CHECK(result.closest.empty());
        CHECK(result.requests == 1);
    };
    CHECK(node.lookups.start(node.now, Goal::closest, Id{}, done));
    CHECK(node.lookups.start(node.now, Goal::closest, Id{}, done));
    CHECK_FALSE(node.lookups.start(node.now, Goal::closest, Id{}, done));
    CHECK(node.lookups.size() == 2);
    node.advance(1min);
    CHECK(ended == 2);
    CHECK(node.lookups.size() == 0);
}

TEST_CASE("those who do not answer hold up a lookup no longer than an answer is late") {
    Alone node;
    for (std::uint64_t i = 2; i < 11; ++i) node.table.add(node.now, node.silent(i), Origin::heard);
    int ended = 0;
    node.lookups.start(node.now, Goal::closest, Id{}, [&](Now, const auto&) { ++ended; });
    const RequestsConfig config;
    CHECK(node.requests.size() == 3);
    node.advance(config.late_after_max);
    CHECK(node.requests.size() == 6);
    node.advance(config.late_after_max);
    CHECK(node.requests.size() == 9);
    node.advance((config.sends_max - 1) * config.late_after_max);
    CHECK(ended == 0);
    node.advance(config.late_after_max);
    CHECK(ended == 1);
}

TEST_CASE(
    "a node whose record is known, but that does not answer, is found and said to be silent") {
    Alone node;
    const auto helper = node.silent(2);
    const auto target = node.silent(3);
    node.table.add(node.now, helper, Origin::heard);
    node.table.add(node.now, target, Origin::heard);
    int ended = 0;
    node.lookups.start(node.now, Goal::resolve, target.id, [&](Now, const LookupResult& result) {
        ++ended;
        REQUIRE(result.found);
        CHECK(result.found->id == target.id);
        CHECK_FALSE(result.answers);
    });
    node.advance(1min);
    CHECK(ended == 1);
}

TEST_CASE("walks are due at once and when the node moved, and otherwise at their interval") {
    Alone node;
    const WalksConfig config;
    CHECK(node.walks.next_wakeup() <= node.now.instant);
    node.walks.add_boot(node.now,
                        *Contact::of(node.wire.record()));  // ourselves: nobody to begin with
    node.walks.on_timer(node.now);
    CHECK(node.lookups.size() == 0);
    CHECK(node.walks.next_wakeup() >= node.now.instant + config.walk_interval_min * 9 / 10);
    CHECK(node.walks.next_wakeup() <= node.now.instant + config.walk_interval_min * 11 / 10);

    node.walks.add_boot(node.now, *Contact::of(record_of(key_of(2), endpoint_of(2))));
    CHECK(node.table.size() == 1);
    node.walks.on_timer(node.now);  // too early
    CHECK(node.lookups.size() == 0);
    node.walks.on_moved();
    node.walks.on_timer(node.now);
    CHECK(node.lookups.size() == 1);
    // One at a time, and no more often while nobody answers.
    node.walks.on_moved();
    node.walks.on_timer(node.now);
    CHECK(node.lookups.size() == 1);
    CHECK(node.walks.next_wakeup() <= node.now.instant + config.walk_interval_min * 11 / 10);
    // A boot node that left the table is heard of again at each walk.
    node.table.remove(node.now, node.silent(2).id);
    node.now.instant = node.walks.next_wakeup();
    node.walks.on_timer(node.now);
    CHECK(node.table.size() == 1);
}
