#include <parley/codec/endian.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/discovery/address_book.hpp>
#include <parley/discovery/entry_codec.hpp>
#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

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

/// The fields of a row, each an encoded item, to be changed one at a time.
std::vector<Buffer> fields_of(const Entry& entry) {
    const Buffer row = encode_row(entry);
    auto list = *rlp::Reader::open_list(row);
    std::vector<Buffer> fields;
    while (!list.at_end()) fields.push_back(to_buffer(*list.raw_item()));
    return fields;
}

Buffer row_of(const std::vector<Buffer>& fields) {
    rlp::Writer out;
    out.begin_list();
    for (const Buffer& field : fields) out.raw(field);
    out.end_list();
    return out.take();
}

Buffer string_item(Bytes bytes) {
    return rlp::Writer{}.string(bytes).take();
}
Buffer number_item(std::uint64_t number) {
    return rlp::Writer{}.number(number).take();
}

}  // namespace

TEST_CASE("the book comes back from its store, without the waits") {
    MemoryStore store;
    auto before = make_book();
    before.add_record(at(0s), record(1, 3), told_by(50));
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
    CHECK(one.record->raw().size() == record(1, 3).raw().size());
    CHECK(*one.record == record(1, 3));
    CHECK(one.source == told_by(50));
    CHECK(one.added == at(0s).unix_time);
    CHECK(one.last_success == at(5s).unix_time);
    CHECK(one.last_reached == at(5s).unix_time);
    CHECK(one.state == EntryState::unknown);
    const Entry& two = *after.find(id(2));
    CHECK(two.configured == public_endpoint(2));
    CHECK(two.failures == 1);
    CHECK(two.last_failure == at(6s).unix_time);
    CHECK(two.source.kind == SourceKind::boot);
    CHECK(two.pin == Pin::none);  // the configuration of the next run says who is pinned
    CHECK(two.next_attempt == Instant::min());
    CHECK_FALSE(after.has_changes());
}

TEST_CASE("only changes are written, removals too, all of it after a failed write") {
    MemoryStore store;
    auto book = make_book();
    CHECK(book.take_changes().changes.size() == 1);  // the version
    for (std::uint32_t n = 1; n <= 3; ++n) book.add_record(at(0s), record(n), told_by(50));
    CHECK(book.take_changes().changes.size() == 3);
    CHECK(book.take_changes().empty());
    book.add_record(at(1min), record(1), told_by(50));  // heard of again, too soon to matter
    CHECK_FALSE(book.has_changes());
    book.add_record(at(11min), record(1), told_by(50));
    book.remove(id(2));
    const auto changes = book.take_changes().changes;
    REQUIRE(changes.size() == 2);
    book.add_record(at(0s), record(4), told_by(50));
    book.remove(id(4));  // never was on disk
    CHECK_FALSE(book.has_changes());
    book.mark_all_changed();
    save(book, store);
    CHECK(rows(store) == 2);
}

TEST_CASE("corrupt rows are skipped, counted and cleaned away") {
    MemoryStore store;
    auto before = make_book();
    for (std::uint32_t n = 1; n <= 4; ++n) before.add_record(at(0s), record(n), told_by(50));
    save(before, store);
    const Buffer good = encode_row(*before.find(id(1)));
    put(store, AddressBook::table, id(1).bytes(), Bytes{good}.first(good.size() - 1));  // cut short
    put(store, AddressBook::table, id(2).bytes(), good);  // another's record
    put(store, AddressBook::table, bytes_of("short key"), good);
    put(store, AddressBook::table, id(5).bytes(), {});
    Buffer flipped = encode_row(*before.find(id(3)));
    flipped[20] ^= std::byte{1};  // inside the signature
    put(store, AddressBook::table, id(3).bytes(), flipped);

    auto book = make_book();
    const auto report = book.load(store);
    REQUIRE(report);
    CHECK(report->loaded == 1);
    CHECK(report->corrupt == 5);
    CHECK(book.find(id(4)));
    CHECK(book.size() == 1);
    book.add_record(at(0s), record(3), told_by(50));  // back before its row is cleaned away
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
    before.add_record(at(0s), record(1), told_by(50));
    before.add_record(at(0s), record(2, loopback_endpoint(2)), by_user);
    before.add_target(at(0s), {id(3), loopback_endpoint(3)}, by_user, Pin::none);
    save(before, store);
    auto stricter = make_book();
    CHECK(stricter.load(store)->unwanted == 2);
    CHECK(stricter.size() == 1);
    save(stricter, store);
    CHECK(rows(store) == 1);

    AddressBook other{{}, NetworkFilter{network + 1, {}}, id(0), Rng{1}};
    CHECK(other.load(store)->unwanted == 1);
    auto itself = make_book({}, 1);
    CHECK(itself.load(store)->unwanted == 1);
    config.entries_max = 1;
    MemoryStore two;
    save(before, two);
    before.mark_all_changed();
    save(before, two);
    auto small = make_book(config);
    const auto report = small.load(two);
    CHECK(report->loaded == 1);
    CHECK(report->unwanted == 2);
}

TEST_CASE("a book of a newer version is refused, of a damaged one too") {
    MemoryStore store;
    auto book = make_book();
    save(book, store);
    CHECK(make_book().load(store));
    put(store, "meta", bytes_of("address_book/version"), be64(2));
    CHECK(book.load(store).error() == StoreError{StoreErrc::newer_version, 1, 2});
    put(store, "meta", bytes_of("address_book/version"), bytes_of("one"));
    CHECK(book.load(store).error() == StoreError{StoreErrc::corrupt, 8, 3});
}

TEST_CASE("what the configuration said before the load stays") {
    MemoryStore store;
    auto before = make_book();
    before.add_record(at(0s), record(1, 3), told_by(50));
    before.on_dial_failed(at(0s), id(1));
    save(before, store);
    auto book = make_book();
    book.add_target(at(0s), {id(1), public_endpoint(9)}, by_user, Pin::static_peer);
    CHECK(book.load(store)->loaded == 1);
    const Entry& entry = *book.find(id(1));
    CHECK(entry.pin == Pin::static_peer);
    CHECK(entry.configured == public_endpoint(9));
    CHECK(entry.record->sequence() == 3);
    CHECK(entry.failures == 1);
}

TEST_CASE("a row is as docs/formats/address_book.md gives it") {
    Entry entry;
    entry.id = *NodeId::parse("03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138");
    entry.configured = Endpoint::parse("20.1.0.1:30303");
    entry.source.kind = SourceKind::boot;
    entry.added = entry.last_seen = entry.last_success = at(0s).unix_time;
    const Buffer row = encode_row(entry);
    CHECK(to_hex(row) ==
          "e480841401000182765f0180808601977420dc008601977420dc008601977420dc00808080");
    CHECK(decode_row(entry.id.bytes(), row)->endpoint() == *entry.configured);
}

TEST_CASE("each way to damage a row has its error") {
    auto book = make_book();
    book.add_record(at(0s), record(1), told_by(50));
    const Entry& entry = *book.find(id(1));
    const auto fields = fields_of(entry);
    REQUIRE(fields.size() == 12);
    const auto with = [&](std::size_t index, const Buffer& item) {
        auto changed = fields;
        changed[index] = item;
        return decode_row(id(1).bytes(), row_of(changed)).error();
    };
    using E = RowErrc;
    const auto rlp_error = [](rlp::Errc code) {
        return RowError{E::rlp, 0, static_cast<std::uint64_t>(code)};
    };
    CHECK(decode_row(id(1).bytes(), row_of(fields)));
    CHECK(decode_row(bytes_of("x"), row_of(fields)).error() == RowError{E::bad_key, 33, 1});
    CHECK(decode_row(Buffer(33), row_of(fields)).error() == RowError{E::bad_key, 33, 33});
    CHECK(decode_row(id(1).bytes(), string_item({})).error() ==
          rlp_error(rlp::Errc::expected_list));
    CHECK(decode_row(id(2).bytes(), row_of(fields)).error() == RowError{E::wrong_id});
    CHECK(with(0, string_item(bytes_of("no"))) ==
          RowError{E::bad_record, 0, static_cast<std::uint64_t>(EnrErrc::rlp)});
    CHECK(with(0, string_item({})) == RowError{E::no_endpoint});
    CHECK(with(1, string_item(bytes_of("12345"))) == RowError{E::bad_endpoint, 0, 5});
    CHECK(with(1, string_item(bytes_of("1234"))) == RowError{E::bad_endpoint});  // port 0
    CHECK(with(2, number_item(80)) == RowError{E::bad_endpoint});                // no address
    CHECK(with(2, number_item(65536)) == rlp_error(rlp::Errc::integer_too_large));
    CHECK(with(3, number_item(7)) == RowError{E::bad_source, 6, 7});
    CHECK(with(4, string_item(bytes_of("12"))) == RowError{E::bad_source, 33, 2});
    CHECK(with(5, string_item(bytes_of("12"))) == RowError{E::bad_endpoint, 0, 2});
    CHECK(with(6, number_item(253'402'300'800'000)) ==
          RowError{E::bad_time, 253'402'300'799'999, 253'402'300'800'000});
    CHECK(with(11, number_item(1ULL << 32)) == rlp_error(rlp::Errc::integer_too_large));
    auto longer = fields;
    longer.push_back(number_item(1));
    CHECK(decode_row(id(1).bytes(), row_of(longer)).error() ==
          rlp_error(rlp::Errc::trailing_bytes));
    auto shorter = fields;
    shorter.pop_back();
    CHECK(decode_row(id(1).bytes(), row_of(shorter)).error() == rlp_error(rlp::Errc::missing_item));
    for (std::uint8_t code = 0; code <= static_cast<std::uint8_t>(E::bad_time); ++code) {
        CHECK(message(RowError{static_cast<E>(code)}) != "unknown error");
    }
}
