// Headers that validators sealed, and each way of being none.
#include <parley/chain/consensus/qbft/qbft.hpp>

#include <parley/chain/consensus/qbft/test_signing.hpp>

#include <doctest/doctest.h>

#include <functional>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using parley::chain::testing::secret_of;

namespace {

constexpr Fork fork = Fork::cancun;

Address account(std::uint64_t seed) {
    return address_of_secret(secret_of(seed));
}

Validators set_of(std::uint64_t first, std::uint64_t count) {
    std::vector<Address> out;
    for (std::uint64_t i = first; i < first + count; ++i) out.push_back(account(i));
    return Validators{out};
}

ChainHeader genesis_of(const Validators& validators) {
    ChainHeader out;
    ExtraData extra;
    extra.validators = {validators.addresses().begin(), validators.addresses().end()};
    out.header.extra_data = extra.encode();
    out.header.timestamp = 100;
    out.hash = out.header.hash();
    return out;
}

const Qbft& engine() {
    static const Qbft made{QbftConfig{.period_s = 2, .epoch_blocks = 10}};
    return made;
}

/// On `parent`, made and sealed by the validators with these numbers.
Header sealed(const ChainHeader& parent, const std::vector<std::uint64_t>& sealers,
              const std::optional<ValidatorVote>& vote = {},
              const std::function<void(Header&, ExtraData&)>& change = {}) {
    Header out;
    out.number = parent.header.number + 1;
    out.timestamp = parent.header.timestamp + 2;
    out.beneficiary = account(sealers.front());
    engine().prepare(out, parent, fork);
    auto extra = engine().extra_after(parent, vote, 3);
    if (change) change(out, extra);
    out.extra_data = extra.encode();
    const auto digest = hash_with(out, extra, extra.round);
    for (const auto seed : sealers) extra.seals.push_back(seal_of(digest, seed));
    out.extra_data = extra.encode();
    return out;
}

ChainHeader child(const ChainHeader& parent, const Header& header) {
    return {.header = header,
            .hash = engine().hash_of(header),
            .notes = engine().notes_after(header, parent)};
}

std::string refusal(const Header& header, const ChainHeader& parent, bool is_of_seals = false) {
    const auto checked = engine().check_header(header, parent, fork);
    if (checked) return "good";
    CHECK(checked.error().is_of_seals == is_of_seals);
    return checked.error().reason;
}

}  // namespace

TEST_CASE("a header with a quorum's seals is good, and its name knows no seals") {
    const auto genesis = genesis_of(set_of(0, 4));
    const auto three = sealed(genesis, {0, 1, 2});
    const auto others = sealed(genesis, {0, 3, 2});
    CHECK(refusal(three, genesis) == "good");
    CHECK(refusal(others, genesis) == "good");
    CHECK(refusal(sealed(genesis, {0, 1, 2, 3}), genesis) == "good");
    CHECK(engine().hash_of(three) == engine().hash_of(others));
    CHECK(engine().hash_of(three) != three.hash());
}

TEST_CASE("seals that are no quorum's are refused, and condemn no block") {
    const auto genesis = genesis_of(set_of(0, 4));
    const auto good = sealed(genesis, {0, 1, 2});
    CHECK(refusal(sealed(genesis, {0, 1}), genesis, true) == "2 seals, expected a quorum of 3");
    CHECK(refusal(sealed(genesis, {0, 1, 1}), genesis, true) ==
          "two seals by " + account(1).to_string());
    CHECK(refusal(sealed(genesis, {0, 1, 9}), genesis, true) ==
          "a seal by " + account(9).to_string() + ", who is no validator");
    auto extra = decode_extra_data(good.extra_data).value();
    extra.seals[1] = {};
    auto unsigned_one = good;
    unsigned_one.extra_data = extra.encode();
    CHECK(refusal(unsigned_one, genesis, true) == "a seal is no signature");
    // Seals of another round are others' words.
    auto other_round = good;
    extra = decode_extra_data(good.extra_data).value();
    extra.round = 0;
    other_round.extra_data = extra.encode();
    CHECK(refusal(other_round, genesis, true).starts_with("a seal by "));
}

TEST_CASE("a header is refused by the rule that it breaks") {
    const auto genesis = genesis_of(set_of(0, 4));
    const auto changed = [&](const std::function<void(Header&, ExtraData&)>& change) {
        return refusal(sealed(genesis, {0, 1, 2}, {}, change), genesis);
    };
    auto no_extra = sealed(genesis, {0, 1, 2});
    no_extra.extra_data.pop_back();
    CHECK(refusal(no_extra, genesis).starts_with("extra data: extra data: RLP is truncated"));
    CHECK(changed([](Header& h, ExtraData&) { h.difficulty = to_uint256(2); }) ==
          "difficulty: expected 1, got 2");
    CHECK(changed([](Header& h, ExtraData&) {
              h.mix_hash = {};
          }).starts_with("mixHash: expected 6374"));
    CHECK(changed([](Header& h, ExtraData&) { h.nonce[7] = std::byte{1}; }) == "nonce is not 0");
    CHECK(changed([](Header& h, ExtraData&) { h.ommers_hash = {}; }) ==
          "validators have no ommers");
    CHECK(changed([](Header& h, ExtraData&) { h.timestamp -= 1; }) ==
          "time: expected at least 102, got 101");
    CHECK(changed([](Header&, ExtraData& extra) { extra.validators.pop_back(); }) ==
          "3 validators in the extra data that are not the 4 who must seal it");
    CHECK(changed([](Header& h, ExtraData&) { h.beneficiary = account(9); }) ==
          "made by " + account(9).to_string() + ", who is no validator");
}

TEST_CASE("votes in headers change who seals the blocks that follow") {
    const ValidatorVote adds{.recipient = account(4), .adds = true};
    const auto genesis = genesis_of(set_of(0, 4));
    const auto first = child(genesis, sealed(genesis, {0, 1, 2}, adds));
    const auto second = child(first, sealed(first, {1, 2, 3}, adds));
    CHECK(engine().validators_after(second) == set_of(0, 4));
    const auto third = child(second, sealed(second, {2, 1, 0}, adds));
    CHECK(engine().validators_after(third) == set_of(0, 5));
    // Five need four seals.
    CHECK(refusal(sealed(third, {0, 1, 2}), third, true) == "3 seals, expected a quorum of 4");
    const auto fourth = child(third, sealed(third, {4, 1, 2, 3}));
    CHECK(refusal(fourth.header, third) == "good");
    CHECK(fourth.notes.empty());
    CHECK(engine().validators_after(fourth) == set_of(0, 5));
}

TEST_CASE("votes that are open are kept with the block, and both kinds lapse with the epoch") {
    for (const bool is_added : {true, false}) {
        CAPTURE(is_added);
        const ValidatorVote vote{.recipient = account(is_added ? 4 : 0), .adds = is_added};
        const auto changed = is_added ? set_of(0, 5) : set_of(1, 3);
        const auto genesis = genesis_of(set_of(0, 4));
        auto at = child(genesis, sealed(genesis, {0, 1, 2}, vote));
        at = child(at, sealed(at, {1, 2, 3}, vote));
        while (at.header.number < 9) at = child(at, sealed(at, {3, 1, 2}));
        CHECK_FALSE(at.notes.empty());
        CHECK(engine().votes_after(at).cast().size() == 2);
        at = child(at, sealed(at, {3, 1, 2}, vote));  // block 10 begins an epoch
        CHECK(engine().votes_after(at).cast().size() == 1);
        CHECK(engine().validators_after(at) == set_of(0, 4));
        at = child(at, sealed(at, {0, 1, 2}, vote));
        CHECK(engine().validators_after(at) == set_of(0, 4));
        at = child(at, sealed(at, {1, 0, 2}, vote));
        CHECK(engine().validators_after(at) == changed);
    }
}
