// The validators change while a round does: votes in headers, and who makes and seals what follows.
#include <parley/chain/consensus/qbft/test_network.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// At these heights nobody hears the proposals of round 0.
void lose_first_rounds(Network& network, std::uint64_t from_height, std::uint64_t to_height) {
    network.passes = [=](std::size_t, std::size_t, const Incoming& what) {
        const auto& view = view_of(what.said);
        const bool is_lost = view.height >= from_height && view.height <= to_height &&
                             view.round == 0 && std::holds_alternative<ProposalInput>(what.said);
        return !is_lost;
    };
}

/// Of the first so many accounts, by address: which account it is.
std::vector<std::uint64_t> by_address(std::uint64_t count) {
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 0; i < count; ++i) out.push_back(i);
    std::ranges::sort(out, {}, account);
    return out;
}

/// That each block was made by whose turn it was in its round, and sealed by a quorum of those who
/// were validators then.
void check_turns(const Network& network) {
    const auto& chain = network.chain(0);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        CAPTURE(i);
        const auto extra = network.extra_of(chain[i].header);
        const auto validators = network.engine->validators_after(chain[i - 1]);
        CHECK(std::ranges::equal(extra.validators, validators.addresses()));
        CHECK(extra.seals.size() >= validators.quorum());
        CHECK(chain[i].header.beneficiary ==
              validators.proposer(Qbft::proposer_of(chain[i - 1]), extra.round));
    }
    CHECK(network.faults == std::vector<std::string>{});
    CHECK(network.signatures.conflicts == std::vector<std::string>{});
}

/// The first height with so many validators.
std::uint64_t height_of(const Network& network, std::size_t validators) {
    for (const auto& block : network.chain(0)) {
        if (network.extra_of(block.header).validators.size() == validators) {
            return block.header.number;
        }
    }
    return 0;
}

}  // namespace

TEST_CASE("from one validator to two while the round changes, and back to waiting for both") {
    Network network{2, 1};
    lose_first_rounds(network, 2, 4);
    network.start_all();
    REQUIRE(network.agreement(0).propose({.recipient = account(1), .adds = true}));
    REQUIRE(network.run_to_height(0, 6, seconds{30}));
    REQUIRE(height_of(network, 2) == 2);
    for (std::uint64_t height = 2; height <= 6; ++height) {
        const auto extra = network.extra_of(network.chain(0)[height].header);
        CHECK(extra.round == (height <= 4 ? 1 : 0));
        CHECK(extra.seals.size() == 2);
    }
    // Each of the two is needed.
    network.kill(1);
    network.run(seconds{5});
    const auto stuck_at = network.head(0).header.number;
    network.run(std::chrono::minutes{5});
    CHECK(network.head(0).header.number == stuck_at);
    network.start(1);
    CHECK(network.run_to_height(0, stuck_at + 3, seconds{15}));
    check_turns(network);
}

TEST_CASE("from four validators to five while rounds change") {
    Network network{5, 4};
    lose_first_rounds(network, 3, 8);  // the third vote is in block 3
    network.start_all();
    for (std::size_t i = 0; i < 4; ++i) {
        REQUIRE(network.agreement(i).propose({.recipient = account(4), .adds = true}));
    }
    REQUIRE(network.run_to_height(0, 14, std::chrono::minutes{2}));
    const auto first = height_of(network, 5);
    REQUIRE(first == 4);
    const auto& chain = network.chain(0);
    CHECK(network.extra_of(chain[first].header).round == 1);
    CHECK(network.extra_of(chain[first].header).seals.size() >= 4);
    CHECK(network.extra_of(chain.back().header).round == 0);
    CHECK(std::ranges::any_of(
        chain, [](const auto& one) { return one.header.beneficiary == account(4); }));
    // Five need four, and one may be dead.
    network.kill(0);
    CHECK(network.run_to_height(1, chain.back().header.number + 4, seconds{30}));
    network.kill(1);
    network.run(seconds{5});
    const auto stuck_at = network.head(2).header.number;
    network.run(std::chrono::minutes{1});
    CHECK(network.head(2).header.number == stuck_at);
    check_turns(network);
}

TEST_CASE("after a proposer that its own block removed, the next higher address proposes") {
    const auto accounts = by_address(4);
    // The place of the one that is removed, who is next, and who proposes in the round after.
    struct Case {
        std::size_t removed, next, after;
    };
    for (const auto& [removed, next, after] : {Case{2, 3, 0}, Case{3, 0, 1}}) {
        for (const bool round_changes : {false, true}) {
            CAPTURE(removed);
            CAPTURE(round_changes);
            Network network{4, 4};
            // Proposers take turns by address, and the third vote is that of the one to go.
            const auto last = removed + 1;
            if (round_changes) lose_first_rounds(network, last + 1, last + 2);
            network.start_all();
            const auto gone = accounts[removed];
            for (const auto voter : {accounts[0], accounts[1], gone}) {
                REQUIRE(
                    network.agreement(voter).propose({.recipient = account(gone), .adds = false}));
            }
            REQUIRE(network.run_to_height(0, last, seconds{10}));
            network.run(milliseconds{100});
            const auto* machine = network.agreement(accounts[0]).machine();
            REQUIRE(machine->config().height == last + 1);
            CHECK(machine->config().validators.size() == 3);
            CHECK(machine->proposer() == account(accounts[next]));
            // Whoever was removed follows, and says nothing.
            CHECK_FALSE(network.agreement(gone).machine()->config().self);
            REQUIRE(network.run_to_height(0, last + 6, seconds{40}));
            const auto& chain = network.chain(0);
            CHECK(chain[last].header.beneficiary == account(gone));
            CHECK(height_of(network, 3) == last + 1);
            const auto& first = chain[last + 1].header;
            CHECK(network.extra_of(first).round == (round_changes ? 1 : 0));
            CHECK(first.beneficiary == account(accounts[round_changes ? after : next]));
            for (auto i = last + 1; i < chain.size(); ++i) {
                CHECK(chain[i].header.beneficiary != account(gone));
            }
            check_turns(network);
        }
    }
}
