#include <parley/base/endian.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/book/entry_codec.hpp>
#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::discovery;
using namespace parley::discovery::test;
using transport::Direction;

namespace {

void save(AddressBook& book, Store& store) {
    REQUIRE(store.write(book.take_changes()));
}

std::size_t rows(Store& store) {
    std::size_t count = 0;
    REQUIRE(store.scan(AddressBook::table, [&](Bytes, Bytes) { return ++count > 0; }));
    return count;
}

void put(Store& store, std::string_view table, Bytes row, Bytes value) {
    StoreBatch batch;
    batch.put(table, row, value);
    REQUIRE(store.write(batch));
}

Buffer be64(std::uint64_t number) {
    Buffer out;
    append_be(out, number);
    return out;
}

}  // namespace

TEST_CASE("the book comes back from its store, without the waits") {
    MemoryStore store;
    auto before = make_book();
    before.add_record(at(0s), record(1, 3), heard_from(50));
    before.add_target(at(0s), {id(2), public_endpoint(2)}, {SourceKind::boot, {}, {}}, Pin::boot);
    before.on_connected(at(5s), id(1), Direction::outbound, public_endpoint(1));
    before.on_dial_failed(at(6s), id(2));
    save(before, store);

    auto after = make_book();
    const auto report = after.load(store);
    REQUIRE(report);
    CHECK(report->loaded == 2);
    CHECK(report->corrupt == 0);
    CHECK(report->unwanted == 0);
    const Entry& one = *after.find(id(1));
    CHECK(equal(one.record.raw(), record(1, 3).raw()));
    CHECK(one.record.sequence() == 3);
    CHECK(one.endpoint() == public_endpoint(1));
    CHECK(one.source == before.find(id(1))->source);
    CHECK(one.place == before.find(id(1))->place);
    CHECK(one.added == at(0s).unix_time);
    CHECK(one.last_success == at(5s).unix_time);
    CHECK(one.last_reached == at(5s).unix_time);
    CHECK(one.state == EntryState::unknown);
    const Entry& two = *after.find(id(2));
    CHECK(two.configured == public_endpoint(2));
    CHECK(two.failures == 1);
    CHECK(two.source.kind == SourceKind::boot);
    CHECK(two.pin == Pin::none);  // the configuration of the next run says which are pinned
    CHECK(two.next_attempt == Instant::min());
    CHECK_FALSE(after.has_changes());
}

TEST_CASE("only changes are written, removals too, all of it after a failed write") {
    MemoryStore store;
    auto book = make_book();
    CHECK(book.take_changes().changes.size() == 2);  // the version, and the key of the tables
    for (std::uint32_t n = 1; n <= 3; ++n) book.add_record(at(0s), record(n), heard_from(50));
    CHECK(book.take_changes().changes.size() == 3);
    CHECK(book.take_changes().empty());
    book.add_record(at(1min), record(1), heard_from(50));  // heard of again, too soon to matter
    CHECK_FALSE(book.has_changes());
    book.add_record(at(11min), record(1), heard_from(50));
    book.remove(id(2));
    const auto failed = book.take_changes();
    REQUIRE(failed.changes.size() == 2);  // one of them an erasure
    book.add_record(at(0s), record(4), heard_from(50));
    book.remove(id(4));  // never was on disk
    const auto erased = book.take_changes().changes;
    CHECK(
        std::ranges::none_of(erased, [](const auto& change) { return change.value.has_value(); }));
    put(store, AddressBook::table, id(2).bytes(), bytes_of("an old row"));
    book.write_again(failed);
    save(book, store);
    CHECK(rows(store) == 2);
}

TEST_CASE("corrupt rows are skipped, counted and cleaned away") {
    MemoryStore store;
    auto before = make_book();
    for (std::uint32_t n = 1; n <= 4; ++n) before.add_record(at(0s), record(n), heard_from(50));
    save(before, store);
    const Buffer good = encode_row(*before.find(id(1)));
    put(store, AddressBook::table, id(1).bytes(), Bytes{good}.first(40));  // cut short
    put(store, AddressBook::table, id(2).bytes(), Buffer(400));
    put(store, AddressBook::table, bytes_of("short key"), good);
    put(store, AddressBook::table, id(5).bytes(), {});
    Buffer flipped = encode_row(*before.find(id(3)));
    flipped[0] = std::byte{9};  // no such source
    put(store, AddressBook::table, id(3).bytes(), flipped);

    auto book = make_book();
    const auto report = book.load(store);
    REQUIRE(report);
    CHECK(report->loaded == 1);
    CHECK(report->corrupt == 5);
    CHECK(book.find(id(4)));
    CHECK(book.size() == 1);
    book.add_record(at(0s), record(3), heard_from(50));  // back before its row is cleaned away
    save(book, store);
    CHECK(rows(store) == 2);
    auto again = make_book();
    CHECK(again.load(store)->corrupt == 0);
    CHECK(again.size() == 2);
}

TEST_CASE("rows that the configuration does not want any more are counted and dropped") {
    MemoryStore store;
    BookConfig config;
    config.allow_private = true;
    auto before = make_book(config);
    before.add_record(at(0s), record(1), heard_from(50));
    before.add_record(at(0s), record(2, loopback_endpoint(2)), by_user);
    before.add_target(at(0s), {id(3), loopback_endpoint(3)}, by_user, Pin::none);
    save(before, store);
    auto stricter = make_book();
    CHECK(stricter.load(store)->unwanted == 2);
    CHECK(stricter.size() == 1);
    save(stricter, store);
    CHECK(rows(store) == 1);

    auto itself = make_book({}, 1);
    CHECK(itself.load(store)->unwanted == 1);
}

TEST_CASE("a smaller book keeps what finds a place") {
    MemoryStore store;
    auto before = make_book();
    for (std::uint32_t n = 1; n <= 200; ++n) before.add_record(at(0s), record(n), heard_from(n));
    save(before, store);
    BookConfig config;
    config.entries_max = 128;
    auto small = make_book(config);
    const auto report = small.load(store);
    CHECK(report->corrupt == 0);
    CHECK(report->loaded == small.size());
    CHECK(report->loaded + report->unwanted == before.size());
    CHECK(small.size() <= 128);
    CHECK(small.size() > 40);
    save(small, store);
    CHECK(rows(store) == small.size());
}

TEST_CASE("with another map of owners the tried stand where they belong, and few are lost") {
    MemoryStore store;
    BookConfig with_map;
    with_map.owners = one_owner();
    auto before = make_book();
    for (std::uint32_t n = 1; n <= 200; ++n) {
        before.add_record(at(0s), record(n), heard_from(n));
        if (n > 100) continue;
        before.on_connected(at(0s), id(n), Direction::outbound, public_endpoint(n));
        before.on_disconnected(at(1h), id(n), transport::CloseReason::reset, 1h);
    }
    save(before, store);
    for (const BookConfig& config : {with_map, BookConfig{}}) {
        auto after = make_book(config);
        const auto report = after.load(store);
        REQUIRE(report);
        CHECK(report->corrupt == 0);
        CHECK(after.taken(BookTable::tried) > 80);  // some belong into one place
        CHECK(after.size() + 20 > before.size());
        for (std::size_t i = 0; i < after.size(); ++i) {
            const Entry& entry = after.nth(i);
            if (after.table_of(entry.place) == BookTable::untried) continue;
            CHECK(entry.place == after.tables().tried_place(entry.endpoint()));
        }
        for (std::size_t i = 0; i < after.size(); ++i) {  // all rows are written again
            after.on_connected(at(2h), after.nth(i).id, Direction::inbound, {});
        }
        save(after, store);
    }
}

TEST_CASE("a book of a newer version is refused, of a damaged one too") {
    MemoryStore store;
    auto book = make_book();
    save(book, store);
    CHECK(make_book().load(store));
    put(store, "meta", bytes_of("address_book/version"), be64(3));
    CHECK(book.load(store).error() == StoreError{StoreErrc::newer_version, 2, 3});
    put(store, "meta", bytes_of("address_book/version"), bytes_of("one"));
    CHECK(book.load(store).error() == StoreError{StoreErrc::corrupt, 8, 3});
}

TEST_CASE("without a key all rows find places under a new one") {
    MemoryStore store;
    auto before = make_book();
    for (std::uint32_t n = 1; n <= 20; ++n) before.add_record(at(0s), record(n), heard_from(50));
    save(before, store);
    StoreBatch lost;
    lost.erase("meta", bytes_of("address_book/key"));
    REQUIRE(store.write(lost));

    AddressBook after{{}, NetworkFilter{network, {}}, id(0), Rng{12}};
    REQUIRE(after.load(store));
    CHECK(after.size() > 15);
    for (std::size_t i = 0; i < after.size(); ++i) {
        const Entry& entry = after.nth(i);
        CHECK(entry.place == after.tables().untried_place(entry.endpoint(), entry.source.group));
    }
    save(after, store);  // with the new key
    auto again = make_book();
    REQUIRE(again.load(store));
    CHECK(again.tables().key() == after.tables().key());
}

TEST_CASE("entries from before the load of an empty store keep their places") {
    MemoryStore store;
    auto book = make_book();
    book.add_record(at(0s), record(1), heard_from(50));
    const Place place = book.find(id(1))->place;
    REQUIRE(book.load(store));
    CHECK(book.find(id(1))->place == place);
    CHECK(book.remove(id(1)));
    CHECK(book.taken(BookTable::untried) == 0);
}

TEST_CASE("what the configuration said before the load stays") {
    MemoryStore store;
    auto before = make_book();
    before.add_record(at(0s), record(1, 3), heard_from(50));
    before.on_dial_failed(at(0s), id(1));
    save(before, store);
    auto book = make_book();
    book.add_target(at(0s), {id(1), public_endpoint(9)}, by_user, Pin::static_peer);
    CHECK(book.load(store)->loaded == 1);
    const Entry& entry = *book.find(id(1));
    CHECK(entry.pin == Pin::static_peer);
    CHECK(entry.configured == public_endpoint(9));
    CHECK(entry.endpoint() == public_endpoint(9));
    CHECK(entry.record.sequence() == 3);
    CHECK(entry.failures == 1);
}

TEST_CASE("a row is as docs/formats/address_book.md gives it") {
    Entry entry;
    entry.id = *NodeId::parse("03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138");
    entry.configured = *Endpoint::parse("20.1.0.1:30303");
    entry.source.kind = SourceKind::boot;
    entry.added = entry.last_seen = entry.last_success = at(0s).unix_time;
    const Buffer row = encode_row(entry);
    CHECK(to_hex(row) ==
          "010000000000000000ffffffff00000000000001977420dc00000001977420dc00000001977420dc00"
          "00000000000000000414010001765f000000000000000000");
    CHECK(decode_row(entry.id.bytes(), row)->endpoint() == entry.configured);
}

TEST_CASE("each way to damage a row has its error") {
    auto book = make_book();
    book.add_record(at(0s), record(1), heard_from(50));
    const Buffer row = encode_row(*book.find(id(1)));
    const auto with = [&](std::size_t at, Bytes bytes) {
        Buffer changed = row;
        std::ranges::copy(bytes, changed.begin() + static_cast<std::ptrdiff_t>(at));
        return decode_row(id(1).bytes(), changed).error();
    };
    const auto byte = [](int value) { return Buffer{static_cast<std::byte>(value)}; };
    using E = RowErrc;
    CHECK(decode_row(id(1).bytes(), row));
    CHECK(decode_row(bytes_of("x"), row).error() == RowError{E::bad_key, 33, 1});
    CHECK(decode_row(Buffer(33), row).error() == RowError{E::bad_key, 33, 33});
    CHECK(decode_row(id(1).bytes(), {}).error() == RowError{E::truncated, 1, 0});
    CHECK(decode_row(id(1).bytes(), Bytes{row}.first(16)).error() ==
          RowError{E::truncated, 17, 16});
    CHECK(decode_row(id(1).bytes(), Bytes{row}.first(52)).error() ==
          RowError{E::truncated, 55, 52});
    CHECK(with(0, byte(7)) == RowError{E::bad_source, 6, 7});
    CHECK(with(17, be64(253'402'300'800'000)) ==
          RowError{E::bad_time, 253'402'300'799'999, 253'402'300'800'000});
    CHECK(with(49, byte(5)) == RowError{E::bad_endpoint, 0, 5});
    CHECK(with(50, byte(6)) == RowError{E::bad_endpoint, 0, 6});
    Entry mapped;
    mapped.configured = *Endpoint::parse("[2001:db8::1]:1");
    Buffer in_six = encode_row(mapped);
    std::ranges::fill_n(in_six.begin() + 50, 10, std::byte{0});
    std::ranges::fill_n(in_six.begin() + 60, 2, std::byte{0xff});
    CHECK(decode_row(id(1).bytes(), in_six).error() == RowError{E::bad_endpoint, 0, 16});
    Buffer longer = row;
    longer.resize(row.size() + 300);
    CHECK(decode_row(id(1).bytes(), longer).error() ==
          RowError{E::bad_record, 300, 300 + record(1).raw().size()});
    CHECK(
        decode_row(id(1).bytes(), Bytes{row}.first(row.size() - record(1).raw().size())).error() ==
        RowError{E::bad_record, 300, 0});
    Buffer nowhere = encode_row(Entry{});
    CHECK(decode_row(id(1).bytes(), nowhere).error() == RowError{E::no_endpoint});
    for (std::uint8_t code = 0; code <= static_cast<std::uint8_t>(E::bad_record); ++code) {
        CHECK(message(RowError{static_cast<E>(code)}) != "unknown error");
    }
}
