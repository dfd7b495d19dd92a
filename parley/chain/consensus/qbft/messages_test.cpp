// Messages between validators: round trips, authors, and each way of being none.
#include <parley/chain/consensus/qbft/messages.hpp>

#include <parley/chain/consensus/qbft/test_signing.hpp>
#include <parley/chain/types/test_items.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using parley::chain::testing::Items;
using qbft::testing::sign;

namespace {

constexpr View view{.height = 5, .round = 2};

SharedBytes some_block() {
    return SharedBytes::copy(*from_hex("c20102"));
}

RoundChangeMessage some_round_change() {
    return {sign(RoundChange{view, PreparedRound{1, {std::byte{3}}}}, 1),
            some_block(),
            {sign(Prepare{{5, 1}, {std::byte{3}}}, 2), sign(Prepare{{5, 1}, {std::byte{3}}}, 3)}};
}

ProposalMessage some_proposal() {
    return {sign(Proposed{view, some_block()}, 1),
            {sign(RoundChange{view}, 2), some_round_change().signed_change},
            some_round_change().prepares};
}

template <class Message>
std::string problem_of(const DecodedMessage<Message>& read) {
    return read ? "none" : message(read.error());
}

}  // namespace

TEST_CASE("messages come back as they were written, with their authors") {
    const auto prepare = sign(Prepare{view, {std::byte{3}}}, 1);
    CHECK(decode_prepare(encode(prepare)) == prepare);
    const auto commit = sign(Commit{view, {std::byte{3}}, {std::byte{4}}}, 1);
    CHECK(decode_commit(encode(commit)) == commit);

    const auto change = some_round_change();
    const auto change_read = decode_round_change(encode(change));
    REQUIRE(change_read);
    CHECK(change_read->signed_change == change.signed_change);
    CHECK(equal(change_read->block, change.block));
    CHECK(change_read->prepares == change.prepares);

    const auto proposal = some_proposal();
    const auto proposal_read = decode_proposal(encode(proposal));
    REQUIRE(proposal_read);
    CHECK(proposal_read->signed_block == proposal.signed_block);
    CHECK(proposal_read->round_changes == proposal.round_changes);
    CHECK(proposal_read->prepares == proposal.prepares);
}

TEST_CASE("a signature is over the code and the payload, with its height and round") {
    CHECK(static_cast<int>(Code::proposal) == 0x12);
    CHECK(static_cast<int>(Code::prepare) == 0x13);
    CHECK(static_cast<int>(Code::commit) == 0x14);
    CHECK(static_cast<int>(Code::round_change) == 0x15);
    const auto text = "22" + std::string(62, '0');
    const auto hash_of = [](const std::string& hex) { return crypto::keccak256(*from_hex(hex)); };
    const Hash256 digest{std::byte{0x22}};
    CHECK(signing_hash(Prepare{view, digest}) == hash_of("e513e30502a0" + text));
    CHECK(signing_hash(Commit{view, digest, {}}) ==
          hash_of("f86914f8660502a0" + text + "b841" + std::string(130, '0')));
    CHECK(signing_hash(RoundChange{view}) == hash_of("c515c30502c0"));
    CHECK(signing_hash(RoundChange{view, PreparedRound{1, digest}}) ==
          hash_of("e715e50502e201a0" + text));
    CHECK(signing_hash(Proposed{view, some_block()}) == hash_of("c712c50502c20102"));
    CHECK(signing_hash(Prepare{{5, 3}, digest}) != signing_hash(Prepare{view, digest}));
    CHECK(signing_hash(Prepare{{6, 2}, digest}) != signing_hash(Prepare{view, digest}));
}

TEST_CASE("a signature is of one kind of message alone") {
    const Prepare prepare{view, {std::byte{3}}};
    auto moved = sign(prepare, 1);
    moved.signature = sign(RoundChange{view}, 1).signature;
    CHECK(decode_prepare(encode(moved))->author != moved.author);
}

TEST_CASE("bytes that are no message are refused by what is wrong") {
    const auto prepare = to_buffer(Bytes{encode(sign(Prepare{view, {std::byte{3}}}, 1))});
    const auto payload = Items{Items{prepare}.items[0]};
    const auto with_payload = [&](Items items) {
        Items out{prepare};
        out.items[0] = items.whole();
        return problem_of(decode_prepare(out.whole()));
    };
    CHECK(problem_of(decode_prepare({})) == "message: RLP is truncated: 1 bytes promised, 0 there");
    CHECK(problem_of(decode_prepare(Items{prepare}.add("01").whole())) ==
          "message: RLP is followed by 1 bytes too many");
    CHECK(with_payload(Items{payload}.set(0, "00")) == "height: RLP integer has a leading zero");
    CHECK(with_payload(Items{payload}.set(1, "850100000000")) ==
          "round: RLP integer is too large: limit 4, got 5");
    CHECK(with_payload(Items{payload}.set(2, "01")) ==
          "digest: RLP string has 1 bytes instead of 32");
    CHECK(with_payload(Items{payload}.add("01")) == "message: RLP is followed by 1 bytes too many");
    CHECK(problem_of(decode_prepare(Items{prepare}.set(1, "01").whole())) ==
          "signature: RLP string has 1 bytes instead of 65");

    auto unsigned_one = sign(Prepare{view, {}}, 1);
    unsigned_one.signature = {};
    CHECK(problem_of(decode_prepare(encode(unsigned_one))) == "signature: no key fits it");
    auto high = sign(Prepare{view, {}}, 1);
    high.signature[32] |= std::byte{0x80};
    CHECK(problem_of(decode_prepare(encode(high))) == "signature: no key fits it");
    auto odd = sign(Prepare{view, {}}, 1);
    odd.signature.back() = std::byte{27};
    CHECK(problem_of(decode_prepare(encode(odd))) == "signature: no key fits it");

    const auto change = to_buffer(Bytes{encode(some_round_change())});
    const auto changed = [&](std::size_t index, std::string_view hex) {
        return problem_of(
            decode_round_change(SharedBytes::own(Items{change}.set(index, hex).whole())));
    };
    CHECK(Items{change}.items.size() == 3);
    CHECK(problem_of(decode_round_change(SharedBytes::own(Items{change}.add("c0").whole()))) ==
          "message: RLP is followed by 1 bytes too many");
    auto two = Items{change};
    two.items.pop_back();
    CHECK(problem_of(decode_round_change(SharedBytes::own(two.whole()))) ==
          "prepares: RLP list ends after 2 items, 3 wanted");
    CHECK(changed(0, "80") == "message: RLP string where a list belongs");
    CHECK(changed(1, "11") == "block: RLP string where a list belongs");
    CHECK(changed(1, "80") == "block: RLP string where a list belongs");
    CHECK(changed(2, "80") == "prepares: RLP string where a list belongs");
    CHECK(changed(2, "c101") == "prepares: RLP string where a list belongs");
    auto many = some_round_change();
    many.prepares.resize(validators_max + 1, many.prepares[0]);
    CHECK(problem_of(decode_round_change(encode(many))) ==
          "prepares: RLP is too long: limit 256, got 257");
    auto without = some_proposal();
    without.signed_block.payload.block = SharedBytes::copy(Buffer{std::byte{0xc0}});
    CHECK(problem_of(decode_proposal(encode(without))) ==
          "block: RLP list ends after 0 items, 3 wanted");
    auto forged = some_proposal();
    forged.prepares[1].signature = {};
    CHECK(problem_of(decode_proposal(encode(forged))) == "signature: no key fits it");
}
