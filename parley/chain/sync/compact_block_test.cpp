// Blocks in compact form: put together of the pool, of what came with them, and of answers.
#include <parley/chain/sync/compact_block.hpp>

#include <parley/chain/ledger/test_chain.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

Block block_of(std::uint64_t transactions) {
    Block out;
    out.header.number = 5;
    for (std::uint64_t i = 0; i < transactions; ++i) {
        out.body.transactions.push_back(payment(i, 0, 1, 5));
    }
    return out;
}

CompactBlock::Pool pool_of(const std::vector<Transaction>& transactions) {
    return [&transactions](const auto& visit) {
        for (const auto& tx : transactions) visit(tx.hash, tx.raw);
    };
}

constexpr auto all = [](const Hash256&) { return true; };

}  // namespace

TEST_CASE("a compact block is put together of the pool") {
    const auto block = block_of(20);
    const auto message = make_compact(block, 7, all);
    CHECK(message.ids.size() == 20 * 6);
    auto read = CompactBlock::read(message, {});
    REQUIRE(read);
    CHECK(read->missing().size() == 20);
    auto pool = block.body.transactions;
    pool.push_back(payment(3, 9, 1, 5));  // that is in no block
    read->fill_from(pool_of(pool));
    CHECK(read->missing().empty());
    CHECK(std::move(*read).take().encode() == block.encode());
}

TEST_CASE("what is prefilled need not be in the pool, the rest is asked for by place") {
    const auto block = block_of(6);
    const auto& txs = block.body.transactions;
    const auto message = make_compact(
        block, 7, [&](const Hash256& hash) { return hash != txs[0].hash && hash != txs[5].hash; });
    CHECK(message.prefilled.size() == 2);
    auto read = CompactBlock::read(message, {});
    REQUIRE(read);
    read->fill_from(pool_of({txs[2]}));
    CHECK(read->missing() == std::vector<std::uint32_t>{1, 3, 4});
    REQUIRE(read->fill({1, 3, 4}, {txs[1].raw, txs[3].raw}));  // the answer was cut
    CHECK(read->missing() == std::vector<std::uint32_t>{4});
    CHECK(read->fill({4}, {SharedBytes::copy(bytes_of("no"))}) ==
          fail(CompactErrc::transaction, 4));
    REQUIRE(read->fill({4}, {txs[4].raw}));
    CHECK(std::move(*read).take().encode() == block.encode());
}

TEST_CASE("another salt gives other ids") {
    const auto block = block_of(1);
    CHECK_FALSE(equal(make_compact(block, 1, all).ids, make_compact(block, 2, all).ids));
}

TEST_CASE("of two in the pool with one id neither is taken") {
    const auto block = block_of(2);
    auto read = CompactBlock::read(make_compact(block, 7, all), {});
    REQUIRE(read);
    const auto& tx = block.body.transactions[1];
    // As if two transactions had the same short id.
    read->fill_from([&](const auto& visit) {
        const auto& other = block.body.transactions[0];
        visit(other.hash, other.raw);
        visit(tx.hash, other.raw);
        for (int i = 0; i < 3; ++i) visit(tx.hash, tx.raw);
    });
    CHECK(read->missing() == std::vector<std::uint32_t>{1});
}

TEST_CASE("what is found in two places is taken once") {
    const auto block = block_of(2);
    auto read = CompactBlock::read(make_compact(block, 7, all), {});
    REQUIRE(read);
    for (int i = 0; i < 2; ++i) read->fill_from(pool_of(block.body.transactions));
    CHECK(read->missing().empty());
}

TEST_CASE("what is no block is refused, with the exact error") {
    const auto good = make_compact(block_of(2), 7, [](const Hash256&) { return false; });
    auto bad = good;
    bad.header = SharedBytes::copy(bytes_of("x"));
    CHECK(CompactBlock::read(bad, {}).error() == CompactError{CompactErrc::header, 0, 0});
    bad = good;
    bad.rest = SharedBytes::copy(bytes_of("x"));
    CHECK(CompactBlock::read(bad, {}).error() == CompactError{CompactErrc::rest, 0, 0});
    bad.rest = SharedBytes::own(block_of(1).body.encode());
    CHECK(CompactBlock::read(bad, {}).error() == CompactError{CompactErrc::rest, 0, 0});
    bad = good;
    bad.prefilled[1].raw = SharedBytes::copy(bytes_of("x"));
    CHECK(CompactBlock::read(bad, {}).error() == CompactError{CompactErrc::transaction, 1, 0});
    bad = good;
    bad.prefilled.clear();
    bad.ids = SharedBytes::copy(bytes_of("aaaaaaaaaaaa"));
    CHECK(CompactBlock::read(bad, {}).error() == CompactError{CompactErrc::repeated_id, 0, 0});
}
