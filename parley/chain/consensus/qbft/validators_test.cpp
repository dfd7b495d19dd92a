// Majorities, whose turn it is, and votes on who is a validator.
#include <parley/chain/consensus/qbft/validators.hpp>

#include <parley/chain/consensus/qbft/validator_votes.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;

namespace {

Address account(std::uint8_t n) {
    return {{std::byte{n}}};
}

Validators first(std::uint8_t count) {
    std::vector<Address> out;
    for (std::uint8_t n = 1; n <= count; ++n) out.push_back(account(n));
    return Validators{out};
}

ValidatorVote adds(std::uint8_t n) {
    return {.recipient = account(n), .adds = true};
}

ValidatorVote drops(std::uint8_t n) {
    return {.recipient = account(n), .adds = false};
}

}  // namespace

TEST_CASE("a quorum is two thirds, rounded up, and two of them share an honest one") {
    const std::vector<std::pair<std::size_t, std::size_t>> expected = {
        {1, 0}, {2, 0}, {2, 0}, {3, 1}, {4, 1}, {4, 1}, {5, 2}, {6, 2}, {6, 2}, {7, 3}};
    for (std::size_t n = 1; n <= expected.size(); ++n) {
        const auto set = first(static_cast<std::uint8_t>(n));
        CHECK(std::pair{set.quorum(), set.faulty_max()} == expected[n - 1]);
        CHECK(2 * set.quorum() > set.size() + set.faulty_max());
        CHECK(set.size() - set.faulty_max() >= set.quorum());
    }
}

TEST_CASE("validators take turns by address, and rounds go on from there") {
    const Validators set{{account(8), account(2), account(5)}};
    CHECK(set.proposer({}, 0) == account(2));
    CHECK(set.proposer({}, 1) == account(5));
    CHECK(set.proposer(account(2), 0) == account(5));
    CHECK(set.proposer(account(8), 0) == account(2));
    CHECK(set.proposer(account(8), 5) == account(8));
    CHECK(set.proposer(account(5), ~0U) == account(8));  // 2 + (2^32 - 1), modulo 3
    // Whoever was removed is followed by the next higher address.
    CHECK(set.proposer(account(3), 0) == account(5));
    CHECK(set.proposer(account(9), 0) == account(2));
}

TEST_CASE("more than half of the validators add one, and take one away") {
    ValidatorVotes votes{100};
    auto set = first(4);
    CHECK(votes.apply(1, set, account(1), adds(9)) == set);
    CHECK(votes.apply(2, set, account(1), adds(9)) == set);  // counts once
    CHECK(votes.apply(3, set, account(2), adds(9)) == set);  // half is not more than half
    CHECK(votes.cast().size() == 2);
    set = votes.apply(4, set, account(3), adds(9));
    CHECK(set.size() == 5);
    CHECK(set.contains(account(9)));
    CHECK(votes.cast().empty());

    CHECK(votes.apply(5, set, account(1), drops(2)) == set);
    CHECK(votes.apply(6, set, account(2), adds(7)) == set);
    CHECK(votes.apply(7, set, account(3), drops(2)) == set);
    set = votes.apply(8, set, account(9), drops(2));
    CHECK(set.size() == 4);
    CHECK_FALSE(set.contains(account(2)));
    CHECK(votes.cast().empty());  // what the one that left had cast went with it
}

TEST_CASE("from one validator to two and back") {
    ValidatorVotes votes{100};
    auto set = votes.apply(1, first(1), account(1), adds(2));
    CHECK(set == first(2));
    CHECK(votes.apply(2, set, account(1), drops(2)) == set);
    set = votes.apply(3, set, account(2), drops(2));
    CHECK(set == first(1));
    CHECK(votes.apply(4, set, account(1), drops(1)) == set);  // none at all is no chain
    CHECK(votes.cast().empty());
}

TEST_CASE("a vote is taken back by its opposite, and all lapse with an epoch") {
    ValidatorVotes votes{10};
    const auto set = first(4);
    votes.apply(1, set, account(1), adds(9));
    votes.apply(2, set, account(1), drops(9));
    CHECK(votes.cast().empty());
    votes.apply(3, set, account(1), adds(9));
    votes.apply(4, set, account(2), drops(3));
    votes.apply(9, set, account(3), std::nullopt);
    CHECK(votes.cast().size() == 2);
    votes.apply(10, set, account(3), adds(9));  // of the new epoch
    CHECK(votes.cast() == std::vector{ValidatorVotes::Cast{account(3), adds(9)}});
}

TEST_CASE("votes have their limits") {
    ValidatorVotes votes{1'000};
    const auto set = first(4);
    for (std::size_t n = 10; n < 10 + 2 * ValidatorVotes::recipients_max; ++n) {
        votes.apply(n, set, account(1), adds(static_cast<std::uint8_t>(n)));
    }
    CHECK(votes.cast().size() == ValidatorVotes::recipients_max);
    std::vector<Address> most;
    for (std::size_t n = 0; n < validators_max; ++n) {
        most.push_back({{std::byte{1}, static_cast<std::byte>(n)}});
    }
    ValidatorVotes others{1'000};
    others.apply(1, Validators{most}, most[0], adds(9));
    CHECK(others.cast().empty());
}

TEST_CASE("votes come back as they were written") {
    ValidatorVotes votes{100};
    CHECK(votes.encode().empty());
    CHECK(ValidatorVotes::decode({}, 100) == votes);
    votes.apply(1, first(4), account(1), adds(9));
    votes.apply(2, first(4), account(2), drops(3));
    CHECK(ValidatorVotes::decode(votes.encode(), 100) == votes);
    CHECK_FALSE(ValidatorVotes::decode(Bytes{votes.encode()}.first(20), 100));
}
