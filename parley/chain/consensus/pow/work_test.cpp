// Work: what miners get, and what they find.
#include <parley/chain/consensus/pow/work.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/consensus/pow/asert.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;

namespace {

Header some_header() {
    Header out;
    out.number = 70'000;
    out.timestamp = 1'700'000'000;
    out.difficulty = to_uint256(300);
    out.extra_data = {std::byte{7}};
    out.base_fee = to_uint256(1'000'000'000);
    return out;
}

const auto easy = target_of_difficulty(to_uint256(300));

}  // namespace

TEST_CASE("work: it is the header but for two fields, and found again in what came") {
    auto header = some_header();
    const auto work = work_of(header, easy);
    CHECK(work.number == 70'000);
    CHECK(work.header == header.encode());
    header.nonce[3] = std::byte{1};
    header.mix_hash[3] = std::byte{1};
    CHECK(work_of(header, easy).name == work.name);
    header.gas_used = 1;
    CHECK(work_of(header, easy).name != work.name);
    const auto read = read_work(work.header, easy);
    REQUIRE(read);
    CHECK(read->name == work.name);
    CHECK(read->nonce_at == work.nonce_at);
    CHECK(read->mix_hash_at == work.mix_hash_at);
}

TEST_CASE("work: its name is Geth's, of all items but mixHash and nonce") {
    const auto header = some_header();
    rlp::Writer out;
    out.begin_list();
    out.string(Bytes{header.parent_hash}).string(Bytes{header.ommers_hash});
    out.string(Bytes{header.beneficiary}).string(Bytes{header.state_root});
    out.string(Bytes{header.transactions_root}).string(Bytes{header.receipts_root});
    out.string(Bytes{header.logs_bloom}).number(header.difficulty).number(header.number);
    out.number(header.gas_limit).number(header.gas_used).number(header.timestamp);
    out.string(Bytes{header.extra_data}).number(*header.base_fee).end_list();
    CHECK(work_of(header, easy).name == crypto::keccak256(out.take()));
}

TEST_CASE("work: a nonce that is found makes the block's hash low enough, the first of its range") {
    auto header = some_header();
    const auto work = work_of(header, easy);
    Hash256 mix_hash{};
    mix_hash[31] = std::byte{5};
    const auto found = find_nonce(work, 10, 100'000, mix_hash);
    REQUIRE(found);
    CHECK(found->work == work.name);
    header.mix_hash = found->mix_hash;
    store_be(MutableBytes{header.nonce}, found->nonce);
    CHECK(header.hash() == hash_of(work, *found));
    CHECK(header.hash() <= easy);
    CHECK_FALSE(find_nonce(work, 10, found->nonce - 10, mix_hash));
    CHECK(find_nonce(work, found->nonce, 1, mix_hash) == found);
    CHECK(find_nonce(work, found->nonce - 40, 41, mix_hash));
    CHECK_FALSE(find_nonce(work, 0, 0));
}

TEST_CASE("work: what is no header is refused") {
    const auto header = some_header().encode();
    const auto code_of = [](Bytes bytes) { return read_work(bytes, easy).error().code; };
    CHECK(code_of(Bytes{header}.first(header.size() - 1)) == rlp::Errc::truncated);
    CHECK(code_of(Buffer(1'025)) == rlp::Errc::too_long);
    rlp::Writer few;
    few.begin_list().number(1).end_list();
    CHECK(code_of(few.take()) == rlp::Errc::missing_item);
    rlp::Writer small;
    small.begin_list();
    for (int i = 0; i < 15; ++i) small.number(1);
    small.end_list();
    CHECK(code_of(small.take()) == rlp::Errc::wrong_size);
}
