// Messages of validators as they come, with their blocks, and each way of being none.
#include <parley/chain/consensus/qbft/incoming.hpp>

#include <parley/chain/consensus/qbft/test_signing.hpp>

#include <doctest/doctest.h>

#include <functional>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;

namespace {

constexpr View view{.height = 5, .round = 2};

BlockForm form() {
    return {.limits = {.extra_data_bytes_max = extra_data_bytes_max}};
}

Block block_with(const std::function<void(Header&, ExtraData&)>& change = {}) {
    Block out;
    ExtraData extra;
    extra.validators = {{{std::byte{1}}}};
    extra.round = view.round;
    out.header.number = view.height;
    out.header.beneficiary = {{std::byte{1}}};
    if (change) change(out.header, extra);
    if (out.header.extra_data.empty()) out.header.extra_data = extra.encode();
    return out;
}

Result<Incoming, std::string> read(Code code, const SharedBytes& message) {
    return read_incoming(static_cast<std::uint16_t>(code), message, form());
}

std::string problem_of(const Result<Incoming, std::string>& read) {
    return read ? "none" : read.error();
}

std::string proposal_of(const std::function<void(Header&, ExtraData&)>& change) {
    const auto raw = SharedBytes::own(block_with(change).encode());
    return problem_of(
        read(Code::proposal, encode(ProposalMessage{sign(Proposed{view, raw}, 1), {}, {}})));
}

}  // namespace

TEST_CASE("a proposal comes with its author, its block's hash and maker") {
    const auto block = block_with();
    const auto raw = SharedBytes::own(block.encode());
    const auto got =
        read(Code::proposal, encode(ProposalMessage{sign(Proposed{view, raw}, 1), {}, {}}));
    REQUIRE(got);
    const auto& input = std::get<ProposalInput>(got->said);
    CHECK(author_of(got->said) == sign(Proposed{view, raw}, 1).author);
    CHECK(input.maker == block.header.beneficiary);
    auto first_round = block_with([](Header&, ExtraData& extra) { extra.round = 0; });
    CHECK(input.digest == first_round.header.hash());
    REQUIRE(got->block);
    CHECK(got->block->digest == input.digest);
}

TEST_CASE("a proposal whose block does not fit it is refused by what is wrong") {
    CHECK(proposal_of({}) == "none");
    CHECK(proposal_of([](Header& header, ExtraData&) { header.number = 6; }) ==
          "block 6, expected 5");
    CHECK(proposal_of([](Header&, ExtraData& extra) { extra.round = 1; }) ==
          "a block of round 1 with 0 seals, expected round 2 and none");
    CHECK(proposal_of([](Header&, ExtraData& extra) { extra.seals.emplace_back(); }) ==
          "a block of round 2 with 1 seals, expected round 2 and none");
    CHECK(proposal_of([](Header& header, ExtraData&) {
              header.extra_data = {std::byte{0xc0}};
          }).starts_with("extra data: vanity: "));
    const auto none = SharedBytes::copy(*from_hex("c20102"));
    CHECK(problem_of(
              read(Code::proposal, encode(ProposalMessage{sign(Proposed{view, none}, 1), {}, {}})))
              .starts_with("block: "));
}

TEST_CASE("a change of round comes with the hash of its block, or without") {
    const auto alone =
        read(Code::round_change, encode(RoundChangeMessage{sign(RoundChange{view}, 1), {}, {}}));
    REQUIRE(alone);
    CHECK_FALSE(std::get<RoundChangeInput>(alone->said).digest);
    CHECK_FALSE(alone->block);
    const auto raw = SharedBytes::own(block_with().encode());
    const auto with =
        read(Code::round_change, encode(RoundChangeMessage{sign(RoundChange{view}, 1), raw, {}}));
    REQUIRE(with);
    CHECK(std::get<RoundChangeInput>(with->said).digest == with->block->digest);
    const auto none = SharedBytes::copy(*from_hex("c20102"));
    CHECK(problem_of(read(Code::round_change,
                          encode(RoundChangeMessage{sign(RoundChange{view}, 1), none, {}})))
              .starts_with("block: "));
}

TEST_CASE("only codes 0x12 to 0x15 are messages") {
    const auto prepare = encode(sign(Prepare{view, {}}, 1));
    CHECK(problem_of(read_incoming(0x13, prepare, form())) == "none");
    CHECK(problem_of(read_incoming(0x14, prepare, form())) != "none");
    for (const auto code : {std::uint16_t{0x00}, std::uint16_t{0x11}, std::uint16_t{0x16}}) {
        CHECK(problem_of(read_incoming(code, prepare, form())).ends_with("expected 0x12 to 0x15"));
    }
}

TEST_CASE("a commit's seal is its author's, over the block in the commit's round") {
    const auto raw = SharedBytes::own(block_with().encode());
    const auto block = read_block(raw, form()).value();
    const auto commit_with = [&](std::uint64_t sealer, std::uint32_t sealed_round) {
        const auto sealed =
            hash_with(block->block.header, block->extra, sealed_round, ExtraForm::goquorum);
        return sign(Commit{view, block->digest, seal_of(sealed, sealer)}, 1);
    };
    CHECK(is_sealed_by_author(commit_with(1, 2), *block, ExtraForm::goquorum));
    CHECK_FALSE(is_sealed_by_author(commit_with(2, 2), *block, ExtraForm::goquorum));
    CHECK_FALSE(is_sealed_by_author(commit_with(1, 0), *block, ExtraForm::goquorum));
    CHECK_FALSE(
        is_sealed_by_author(sign(Commit{view, block->digest, {}}, 1), *block, ExtraForm::goquorum));
}

TEST_CASE("in another round a block is the same block, with its maker and without seals") {
    const auto raw = SharedBytes::own(
        block_with([](Header&, ExtraData& extra) { extra.seals.emplace_back(); }).encode());
    const auto before = *read_block(raw, form()).value();
    const auto after = in_round(before, 7, ExtraForm::goquorum);
    CHECK(after.digest == before.digest);
    CHECK(after.block.header.beneficiary == before.block.header.beneficiary);
    const auto again = read_block(SharedBytes::own(after.block.encode()), form()).value();
    CHECK(again->digest == before.digest);
    CHECK(again->extra.round == 7);
    CHECK(again->extra.seals.empty());
}
