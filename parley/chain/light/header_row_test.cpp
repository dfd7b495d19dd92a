// Rows of headers: what they cost, that nothing is lost, and each bad one.
#include <parley/chain/light/header_row.hpp>

#include <parley/chain/light/test_headers.hpp>

#include <doctest/doctest.h>

#include <optional>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;
using namespace parley::chain::light::testing;

namespace {

constexpr auto form = qbft::ExtraForm::goquorum;

/// As after a block with transfers, since Cancun.
ChainHeader full_header(TestHeaders& chain) {
    auto header = chain.make({}, Hash256{std::byte{9}}).header;
    header.transactions_root = {std::byte{7}};
    header.receipts_root = {std::byte{8}};
    header.gas_used = 21'000'000;
    header.base_fee = to_uint256(7'654'321'000);
    header.withdrawals_root = empty_root_hash;
    header.blob_gas_used = 0;
    header.excess_blob_gas = 0;
    header.parent_beacon_root = Hash256{};
    auto extra = *qbft::decode_extra_data(header.extra_data);
    TestHeaders::seal(header, extra, chain.seeds);
    return {header, chain.engine->hash_of(header)};
}

}  // namespace

TEST_CASE("a row gives its header back, with a quorum of seals") {
    TestHeaders chain{4};
    ValidatorSets sets;
    chain.change(9, true);
    chain.grow();
    chain.all.push_back(full_header(chain));
    for (std::size_t i = 1; i < chain.all.size(); ++i) {
        CAPTURE(i);
        const auto& [header, hash, total, notes] = chain.all[i];
        const auto row = encode_row(header, hash, form, KeepSeals::quorum, sets);
        const auto read = decode_row(row, i, header.parent_hash, form, sets);
        REQUIRE(read);
        CHECK(read->header == header);
        CHECK(read->hash == hash);
        const auto bare = decode_row(encode_row(header, hash, form, KeepSeals::none, sets), i,
                                     header.parent_hash, form, sets);
        REQUIRE(bare);
        CHECK(chain.engine->hash_of(bare->header) == hash);
    }
    CHECK(sets.size() == 2);
}

TEST_CASE("a header of a chain by work stays as it is") {
    Header header;
    header.number = 5;
    header.difficulty = to_uint256(1'000'000);
    header.beneficiary = validator(1);
    header.mix_hash = {std::byte{3}};
    header.nonce = {std::byte{4}};
    header.extra_data = Buffer(20, std::byte{1});
    header.logs_bloom.value[3] = std::byte{1};
    ValidatorSets sets;
    const auto row = encode_row(header, header.hash(), form, KeepSeals::quorum, sets);
    CHECK(decode_row(row, 5, {}, form, sets)->header == header);
    CHECK(sets.empty());
}

TEST_CASE("at most 400 bytes at 4 validators, 66 for each further one, 200 without seals") {
    for (const std::uint64_t validators : {4U, 7U, 31U, 100U}) {
        CAPTURE(validators);
        TestHeaders chain{validators};
        const auto [header, hash, total, notes] = full_header(chain);
        ValidatorSets sets(300);                          // as many sets before it
        const auto index_bytes = std::size_t{8 + 8 + 8};  // its number, and where its hash leads
        const auto sealed = encode_row(header, hash, form, KeepSeals::quorum, sets).size();
        CHECK(sealed + index_bytes <= 400 + (validators - 4) * 66);
        const auto bare = encode_row(header, hash, form, KeepSeals::none, sets).size();
        CHECK(bare + index_bytes <= 200);
    }
}

TEST_CASE("a bad row is refused, and why") {
    TestHeaders chain{4};
    const auto [header, hash, total, notes] = full_header(chain);
    ValidatorSets sets;
    const auto row = encode_row(header, hash, form, KeepSeals::quorum, sets);
    const auto error = [&](Bytes bytes, const ValidatorSets& of) {
        const auto read = decode_row(bytes, 1, header.parent_hash, form, of);
        return read ? std::optional<rlp::RlpError>{} : read.error();
    };
    using rlp::Errc;
    CHECK_FALSE(error(row, sets));
    CHECK(error({}, sets) == rlp::RlpError{Errc::truncated, 1, 0});
    CHECK(error(Bytes{row}.first(row.size() - 1), sets)->code == Errc::truncated);
    CHECK(error(row, {}) == rlp::RlpError{Errc::integer_too_large, 0, 0});
    CHECK(error(row, {{validator(99)}})->code == Errc::integer_too_large);
    rlp::Writer short_hash;
    short_hash.begin_list().string(Buffer(31, std::byte{1})).end_list();
    CHECK(error(short_hash.take(), sets) == rlp::RlpError{Errc::wrong_size, 32, 31});
    rlp::Writer no_more;
    no_more.begin_list().string(Bytes{hash}).end_list();
    CHECK(error(no_more.take(), sets)->code == Errc::missing_item);
}
