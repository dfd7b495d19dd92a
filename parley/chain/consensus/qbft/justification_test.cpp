// Each rule of a proposal and a change of round, broken once.
#include <parley/chain/consensus/qbft/justification.hpp>

#include <parley/chain/consensus/qbft/test_cluster.hpp>

#include <doctest/doctest.h>

#include <functional>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;

namespace {

constexpr std::uint64_t height = 5;

Validators four() {
    return Validators{{validator(0), validator(1), validator(2), validator(3)}};
}

std::vector<Signed<Prepare>> prepares_of(std::uint32_t round, std::uint8_t block) {
    std::vector<Signed<Prepare>> out;
    for (std::size_t i = 0; i < 3; ++i) {
        out.push_back({{{height, round}, digest_of(block_of(block))}, validator(i), {}});
    }
    return out;
}

PreparedRound prepared(std::uint32_t round, std::uint8_t block) {
    return {round, digest_of(block_of(block))};
}

RoundChangeInput some_change() {
    return {{{{{height, 3}, prepared(1, 7)}, validator(3), {}}, block_of(7), prepares_of(1, 7)},
            digest_of(block_of(7))};
}

/// Of round 3, of a block that was prepared in round 1; another was in round 0.
ProposalInput some_proposal() {
    ProposalInput out;
    out.message.signed_block = {{{height, 3}, block_of(7)}, validator(3), {}};
    out.message.round_changes = {{{{height, 3}, prepared(1, 7)}, validator(0), {}},
                                 {{{height, 3}, prepared(0, 8)}, validator(1), {}},
                                 {{{height, 3}, {}}, validator(2), {}}};
    out.message.prepares = prepares_of(1, 7);
    out.digest = digest_of(block_of(7));
    out.maker = validator(0);
    return out;
}

std::string change_with(const std::function<void(RoundChangeInput&)>& change) {
    auto input = some_change();
    change(input);
    const auto checked = check_round_change(input, four());
    return checked ? "good" : message(checked.error());
}

std::string proposal_with(const std::function<void(ProposalInput&)>& change) {
    auto input = some_proposal();
    change(input);
    const auto checked = check_proposal(input, four(), validator(3));
    return checked ? "good" : message(checked.error());
}

}  // namespace

TEST_CASE("a change of round proves what it reports") {
    using Input = RoundChangeInput;
    const auto payload = [](Input& in) -> RoundChange& { return in.message.signed_change.payload; };
    CHECK(change_with([](Input&) {}) == "good");
    CHECK(change_with([](Input& in) { in.message.signed_change.author = validator(9); }) ==
          "an author is no validator");
    CHECK(change_with([&](Input& in) { payload(in).prepared.reset(); }) ==
          "a block without a prepared round");
    CHECK(change_with([&](Input& in) {
              payload(in).prepared.reset();
              in.digest.reset();
          }) == "prepares without a prepared round");
    CHECK(change_with([&](Input& in) {
              payload(in).prepared.reset();
              in.digest.reset();
              in.message.prepares.clear();
          }) == "good");
    CHECK(change_with([](Input& in) { in.digest.reset(); }) ==
          "a prepared round without its block");
    CHECK(change_with([&](Input& in) { payload(in).view.round = 1; }) ==
          "prepared in round 1, expected one before 1");
    CHECK(change_with([](Input& in) { in.digest = digest_of(block_of(1)); }) ==
          "another block than the one that was prepared");
    CHECK(change_with([](Input& in) { in.message.prepares[1].payload.digest = {}; }) ==
          "another block than the one that was prepared");
    CHECK(change_with([](Input& in) { in.message.prepares[1].payload.view.round = 0; }) ==
          "a message of another height or round");
    CHECK(change_with([](Input& in) { in.message.prepares[1].payload.view.height = 4; }) ==
          "a message of another height or round");
    CHECK(change_with([](Input& in) { in.message.prepares[1].author = validator(0); }) ==
          "two messages of one author");
    CHECK(change_with([](Input& in) { in.message.prepares[1].author = validator(9); }) ==
          "an author is no validator");
    CHECK(change_with([](Input& in) { in.message.prepares.pop_back(); }) ==
          "2 messages, expected a quorum of 3");
}

TEST_CASE("a proposal above round 0 is of the block that was prepared last") {
    using Input = ProposalInput;
    CHECK(proposal_with([](Input&) {}) == "good");
    CHECK(proposal_with([](Input& in) { in.message.signed_block.author = validator(2); }) ==
          "a proposal out of turn");
    CHECK(proposal_with([](Input& in) { in.message.signed_block.payload.view.round = 0; }) ==
          "a justification of round 0");
    CHECK(proposal_with([](Input& in) { in.message.round_changes.pop_back(); }) ==
          "2 messages, expected a quorum of 3");
    CHECK(proposal_with([](Input& in) { in.message.round_changes[1].author = validator(0); }) ==
          "two messages of one author");
    CHECK(proposal_with([](Input& in) { in.message.round_changes[1].author = validator(9); }) ==
          "an author is no validator");
    CHECK(proposal_with([](Input& in) { in.message.round_changes[2].payload.view.round = 2; }) ==
          "a message of another height or round");
    CHECK(proposal_with([](Input& in) {
              in.message.round_changes[1].payload.prepared = prepared(3, 8);
          }) == "prepared in round 3, expected one before 3");
    CHECK(proposal_with([](Input& in) {
              in.message.round_changes[1].payload.prepared = prepared(1, 8);
          }) == "two blocks prepared in one round");
    CHECK(proposal_with([](Input& in) { in.digest = digest_of(block_of(8)); }) ==
          "another block than the one that was prepared");
    CHECK(proposal_with([](Input& in) { in.message.prepares = prepares_of(0, 8); }) ==
          "a message of another height or round");
    CHECK(proposal_with([](Input& in) { in.message.prepares.pop_back(); }) ==
          "2 messages, expected a quorum of 3");
}

TEST_CASE("where nothing was prepared, a proposal is of a new block of its proposer") {
    const auto fresh = [](const std::function<void(ProposalInput&)>& change) {
        return proposal_with([&](ProposalInput& in) {
            for (auto& one : in.message.round_changes) one.payload.prepared.reset();
            in.message.prepares.clear();
            in.maker = validator(3);
            change(in);
        });
    };
    CHECK(fresh([](ProposalInput&) {}) == "good");
    CHECK(fresh([](ProposalInput& in) { in.message.prepares = prepares_of(1, 7); }) ==
          "prepares without a prepared round");
    CHECK(fresh([](ProposalInput& in) { in.maker = validator(0); }) ==
          "a new block of another maker than its proposer");
}
