// What a header's extra data says, and what is none.
#include <parley/chain/consensus/qbft/extra_data.hpp>

#include <parley/chain/types/test_items.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using parley::chain::testing::Items;

namespace {

constexpr std::string_view account = "9400000000000000000000000000000000000000aa";

ExtraData some_extra_data() {
    ExtraData out;
    out.validators = {{{std::byte{1}}}, {{std::byte{2}}}};
    out.round = 300;
    out.seals = {Seal{std::byte{7}}};
    return out;
}

std::string problem_of(Bytes raw, ExtraForm form = ExtraForm::goquorum) {
    const auto read = decode_extra_data(raw, form);
    return read ? "none" : message(read.error());
}

}  // namespace

TEST_CASE("extra data comes back as it was written, in both forms") {
    for (const auto form : {ExtraForm::goquorum, ExtraForm::besu}) {
        auto extra = some_extra_data();
        CHECK(decode_extra_data(extra.encode(form), form) == extra);
        extra.vote = ValidatorVote{.recipient = {{std::byte{9}}}, .adds = true};
        CHECK(decode_extra_data(extra.encode(form), form) == extra);
        extra.vote->adds = false;
        CHECK(decode_extra_data(extra.encode(form), form) == extra);
    }
    const auto extra = some_extra_data();
    CHECK(problem_of(extra.encode(ExtraForm::besu)) == "vote: RLP string where a list belongs");
    CHECK(problem_of(extra.encode(), ExtraForm::besu) ==
          "vote: RLP list ends after 0 items, 1 wanted");
}

TEST_CASE("the largest extra data has room") {
    ExtraData extra;
    extra.validators.resize(validators_max);
    extra.seals.resize(validators_max);
    extra.vote = ValidatorVote{};
    extra.round = ~0U;
    CHECK(extra.encode().size() <= extra_data_bytes_max);
    CHECK(decode_extra_data(extra.encode()) == extra);
    extra.seals.resize(validators_max + 1);
    CHECK(problem_of(extra.encode()) == "seals: RLP is too long: limit 256, got 257");
    extra.seals.clear();
    extra.validators.resize(validators_max + 1);
    CHECK(problem_of(extra.encode()) == "validators: RLP is too long: limit 256, got 257");
}

TEST_CASE("a block's hash knows neither its round nor its seals") {
    Header header;
    const auto extra = some_extra_data();
    header.extra_data = extra.encode();
    auto other = extra;
    other.round = 1;
    other.seals.clear();
    CHECK(hash_with(header, extra, 0) == hash_with(header, other, 0));
    CHECK(hash_with(header, extra, 300) != hash_with(header, extra, 0));
    auto unsealed = extra;
    unsealed.seals.clear();
    header.extra_data = unsealed.encode();
    CHECK(hash_with(header, extra, 300) == header.hash());
    other.validators.pop_back();
    CHECK(hash_with(header, extra, 0) != hash_with(header, other, 0));
}

TEST_CASE("bytes that are no extra data are refused by what is wrong") {
    const auto raw = some_extra_data().encode();
    const auto with = [&](std::size_t index, std::string_view hex) {
        return problem_of(Items{raw}.set(index, hex).whole());
    };
    CHECK(problem_of({}) == "extra data: RLP is truncated: 1 bytes promised, 0 there");
    CHECK(problem_of(Bytes{raw}.first(9)).starts_with("extra data: RLP is truncated"));
    CHECK(with(0, "83010203") == "vanity: RLP string has 3 bytes instead of 32");
    CHECK(with(1, "80") == "validators: RLP string where a list belongs");
    CHECK(with(1, "c20102") == "validators: RLP string has 1 bytes instead of 20");
    CHECK(with(2, "80") == "vote: RLP string where a list belongs");
    CHECK(with(2, "c180") == "vote: RLP string has 0 bytes instead of 20");
    CHECK(with(2, "d5" + std::string{account}) == "vote: RLP list ends after 1 items, 2 wanted");
    for (const std::string_view type : {"00", "01", "81fe"}) {
        const auto vote =
            (type.size() == 2 ? "d6" : "d7") + std::string{account} + std::string{type};
        CHECK(with(2, vote) == "vote: RLP string has 1 bytes instead of 0");
    }
    CHECK(with(2, "d7" + std::string{account} + "81ff") == "none");
    CHECK(with(2, "d7" + std::string{account} + "8080") ==
          "vote: RLP is followed by 1 bytes too many");
    CHECK(with(3, "00") == "round: RLP integer has a leading zero");
    CHECK(with(3, "850100000000") == "round: RLP integer is too large: limit 4, got 5");
    CHECK(with(4, "c101") == "seals: RLP string has 1 bytes instead of 65");
    CHECK(problem_of(Items{raw}.add("80").whole()) ==
          "extra data: RLP is followed by 1 bytes too many");
}
