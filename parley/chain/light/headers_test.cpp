// Headers in a store: what was kept is there after a restart, whenever it was killed.
#include <parley/chain/light/headers.hpp>

#include <parley/chain/light/test_headers.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;
using namespace parley::chain::light::testing;

namespace {

constexpr auto form = qbft::ExtraForm::goquorum;

Headers::Known known(const TestHeaders& chain, std::uint64_t number) {
    return {chain.at(number), chain.all[number].hash};
}

void check_all(const Headers& headers, const TestHeaders& chain, std::uint64_t from,
               std::uint64_t to) {
    for (auto number = from; number <= to; ++number) {
        CAPTURE(number);
        const auto at = headers.at(number);
        REQUIRE(at);
        CHECK(at->header == chain.at(number));
        CHECK(at->hash == chain.all[number].hash);
        REQUIRE(headers.find(at->hash));
        CHECK(headers.find(at->hash)->header.number == number);
    }
}

}  // namespace

TEST_CASE("headers are there after a restart, those above a gap too") {
    TestHeaders chain{4};
    chain.grow_by(3);
    chain.change(9, true);
    chain.grow_by(20);
    const auto last = chain.all.size() - 1;
    MemoryStore store;
    {
        auto headers = Headers::open(store, form, chain.all[0]);
        REQUIRE(headers);
        headers->keep({known(chain, last)}, KeepSeals::quorum);
        headers->set_head(chain.all[last], {{0, last, chain.at(last).parent_hash}}, false);
        CHECK(headers->at(last)->header == chain.at(last));
        REQUIRE(store.write(*headers->take_batch()));
        CHECK(headers->at(last)->header == chain.at(last));
        headers->end_write();
        check_all(*headers, chain, last, last);
    }
    {
        auto headers = Headers::open(store, form, chain.all[0]);
        REQUIRE(headers);
        CHECK(headers->head().hash == chain.all[last].hash);
        CHECK(headers->head().header == chain.at(last));
        REQUIRE(headers->gaps().size() == 1);
        check_all(*headers, chain, 0, 0);
        check_all(*headers, chain, last, last);
        CHECK_FALSE(headers->at(5));
        CHECK_FALSE(headers->find(chain.all[5].hash));
        std::vector<Headers::Known> all;
        for (auto number = last - 1; number > 0; --number) all.push_back(known(chain, number));
        headers->keep(all, KeepSeals::quorum);
        CHECK_FALSE(headers->walks());
        CHECK_FALSE(headers->conflict());
        headers->set_head(headers->head(), {}, true);
        headers->set_conflict({chain.at(3), chain.at(4)});
        check_all(*headers, chain, 0, last);
        REQUIRE(store.write(*headers->take_batch()));
    }
    const auto headers = Headers::open(store, form, chain.all[0]);
    REQUIRE(headers);
    CHECK(headers->gaps().empty());
    CHECK(headers->walks());
    REQUIRE(headers->conflict());
    CHECK(headers->conflict()->theirs == chain.at(4));
    check_all(*headers, chain, 0, last);
    CHECK_FALSE(headers->has_unwritten());
}

TEST_CASE("it begins at a checkpoint, and keeps the votes that are open") {
    TestHeaders chain{4};
    chain.grow_by(10);
    chain.grow(qbft::ValidatorVote{validator(9), true});
    REQUIRE_FALSE(chain.all.back().notes.empty());
    MemoryStore store;
    for (int i = 0; i < 2; ++i) {
        auto headers = Headers::open(store, form, chain.all.back());
        REQUIRE(headers);
        CHECK(headers->lowest() == 11);
        CHECK(headers->head().notes == chain.all.back().notes);
        check_all(*headers, chain, 11, 11);
        if (headers->has_unwritten()) REQUIRE(store.write(*headers->take_batch()));
    }
}

TEST_CASE("a store that is damaged is no start") {
    TestHeaders chain{4};
    chain.grow_by(2);
    MemoryStore store;
    REQUIRE(store.write(*Headers::open(store, form, chain.all[2])->take_batch()));
    const auto spoil = [&](std::string_view name, Bytes key) {
        MemoryStore copy;
        StoreBatch all;
        for (const auto one : {table::headers, table::hashes, table::sets, table::meta}) {
            REQUIRE(store.scan(one, [&](Bytes at, Bytes value) {
                all.put(one, at, value);
                return true;
            }));
        }
        all.put(name, key, bytes_of("x"));
        REQUIRE(copy.write(all));
        const auto opened = Headers::open(copy, form, chain.all[0]);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == StoreErrc::corrupt);
    };
    const Buffer two{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
                     std::byte{0}, std::byte{0}, std::byte{0}, std::byte{2}};
    spoil(table::meta, bytes_of("state"));
    spoil(table::headers, two);
    spoil(table::sets, Buffer(8, std::byte{0}));
}
