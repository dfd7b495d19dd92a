// Messages with compact blocks: what is put together is the message, byte for byte.
#include <parley/chain/consensus/qbft/compact_message.hpp>

#include <parley/chain/consensus/qbft/test_blocks.hpp>
#include <parley/chain/sync/compact_block.hpp>
#include <parley/codec/rlp.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;

namespace {

SharedBytes round_change_with(const ProposedBlock& block) {
    const Prepare prepare{{5, block.extra.round}, block.digest};
    const PreparedRound prepared{block.extra.round, block.digest};
    return encode(RoundChangeMessage{
        sign(RoundChange{{5, 3}, prepared}, 1), raw(block), {sign(prepare, 2), sign(prepare, 3)}});
}

std::string problem_with(Buffer bytes) {
    const auto read = decode_compact(SharedBytes::own(std::move(bytes)));
    return read ? "none" : message(read.error());
}

}  // namespace

TEST_CASE("a compact message becomes the very message that it was made of") {
    const auto block = proposed_block(3, 2);
    const auto proposal = proposal_of(*block);
    const auto change = round_change_with(*block);
    for (const auto& [code, message] :
         {std::pair{Code::proposal, proposal}, std::pair{Code::round_change, change}}) {
        const auto inside = block_in(code, message);
        REQUIRE(inside);
        CHECK(equal(*inside, raw(*block)));
        const auto compact =
            decode_compact(encode_compact(code, message, compact_form(block->block, 7)));
        REQUIRE(compact);
        CHECK(compact->block.ids.size() == 3 * sync_topic::short_id_bytes);
        const auto whole = complete(code, *compact, raw(*block));
        REQUIRE(whole);
        CHECK(equal(*whole, message));
    }
}

TEST_CASE("what has no block has no compact form") {
    const auto change = encode(RoundChangeMessage{.signed_change = sign(RoundChange{{5, 3}}, 1)});
    CHECK_FALSE(block_in(Code::round_change, change));
    CHECK_FALSE(block_in(Code::prepare, encode(sign(Prepare{{5, 0}, {}}, 1))));
    CHECK_FALSE(block_in(Code::proposal, SharedBytes::copy(Buffer{std::byte{0xc0}})));
}

TEST_CASE("compact forms of a proposal and of a change of round have codes of their own") {
    CHECK(whole_code(0x32) == Code::proposal);
    CHECK(whole_code(0x35) == Code::round_change);
    for (const int code : {0x12, 0x15, 0x33, 0x34, 0x30, 0x40}) {
        CHECK_FALSE(whole_code(static_cast<std::uint16_t>(code)));
    }
}

TEST_CASE("what is no compact message says where") {
    const auto block = proposed_block(1);
    const auto good =
        encode_compact(Code::proposal, proposal_of(*block), compact_form(block->block, 7));
    const auto parts = decode_compact(good);
    REQUIRE(parts);
    const auto of = [&](Bytes head, Bytes inside, Bytes tail) {
        rlp::Writer out;
        return out.begin_list().raw(head).raw(inside).raw(tail).end_list().take();
    };
    const Buffer empty_list{std::byte{0xc0}};
    const Buffer cut{std::byte{0xc2}, std::byte{1}};
    CHECK(problem_with(of(parts->head, compact_form(block->block, 7), parts->tail)) == "none");
    CHECK(problem_with({}) == "compact message: RLP is truncated: 1 bytes promised, 0 there");
    CHECK(problem_with({std::byte{0x80}}) == "compact message: RLP string where a list belongs");
    CHECK(problem_with(empty_list) == "head: RLP list ends after 0 items, 1 wanted");
    CHECK(problem_with(of(parts->head, empty_list, parts->tail)) ==
          "block: RLP list ends after 0 items, 1 wanted");
    CHECK(problem_with(of(parts->head, compact_form(block->block, 7), cut)) ==
          "tail: RLP is truncated: 2 bytes promised, 1 there");
    auto longer = of(parts->head, compact_form(block->block, 7), parts->tail);
    longer.push_back(std::byte{0});
    CHECK(problem_with(longer) == "compact message: RLP is followed by 1 bytes too many");
    // A head of other parts is read, and completes nothing.
    const auto other = decode_compact(
        SharedBytes::own(of(empty_list, compact_form(block->block, 7), parts->tail)));
    REQUIRE(other);
    CHECK_FALSE(complete(Code::proposal, *other, raw(*block)));
}
