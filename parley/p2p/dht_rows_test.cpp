#include <parley/p2p/dht_rows.hpp>

#include <parley/discovery/discv5/test_services.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::p2p;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

namespace {

/// What is written of a service's table now.
StoreBatch written(Service& service) {
    DhtRows rows{service};
    rows.mark_due();
    StoreBatch batch;
    rows.take_changes(batch);
    CHECK_FALSE(rows.has_changes());
    return batch;
}

}  // namespace

TEST_CASE("dht rows: nodes that answered are heard of after a restart, others are not") {
    Net net;
    auto& before = net.add(1);
    auto& alive = net.add(2);
    before.service.add_boot(net.now(), alive.service.record());
    const auto silent = record_of(key_of(3), endpoint_of(3));
    before.service.heard(net.now(), silent);
    net.run_for(30s);
    MemoryStore store;
    const auto batch = written(before.service);
    REQUIRE(batch.changes.size() == 1);
    REQUIRE(store.write(batch));

    auto& after = net.add(4);
    DhtRows rows{after.service};
    REQUIRE(rows.load(store, net.now()));
    CHECK(after.service.table().find(alive.service.id()) != nullptr);
    CHECK(after.service.table().find(dht_id(silent.id())) == nullptr);
    CHECK(after.service.table().checked() == 0);  // until they answer again
}

TEST_CASE("dht rows: an empty table leaves what was written, and a damaged row is none") {
    Net net;
    auto& node = net.add(1);
    CHECK(written(node.service).empty());
    DhtRows rows{node.service};
    MemoryStore store;
    CHECK(rows.load(store, net.now()));
    for (const auto* text : {"", "junk", "\xc2\x80\x80", "\xf8"}) {
        StoreBatch batch;
        batch.put(DhtRows::table, bytes_of(DhtRows::key), bytes_of(text));
        REQUIRE(store.write(batch));
        CHECK(rows.load(store, net.now()));
        CHECK(node.service.table().size() == 0);
    }
}

TEST_CASE("dht rows: written once an interval") {
    Net net;
    auto& node = net.add(1);
    DhtRows rows{node.service};
    const Now start = net.now();
    rows.on_timer(start);
    CHECK_FALSE(rows.has_changes());
    CHECK(rows.next_wakeup() == start.instant + DhtRows::interval);
    rows.on_timer({.instant = start.instant + DhtRows::interval, .unix_time = {}});
    CHECK(rows.has_changes());
    StoreBatch none;
    rows.take_changes(none);
    CHECK_FALSE(rows.has_changes());
    rows.write_again();
    CHECK(rows.has_changes());
}
