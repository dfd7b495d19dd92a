#include <parley/discovery/book/address_book.hpp>

#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace parley;
using namespace parley::discovery;
using namespace parley::discovery::test;
using transport::CloseReason;
using transport::Direction;

namespace {

const AddressBook::Predicate nobody = [](const Entry&) { return false; };

Duration wait_of(const AddressBook& book, const NodeId& node, Now now) {
    return book.find(node)->next_attempt - now.instant;
}

bool about(Duration actual, Duration expected) {
    return actual >= expected * 3 / 4 && actual <= expected * 5 / 4;
}

}  // namespace

TEST_CASE("the newest record wins, and of two with one sequence the first") {
    auto book = make_book();
    const Endpoint elsewhere = public_endpoint(99);
    CHECK(book.add_record(at(0s), record(1, 5), heard_from(50)) == AddResult::added);
    CHECK(book.add_record(at(0s), record(1, 5), heard_from(50)) == AddResult::known);
    CHECK(book.add_record(at(0s), record(1, elsewhere, 5), heard_from(50)) == AddResult::older);
    CHECK(book.add_record(at(0s), record(1, elsewhere, 4), heard_from(50)) == AddResult::older);
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    CHECK(book.add_record(at(0s), record(1, elsewhere, 6), heard_from(51)) == AddResult::updated);
    CHECK(book.find(id(1))->endpoint() == elsewhere);
    CHECK(book.find(id(1))->source.kind == SourceKind::pex);
    CHECK(book.size() == 1);
}

TEST_CASE("what cannot be used is refused, with the reason") {
    auto book = make_book();
    const auto add = [&](const Endpoint& endpoint, std::uint64_t network_id = network) {
        return book.add_record(at(0s), record(1, endpoint, 1, network_id), heard_from(50));
    };
    CHECK(book.add_record(at(0s), record(0), heard_from(50)) == AddResult::own);
    CHECK(add(public_endpoint(1), network + 1) == AddResult::wrong_network);
    CHECK(book.add_record(at(0s), *EnrBuilder{1}.sign(key(1)), heard_from(50)) ==
          AddResult::wrong_network);
    ParleyEntry entry;
    entry.network_id = network;
    CHECK(book.add_record(at(0s), *EnrBuilder{1}.parley(entry).sign(key(1)), heard_from(50)) ==
          AddResult::no_endpoint);
    CHECK(add(*Endpoint::parse("0.0.0.0:1")) == AddResult::bad_address);
    CHECK(add(*Endpoint::parse("224.0.0.1:1")) == AddResult::bad_address);
    CHECK(add(*Endpoint::parse("10.0.0.1:1")) == AddResult::private_address);
    CHECK(add(*Endpoint::parse("127.0.0.1:1")) == AddResult::private_address);
    CHECK(add(*Endpoint::parse("[fd00::1]:1")) == AddResult::private_address);
    CHECK(book.size() == 0);
}

TEST_CASE("a light node keeps full ones that serve it, a full one keeps no light ones") {
    using namespace transport;
    const auto add = [](bool is_light, std::uint64_t roles, std::uint64_t services) {
        AddressBook book{{}, NetworkFilter{network, {}, is_light}, id(0), Rng{1}};
        EnrBuilder builder{1};
        builder.ip(public_endpoint(1).address).tcp(1).parley({network, {}, 0, roles, services});
        return book.add_record(at(0s), *builder.sign(key(1)), heard_from(9));
    };
    CHECK(add(true, role::full, service::light_nodes) == AddResult::added);
    CHECK(add(true, role::full | role::validator, service::light_nodes) == AddResult::added);
    CHECK(add(true, role::full, service::blocks) == AddResult::wrong_role);
    CHECK(add(true, role::light, service::light_nodes) == AddResult::wrong_role);
    CHECK(add(false, role::light, 0) == AddResult::wrong_role);
    CHECK(add(false, role::full, 0) == AddResult::added);
    CHECK(add(false, role::full | role::light, 0) == AddResult::added);
    CHECK(add(false, 0, 0) == AddResult::added);
}

TEST_CASE("records of an incompatible fork are refused") {
    const transport::ForkRules rules{Hash256{}, {100}, 200};
    AddressBook book{{}, NetworkFilter{network, rules}, id(0), Rng{1}};
    ParleyEntry entry;
    entry.network_id = network;
    const auto with = [&](const transport::ForkId& fork) {
        entry.fork_hash = fork.hash;
        entry.fork_next = fork.next;
        EnrBuilder builder{1};
        builder.ip(public_endpoint(1).address).tcp(1).parley(entry);
        return *builder.sign(key(1));
    };
    CHECK(book.add_record(at(0s), with({array_of<4>(bytes_of("none")), 0}), heard_from(9)) ==
          AddResult::wrong_network);
    CHECK(book.add_record(at(0s), with(transport::fork_id(rules)), heard_from(9)) ==
          AddResult::added);
}

TEST_CASE("private addresses are believed from private networks alone") {
    BookConfig config;
    config.allow_private = true;
    auto book = make_book(config);
    const auto from = [](std::string_view address) {
        return Source{SourceKind::pex, id(50), IpAddress::parse(address)};
    };
    const Enr site = record(1, *Endpoint::parse("10.0.0.1:1"));
    const Enr machine = record(2, *Endpoint::parse("127.0.0.1:1"));
    CHECK(book.add_record(at(0s), site, from("20.1.1.1")) == AddResult::private_address);
    CHECK(book.add_record(at(0s), machine, from("10.0.0.2")) == AddResult::private_address);
    CHECK(book.add_record(at(0s), site, from("192.168.0.1")) == AddResult::added);
    CHECK(book.add_record(at(0s), machine, from("127.0.0.1")) == AddResult::added);
    CHECK(book.add_record(at(0s), record(3), from("127.0.0.1")) == AddResult::added);
}

TEST_CASE("one network group can tell of a sixteenth of the new places, in whatever number") {
    BookConfig config;
    config.entries_max = 5120;  // 64 new buckets, 16 tried ones
    auto book = make_book(config);
    const std::size_t places = book.places(BookTable::untried);
    CHECK(places == 4096);
    // 2,000 nodes of as many groups, advertised by many IDs of one group.
    const Enr any = record(1);
    std::size_t added = 0;
    for (std::uint32_t n = 2; n < 2000; ++n) {
        const Source one_group{SourceKind::pex, id(n % 7),
                               IpAddress::parse("30.1." + std::to_string(n % 250) + ".9")};
        const Target target{id(n), *Endpoint::parse(std::to_string(40 + n / 200) + "." +
                                                    std::to_string(n % 200) + ".0.1:1")};
        if (book.add_target(at(0s), target, one_group, Pin::none) == AddResult::added) ++added;
    }
    CHECK(added == book.size());
    CHECK(added <= places / 16);
    CHECK(added > places / 32);
    // Another group still finds room.
    CHECK(book.add_record(at(0s), any, heard_from(51)) == AddResult::added);
}

TEST_CASE("with a map, all /16 of one owner are one source and one group") {
    BookConfig config;
    config.entries_max = 5120;  // 64 new buckets, 16 tried ones
    const Buckets by_network{config.entries_max, 1};
    const Buckets by_owner{config.entries_max, 1, one_owner()};
    const auto ip = [](std::uint32_t n) { return public_endpoint(n).address; };
    const Source one{SourceKind::pex, id(1), ip(1)};
    const Source two{SourceKind::pex, id(2), ip(2)};
    CHECK(by_network.source_group(one) != by_network.source_group(two));
    CHECK(by_owner.source_group(one) == by_owner.source_group(two));
    const auto buckets_of = [](const Buckets& tables) {
        std::set<Place> buckets;
        for (std::uint32_t n = 1; n <= 100; ++n) {
            buckets.insert(tables.tried_place(public_endpoint(n)) / Buckets::bucket_places);
        }
        return buckets.size();
    };
    CHECK(buckets_of(by_network) == 16);
    CHECK(buckets_of(by_owner) == 1);
    // Where no AS is known, nothing changes.
    const auto elsewhere = *Endpoint::parse("40.1.0.1:1");
    CHECK(by_owner.tried_place(elsewhere) == by_network.tried_place(elsewhere));
}

TEST_CASE("a good entry keeps its place, a failing or stale one gives way; pinned ones need none") {
    BookConfig config;
    config.entries_max = 128;  // one bucket each
    auto book = make_book(config);
    std::vector<std::uint32_t> refused;
    for (std::uint32_t n = 1; n <= 200; ++n) {
        if (book.add_record(at(0s), record(n), heard_from(n)) != AddResult::added)
            refused.push_back(n);
    }
    CHECK(book.size() == book.taken(BookTable::untried));
    CHECK(book.size() <= 64);
    CHECK(book.size() > 40);
    REQUIRE(refused.size() > 100);
    for (const std::uint32_t n : refused) {
        CHECK(book.add_record(at(1s), record(n), heard_from(n)) == AddResult::place_taken);
    }
    CHECK(book.add_target(at(1s), {id(300), public_endpoint(300)}, by_user, Pin::static_peer) ==
          AddResult::added);
    const auto held = book.size();
    SUBCASE("all fail but those that are up") {
        book.on_connected(at(1s), id(1), Direction::inbound, public_endpoint(1));
        for (std::uint32_t n = 1; n <= 200; ++n) {
            if (book.find(id(n))) book.on_dial_failed(at(2s), id(n));
        }
        std::size_t taken = 0;
        for (const std::uint32_t n : refused) {
            if (book.add_record(at(3s), record(n), heard_from(n)) == AddResult::added) ++taken;
        }
        CHECK(taken > 30);
        CHECK(book.find(id(1)));
        CHECK(book.find(id(300)));
    }
    SUBCASE("no source has advertised them for a day") {
        CHECK(book.add_record(at(25h), record(refused[0]), heard_from(refused[0])) ==
              AddResult::added);
        CHECK(book.size() == held);
    }
}

TEST_CASE("who answers a dial moves to the tried table; a taken place is tested first") {
    BookConfig config;
    config.entries_max = 128;
    auto book = make_book(config);
    std::size_t answered = 0;
    for (std::uint32_t n = 1; n < 250; ++n) {
        if (book.add_record(at(0s), record(n), heard_from(n)) != AddResult::added) continue;
        CHECK(book.find(id(n))->place < book.places(BookTable::untried));
        book.on_tested(at(0s), id(n));
        ++answered;
        // All answered a moment ago, hence their holders need not be asked.
        CHECK(book.waiting_for_test() == 0);
    }
    CHECK(book.taken(BookTable::tried) > 32);
    CHECK(book.taken(BookTable::tried) <= 64);
    CHECK(book.taken(BookTable::tried) + book.taken(BookTable::untried) == answered);
    CHECK(book.size() == answered);
}

TEST_CASE("the rival of a tried entry takes its place if a feeler finds that one dead") {
    BookConfig config;
    config.entries_max = 128;
    for (const bool alive : {false, true}) {
        CAPTURE(alive);
        auto book = make_book(config);
        std::uint32_t rival = 0;
        for (std::uint32_t n = 1; rival == 0; ++n) {
            REQUIRE(n < 250);
            // Each answered long before the next one: too long to be called alive unasked.
            const Now now = at(5h * n);
            if (book.add_record(now, record(n), heard_from(n)) != AddResult::added) continue;
            book.on_tested(now, id(n));
            if (book.waiting_for_test() > 0) rival = n;
        }
        const Now now = at(5h * rival + 1min);
        const Entry* holder = book.pick_for_feeler(now, nobody);
        REQUIRE(holder);
        const NodeId held = holder->id;
        CHECK(holder->tried());
        const auto before = book.taken(BookTable::tried);
        CHECK_FALSE(book.find(id(rival))->place == holder->place);
        const Place place = holder->place;
        if (alive) {
            book.on_tested(now, held);
            CHECK(book.find(held)->place == place);
        } else {
            book.on_dial_failed(now, held);
            CHECK(book.find(id(rival))->place == place);
        }
        CHECK(book.waiting_for_test() == 0);
        CHECK(book.taken(BookTable::tried) == before);
    }
}

TEST_CASE("waits double with jitter up to the cap of their kind") {
    BookConfig config;
    config.allow_private = true;
    auto book = make_book(config);
    book.add_record(at(0s), record(1), heard_from(50));
    book.add_record(at(0s), record(2, loopback_endpoint(2)), by_user);
    book.add_target(at(0s), {id(3), public_endpoint(3)}, by_user, Pin::static_peer);
    Duration expected = 1s;
    for (int i = 0; i < 16; ++i) {
        for (std::uint32_t n = 1; n <= 3; ++n) book.on_dial_failed(at(0s), id(n));
        CHECK(about(wait_of(book, id(1), at(0s)), std::min<Duration>(expected, 1h)));
        CHECK(about(wait_of(book, id(2), at(0s)), std::min<Duration>(expected, 30s)));
        CHECK(about(wait_of(book, id(3), at(0s)), std::min<Duration>(expected, 10s)));
        expected *= 2;
    }
    CHECK(book.find(id(1))->failures == 16);
    CHECK(book.count(EntryState::waiting) == 3);
    CHECK(book.pick_for_dial(at(1s / 2), nobody) == nullptr);
    CHECK(book.next_attempt(at(0s), nobody) ==
          std::min(book.find(id(3))->next_attempt, book.find(id(2))->next_attempt));
    CHECK(book.pick_for_dial(at(13s), nobody)->id == id(3));
}

TEST_CASE("an inbound link clears the wait; a turning away counts as alive") {
    auto book = make_book();
    book.add_record(at(0s), record(1), heard_from(50));
    book.add_record(at(0s), record(2), heard_from(50));
    for (int i = 0; i < 10; ++i) {
        book.on_dial_failed(at(0s), id(1));
        book.on_dial_failed(at(0s), id(2));
    }
    book.on_connected(at(1s), id(1), Direction::inbound, *Endpoint::parse("20.1.0.1:50000"));
    CHECK(book.find(id(1))->state == EntryState::connected);
    CHECK(book.find(id(1))->failures == 0);
    CHECK_FALSE(book.find(id(1))->tried());  // its endpoint is still unproven
    book.on_disconnected(at(2min), id(1), CloseReason::truncated, 2min);
    CHECK(about(wait_of(book, id(1), at(2min)), 1s));

    book.on_turned_away(at(1s), id(2), CloseReason::too_many_peers);
    CHECK(book.find(id(2))->failures == 0);
    CHECK(book.find(id(2))->tried());
    CHECK(about(wait_of(book, id(2), at(1s)), 5s));
    book.on_turned_away(at(1s), id(2), CloseReason::wrong_genesis);
    CHECK(about(wait_of(book, id(2), at(1s)), 30min));
}

TEST_CASE("links that do not last count as failures, those that do wipe them out") {
    auto book = make_book();
    book.add_record(at(0s), record(1), heard_from(50));
    Duration expected = 1s;
    for (int i = 0; i < 5; ++i) {
        book.on_connected(at(0s), id(1), Direction::outbound, public_endpoint(1));
        book.on_disconnected(at(1s), id(1), CloseReason::reset, 1s);
        CHECK(about(wait_of(book, id(1), at(1s)), expected));
        expected *= 2;
    }
    book.on_connected(at(0s), id(1), Direction::outbound, public_endpoint(1));
    book.on_disconnected(at(1min), id(1), CloseReason::reset, 1min);
    CHECK(book.find(id(1))->failures == 0);
    CHECK(about(wait_of(book, id(1), at(1min)), 1s));
    book.on_connected(at(0s), id(1), Direction::outbound, public_endpoint(1));
    book.on_disconnected(at(0s), id(1), CloseReason::duplicate, 0s);
    CHECK(book.find(id(1))->failures == 0);
}

TEST_CASE("a record that moves a waiting node does not have it dialed at once") {
    auto book = make_book();
    book.add_record(at(0s), record(1, 1), heard_from(50));
    for (int i = 0; i < 12; ++i) book.on_dial_failed(at(0s), id(1));
    book.add_record(at(0s), record(1, public_endpoint(2), 2), heard_from(50));
    CHECK(about(wait_of(book, id(1), at(0s)), 30s));
}

TEST_CASE("configured and signed endpoints take turns while dials fail") {
    auto book = make_book();
    book.add_target(at(0s), {id(1), public_endpoint(1)}, by_user, Pin::static_peer);
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    book.add_record(at(0s), record(1, public_endpoint(2), 3), heard_from(50));
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    book.on_dial_failed(at(0s), id(1));
    CHECK(book.find(id(1))->endpoint() == public_endpoint(2));
    book.on_dial_failed(at(0s), id(1));
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    SUBCASE("while nobody answers too") {
        book.on_unanswered(at(0s), id(1), 5);
        CHECK(book.find(id(1))->endpoint() == public_endpoint(2));
        book.on_unanswered(at(0s), id(1), 6);
        CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    }
    SUBCASE("beginning with what the owner says now") {
        book.on_dial_failed(at(0s), id(1));
        book.add_target(at(0s), {id(1), public_endpoint(3)}, by_user, Pin::static_peer);
        CHECK(book.find(id(1))->endpoint() == public_endpoint(3));
    }
}

TEST_CASE("the old and the hopeless are forgotten, the pinned and the connected never") {
    auto book = make_book();
    book.add_target(at(0s), {id(1), public_endpoint(1)}, by_user, Pin::static_peer);
    for (std::uint32_t n = 2; n <= 5; ++n) book.add_record(at(0s), record(n), heard_from(50));
    for (int i = 0; i < 10; ++i) {
        for (const std::uint32_t n : {1U, 2U, 3U}) book.on_dial_failed(at(0s), id(n));
    }
    book.on_turned_away(at(0s), id(3), CloseReason::too_many_peers);
    for (int i = 0; i < 10; ++i) book.on_dial_failed(at(0s), id(3));
    book.on_connected(at(0s), id(4), Direction::inbound, public_endpoint(4));
    CHECK(book.expire(at(1s)) == 1);
    CHECK_FALSE(book.find(id(2)));
    CHECK(book.expire(at(24h * 8)) == 1);  // 3: alive a week ago, failing since
    CHECK_FALSE(book.find(id(3)));
    CHECK(book.expire(at(24h * 31)) == 1);  // 5: not heard of for a month
    CHECK(book.size() == 2);
}

TEST_CASE("the book answers by group, state, source and age") {
    auto book = make_book();
    book.add_record(at(0s), record(1), heard_from(50));
    book.add_record(at(1h), record(2), heard_from(50));
    book.add_target(at(0s), {id(3), public_endpoint(3)}, {SourceKind::boot, {}, {}}, Pin::boot);
    book.on_connected(at(0s), id(1), Direction::inbound, public_endpoint(1));
    const auto only = [&](const AddressBook::Query& query) {
        const auto found = book.query(query, 10);
        REQUIRE(found.size() == 1);
        return found.front()->id;
    };
    CHECK(only({.group = outbound_group(public_endpoint(2).address)}) == id(2));
    CHECK(only({.state = EntryState::connected}) == id(1));
    CHECK(only({.source = SourceKind::boot}) == id(3));
    CHECK(only({.seen_since = at(30min).unix_time}) == id(2));
    CHECK(book.query({}, 2).size() == 2);
    CHECK(book.count(EntryState::unknown) == 2);
}

TEST_CASE("a sample is drawn evenly from those that fit") {
    auto book = make_book();
    for (std::uint32_t n = 1; n <= 20; ++n) book.add_record(at(0s), record(n), heard_from(50));
    Rng rng{3};
    std::map<NodeId, int> drawn;
    const auto not_five = [](const Entry& e) { return e.id != id(5); };
    for (int i = 0; i < 400; ++i) {
        const auto sample = book.sample(5, not_five, rng);
        REQUIRE(sample.size() == 5);
        for (const Entry* entry : sample) ++drawn[entry->id];
    }
    CHECK(drawn.size() == 19);
    for (const auto& [node, times] : drawn) CHECK(times > 60);  // 105 on average
    CHECK(book.sample(50, not_five, rng).size() == 19);
}

TEST_CASE("whoever tells of many is not drawn more often for it") {
    auto book = make_book();
    // 30 nodes advertised by one group, which go to few buckets each of which is as likely as the
    // other's.
    for (std::uint32_t n = 1; n <= 30; ++n) {
        const Enr crowd = record(n, *Endpoint::parse("20.1.1." + std::to_string(n) + ":1"));
        book.add_record(at(0s), crowd, heard_from(250));
    }
    book.add_record(at(0s), record(31), heard_from(251));
    int others = 0;
    for (int i = 0; i < 300; ++i) {
        if (book.pick_for_dial(at(0s), nobody)->id == id(31)) ++others;
    }
    CHECK(others > 100);  // 150 on average: one bucket of two
    // Tried and new ones take turns as well.
    book.on_connected(at(0s), id(1), Direction::outbound, book.find(id(1))->endpoint());
    book.on_disconnected(at(1h), id(1), CloseReason::reset, 1h);
    int tried = 0;
    for (int i = 0; i < 300; ++i) tried += book.pick_for_dial(at(2h), nobody)->tried() ? 1 : 0;
    CHECK(tried > 100);
    CHECK(tried < 200);
}

TEST_CASE("records from disk are verified when they are needed, and forgotten if they are bad") {
    MemoryStore store;
    auto before = make_book();
    before.add_record(at(0s), record(1), heard_from(50));
    before.add_record(at(0s), record(2), heard_from(50));
    auto batch = before.take_changes();
    for (auto& change : batch.changes) {
        if (equal(change.key, id(2).bytes()))
            change.value->at(change.value->size() - 30) ^= std::byte{1};
    }
    REQUIRE(store.write(batch));
    auto book = make_book();
    CHECK(book.load(store)->loaded == 2);
    CHECK_FALSE(book.find(id(1))->verified);
    CHECK(book.record(id(1)) == record(1));
    CHECK(book.find(id(1))->verified);
    CHECK_FALSE(book.record(id(2)));
    CHECK_FALSE(book.find(id(2)));
}

TEST_CASE("anchors come back from disk") {
    MemoryStore store;
    auto before = make_book();
    before.set_anchors({id(1), id(2), id(3), id(4), id(5)});
    REQUIRE(store.write(before.take_changes()));
    CHECK_FALSE(before.has_changes());
    auto after = make_book();
    REQUIRE(after.load(store));
    CHECK(after.anchors_before() == std::vector{id(1), id(2), id(3), id(4)});
}

TEST_CASE("what a node says of itself on its own link wins over a later sequence") {
    auto book = make_book();
    const auto later = record(1, 9);
    const auto own = record(1, 3);
    CHECK(book.add_record(at(0s), later, heard_from(5)) == AddResult::added);
    CHECK(book.add_record(at(1s), own, heard_from(5)) == AddResult::older);
    CHECK(book.add_own_record(at(1s), own, heard_from(5)) == AddResult::updated);
    CHECK(book.find(id(1))->record.sequence() == 3);
    CHECK(book.add_own_record(at(2s), own, heard_from(5)) == AddResult::known);
}

TEST_CASE("records of the node itself are handed to whoever asks, and not kept") {
    auto book = make_book();
    std::vector<std::uint64_t> met;
    book.set_on_own([&](const Enr& record) { met.push_back(record.sequence()); });
    CHECK(book.add_record(at(0s), record(0, 4), heard_from(5)) == AddResult::own);
    CHECK(met == std::vector<std::uint64_t>{4});
}
