#include <parley/discovery/address_book.hpp>

#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

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
    CHECK(book.add_record(at(0s), record(1, 5), told_by(50)) == AddResult::added);
    CHECK(book.add_record(at(0s), record(1, 5), told_by(50)) == AddResult::known);
    CHECK(book.add_record(at(0s), record(1, elsewhere, 5), told_by(50)) == AddResult::older);
    CHECK(book.add_record(at(0s), record(1, elsewhere, 4), told_by(50)) == AddResult::older);
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    CHECK(book.add_record(at(0s), record(1, elsewhere, 6), told_by(51)) == AddResult::updated);
    CHECK(book.find(id(1))->endpoint() == elsewhere);
    CHECK(book.find(id(1))->source == told_by(50));
    CHECK(book.size() == 1);
}

TEST_CASE("what cannot be used is refused, with the reason") {
    auto book = make_book();
    const auto add = [&](const Endpoint& endpoint, std::uint64_t network_id = network) {
        return book.add_record(at(0s), record(1, endpoint, 1, network_id), told_by(50));
    };
    CHECK(book.add_record(at(0s), record(0), told_by(50)) == AddResult::own);
    CHECK(add(public_endpoint(1), network + 1) == AddResult::wrong_network);
    CHECK(book.add_record(at(0s), *EnrBuilder{1}.sign(key(1)), told_by(50)) ==
          AddResult::wrong_network);
    ParleyEntry entry;
    entry.network_id = network;
    CHECK(book.add_record(at(0s), *EnrBuilder{1}.parley(entry).sign(key(1)), told_by(50)) ==
          AddResult::no_endpoint);
    CHECK(add(*Endpoint::parse("0.0.0.0:1")) == AddResult::bad_address);
    CHECK(add(*Endpoint::parse("224.0.0.1:1")) == AddResult::bad_address);
    CHECK(add(*Endpoint::parse("10.0.0.1:1")) == AddResult::private_address);
    CHECK(add(*Endpoint::parse("127.0.0.1:1")) == AddResult::private_address);
    CHECK(add(*Endpoint::parse("[fd00::1]:1")) == AddResult::private_address);
    CHECK(book.size() == 0);
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
    CHECK(book.add_record(at(0s), with({array_of<4>(bytes_of("none")), 0}), told_by(9)) ==
          AddResult::wrong_network);
    CHECK(book.add_record(at(0s), with(transport::fork_id(rules)), told_by(9)) == AddResult::added);
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

TEST_CASE("one source cannot fill the book") {
    BookConfig config;
    config.entries_per_source_max = 4;
    auto book = make_book(config);
    for (std::uint32_t n = 1; n <= 4; ++n) {
        CHECK(book.add_record(at(0s), record(n), told_by(50)) == AddResult::added);
    }
    CHECK(book.add_record(at(0s), record(5), told_by(50)) == AddResult::source_full);
    CHECK(book.add_record(at(0s), record(5), told_by(51)) == AddResult::added);
    SUBCASE("its own failing entries make room for better ones") {
        book.on_dial_failed(at(1s), id(2));
        CHECK(book.add_record(at(1s), record(6), told_by(50)) == AddResult::added);
        CHECK_FALSE(book.find(id(2)));
        CHECK(book.find(id(5)));
    }
    SUBCASE("callers count by their network, not by their IDs") {
        const auto caller = [](std::uint32_t n) {
            return Source{SourceKind::inbound, id(n), IpAddress::parse("30.1.1.9")};
        };
        for (std::uint32_t n = 10; n < 14; ++n) {
            CHECK(book.add_record(at(0s), record(n), caller(n)) == AddResult::added);
        }
        CHECK(book.add_record(at(0s), record(14), caller(14)) == AddResult::source_full);
    }
}

TEST_CASE("a full book evicts the worst, and never who is up, dialed or pinned") {
    BookConfig config;
    config.entries_max = 5;
    auto book = make_book(config);
    book.add_target(at(0s), {id(1), public_endpoint(1)}, {SourceKind::boot, {}, {}}, Pin::boot);
    for (std::uint32_t n = 2; n <= 5; ++n) book.add_record(at(0s), record(n), told_by(40 + n));
    book.on_dial_failed(at(0s), id(1));
    book.on_dial_failed(at(0s), id(2));
    book.on_connected(at(0s), id(2), Direction::outbound, public_endpoint(2));
    for (int i = 0; i < 3; ++i) book.on_dial_failed(at(1s), id(3));
    book.on_dial_failed(at(1s), id(4));
    book.on_dialing(at(1s), id(5));

    CHECK(book.add_record(at(2s), record(6), told_by(60)) == AddResult::added);
    CHECK_FALSE(book.find(id(3)));  // more failures than 4
    CHECK(book.add_record(at(2s), record(7), told_by(60)) == AddResult::added);
    CHECK_FALSE(book.find(id(4)));
    CHECK(book.add_record(at(2s), record(8), told_by(60)) == AddResult::book_full);
    CHECK(book.size() == 5);
    // What nobody has told of for a day gives way; what is pinned always finds room.
    CHECK(book.add_record(at(25h), record(8), told_by(60)) == AddResult::added);
    CHECK(book.add_target(at(25h), {id(9), public_endpoint(9)}, by_user, Pin::static_peer) ==
          AddResult::added);
    CHECK(book.size() == 5);
    for (const std::uint32_t n : {1U, 2U, 5U, 9U}) CHECK(book.find(id(n)));
}

TEST_CASE("waits double with jitter up to the cap of their kind") {
    BookConfig config;
    config.allow_private = true;
    auto book = make_book(config);
    book.add_record(at(0s), record(1), told_by(50));
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
    CHECK(book.next_attempt(nobody) ==
          std::min(book.find(id(3))->next_attempt, book.find(id(2))->next_attempt));
    CHECK(book.pick_for_dial(at(13s), nobody)->id == id(3));
}

TEST_CASE("an inbound link clears the wait; a turning away counts as alive") {
    auto book = make_book();
    book.add_record(at(0s), record(1), told_by(50));
    book.add_record(at(0s), record(2), told_by(50));
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
    book.add_record(at(0s), record(1), told_by(50));
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
    book.add_record(at(0s), record(1, 1), told_by(50));
    for (int i = 0; i < 12; ++i) book.on_dial_failed(at(0s), id(1));
    book.add_record(at(0s), record(1, public_endpoint(2), 2), told_by(50));
    CHECK(about(wait_of(book, id(1), at(0s)), 30s));
}

TEST_CASE("configured and signed endpoints take turns while dials fail") {
    auto book = make_book();
    book.add_target(at(0s), {id(1), public_endpoint(1)}, by_user, Pin::static_peer);
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    book.add_record(at(0s), record(1, public_endpoint(2), 3), told_by(50));
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
    book.on_dial_failed(at(0s), id(1));
    CHECK(book.find(id(1))->endpoint() == public_endpoint(2));
    book.on_dial_failed(at(0s), id(1));
    CHECK(book.find(id(1))->endpoint() == public_endpoint(1));
}

TEST_CASE("the old and the hopeless are forgotten, the pinned and the connected never") {
    auto book = make_book();
    book.add_target(at(0s), {id(1), public_endpoint(1)}, by_user, Pin::static_peer);
    for (std::uint32_t n = 2; n <= 5; ++n) book.add_record(at(0s), record(n), told_by(50));
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
    book.add_record(at(0s), record(1), told_by(50));
    book.add_record(at(1h), record(2), told_by(50));
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
    for (std::uint32_t n = 1; n <= 20; ++n) book.add_record(at(0s), record(n), told_by(50));
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

TEST_CASE("no single teller decides who is dialed") {
    auto book = make_book();
    for (std::uint32_t n = 1; n <= 30; ++n) book.add_record(at(0s), record(n), told_by(250));
    book.add_record(at(0s), record(31), told_by(251));
    int told_by_251 = 0;
    for (int i = 0; i < 300; ++i) {
        if (book.pick_for_dial(at(0s), nobody)->source == told_by(251)) ++told_by_251;
    }
    CHECK(told_by_251 > 100);  // 150 on average
    CHECK(told_by_251 < 200);
    // Tried and new ones take turns as well.
    book.on_connected(at(0s), id(1), Direction::outbound, public_endpoint(1));
    book.on_disconnected(at(1h), id(1), CloseReason::reset, 1h);
    int tried = 0;
    for (int i = 0; i < 300; ++i) tried += book.pick_for_dial(at(2h), nobody)->tried() ? 1 : 0;
    CHECK(tried > 20);
    CHECK(tried < 280);
}
