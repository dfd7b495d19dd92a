// The rules of a node's part in the agreement: time, what it takes of others and for how long, and
// seals.
#include <parley/chain/consensus/qbft/test_network.hpp>
#include <parley/chain/consensus/qbft/test_signing.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Agreement::Verdict;

namespace {

Hash256 digest(std::uint8_t n) {
    return {std::byte{n}};
}

SharedBytes prepare_of(std::uint64_t who, View view, std::uint8_t block = 1) {
    return encode(sign(Prepare{view, digest(block)}, who));
}

/// A change of round 1 with a block of so many bytes, roughly.
SharedBytes large_change(std::uint64_t who, std::uint64_t height, std::size_t bytes) {
    Block block;
    block.header.number = height;
    block.header.extra_data = ExtraData{}.encode();
    auto tx = chain::testing::transfer(0);
    tx.data = SharedBytes::own(Buffer(bytes));
    block.body.transactions = {chain::testing::sign(tx, chain::testing::secret_of(1))};
    const PreparedRound prepared{0, digest(1)};
    return encode(RoundChangeMessage{
        sign(RoundChange{{height, 1}, prepared}, who), SharedBytes::own(block.encode()), {}});
}

/// Whose turn it is at height 1.
std::size_t first_proposer(const Network& network) {
    std::size_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        if (account(i) == network.extra_of(network.chain(0)[0].header).validators[0]) out = i;
    }
    return out;
}

}  // namespace

TEST_CASE("each period has its block, also an empty one, and no time is skipped") {
    Network network{4, 4, {.period_s = 2}};
    network.start_all();
    network.run(seconds{21});
    const auto& chain = network.chain(0);
    REQUIRE(chain.size() == 11);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        CHECK(chain[i].header.timestamp == chain[i - 1].header.timestamp + 2);
        CHECK(network.extra_of(chain[i].header).round == 0);
    }
}

TEST_CASE("a block more than a second ahead is held until it is due, and not refused") {
    Network network{4, 4};
    network.changes = [](std::size_t, Header& header) {
        if (header.number == 1) header.timestamp += 2;  // 3 s after the genesis
    };
    network.start_all();
    network.run(milliseconds{1'990});
    for (std::size_t i = 0; i < 4; ++i) {
        const auto progress = *network.agreement(i).progress();
        CHECK(progress.proposal);
        CHECK_FALSE(progress.is_checked);
    }
    network.run(milliseconds{10} + 4 * Network::delay);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(network.head(i).header.number == 1);
        CHECK(network.extra_of(network.head(i).header).round == 0);
    }
    CHECK(network.faults == std::vector<std::string>{});
}

TEST_CASE("a block before its time is refused, and costs its proposer the round") {
    Network network{4, 4};
    const auto early = first_proposer(network);
    network.changes = [&](std::size_t who, Header& header) {
        if (header.number == 1 && who == early) --header.timestamp;
    };
    network.start_all();
    // No time-out passes.
    REQUIRE(network.run_to_height(0, 1, seconds{2}));
    CHECK(network.extra_of(network.head(0).header).round == 1);
    // Not even its proposer prepared it.
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK_FALSE(network.signatures.has(account(i), Code::prepare, {1, 0}));
    }
}

TEST_CASE("a block that was prepared keeps its maker and hash in the next round") {
    Network network{4, 4};
    network.passes = [](std::size_t, std::size_t, const Incoming& what) {
        return !std::holds_alternative<Signed<Commit>>(what.said) || view_of(what.said).round > 0;
    };
    network.start_all();
    REQUIRE(network.run_to_height(0, 1, seconds{10}));
    const auto& header = network.head(0).header;
    CHECK(network.extra_of(header).round == 1);
    CHECK(header.beneficiary == account(first_proposer(network)));
    CHECK(network.signatures.sealed_by(3, 1) == std::set{network.head(0).hash});
    CHECK(network.faults == std::vector<std::string>{});
}

TEST_CASE("messages of ten heights ahead are taken, of validators alone") {
    Network network{4, 4};
    network.start(0);
    const auto takes = [&](std::uint64_t who, std::uint64_t height) {
        return network.receive(0, Code::prepare, prepare_of(who, {height, 0}));
    };
    CHECK(takes(1, 0) == Verdict::ignored);
    CHECK(takes(1, 1) == Verdict::good);
    CHECK(takes(9, 1) == Verdict::bad);
    CHECK(takes(1, 1 + Agreement::heights_ahead_max) == Verdict::good);
    CHECK(takes(9, 1 + Agreement::heights_ahead_max) == Verdict::ignored);
    CHECK(takes(1, 2 + Agreement::heights_ahead_max) == Verdict::ignored);
}

TEST_CASE("what waits for later heights, and to be read, is bounded in bytes") {
    Network network{4, 4};
    network.start(0);
    const auto message = large_change(1, 2, std::size_t{7} << 20);
    const auto fit = Agreement::future_bytes_max / message.size();
    for (std::size_t i = 0; i < fit; ++i) {
        REQUIRE(network.receive(0, Code::round_change, message) == Verdict::good);
    }
    CHECK(network.receive(0, Code::round_change, message) == Verdict::ignored);
    CHECK(network.receive(0, Code::prepare, prepare_of(1, {2, 0})) == Verdict::good);

    // Before they are read they count as well.
    std::vector<Verdict> verdicts;
    const auto early = large_change(1, 99, std::size_t{7} << 20);
    for (std::size_t i = 0; i <= Agreement::waiting_bytes_max / early.size(); ++i) {
        CHECK(verdicts.empty());
        network.agreement(0).receive(network.now(), 0x15, early,
                                     [&](Now, Verdict verdict) { verdicts.push_back(verdict); });
    }
    CHECK(verdicts == std::vector{Verdict::ignored});
}

TEST_CASE("who contradicts itself is passed on, and the evidence is kept, the last of it") {
    Network network{4, 4};
    network.start(0);
    for (std::uint32_t round = 0; round < Agreement::evidence_max + 5; ++round) {
        const View view{1, round};
        CHECK(network.receive(0, Code::prepare, prepare_of(1, view, 1)) == Verdict::good);
        CHECK(network.receive(0, Code::prepare, prepare_of(1, view, 2)) == Verdict::good);
    }
    const auto& evidence = network.agreement(0).evidence();
    REQUIRE(evidence.size() == Agreement::evidence_max);
    const auto& first = std::get<Signed<Prepare>>(evidence.front().first);
    const auto& second = std::get<Signed<Prepare>>(evidence.front().second);
    CHECK(first.author == account(1));
    CHECK(second.author == account(1));
    CHECK(first.payload == Prepare{{1, 5}, digest(1)});
    CHECK(second.payload == Prepare{{1, 5}, digest(2)});
}

TEST_CASE("a bad seal is refused, and neither its author's good one nor the block with it") {
    Network network{4, 4};
    std::vector<Signed<Commit>> commits;
    network.passes = [&](std::size_t from, std::size_t to, const Incoming& what) {
        const auto* commit = std::get_if<Signed<Commit>>(&what.said);
        if (commit == nullptr || to != 0 || commit->payload.view.height > 1) return true;
        if (from > 0) commits.push_back(*commit);
        return false;
    };
    network.passes_blocks = [](std::size_t, std::size_t to) { return to != 0; };
    network.start_all();
    REQUIRE(network.run_to_height(1, 1, seconds{2}));
    network.run(milliseconds{100});
    REQUIRE(network.head(0).header.number == 0);
    REQUIRE(commits.size() == 3);
    auto forged = commits[0].payload;
    forged.seal = commits[1].payload.seal;
    CHECK(network.receive(0, Code::commit, encode(sign(forged, 1))) == Verdict::bad);
    for (const auto& one : {commits[0], commits[2]}) {
        CHECK(network.receive(0, Code::commit, encode(one)) == Verdict::good);
    }
    REQUIRE(network.run_to_height(0, 1, milliseconds{10}));
    // Whichever seals each of them has, it is one block.
    CHECK(network.chain(0)[1].hash == network.chain(1)[1].hash);
    CHECK(network.extra_of(network.chain(0)[1].header).seals.size() == 3);
}

TEST_CASE("two nodes may have one block with different seals") {
    Network network{4, 4};
    // Of the commits of all four each node hears three.
    network.passes = [](std::size_t from, std::size_t to, const Incoming& what) {
        return !std::holds_alternative<Signed<Commit>>(what.said) || (from + 1) % 4 != to;
    };
    network.passes_blocks = [](std::size_t, std::size_t) { return false; };
    network.start_all();
    for (std::size_t i = 0; i < 4; ++i) REQUIRE(network.run_to_height(i, 5, seconds{10}));
    for (std::size_t height = 1; height <= 5; ++height) {
        CHECK(network.chain(0)[height].hash == network.chain(1)[height].hash);
        CHECK(network.chain(0)[height].header.extra_data !=
              network.chain(1)[height].header.extra_data);
    }
    CHECK(network.faults == std::vector<std::string>{});
}

TEST_CASE("of a height that was imported no time-out is left") {
    Network network{4, 4};
    // It hears nothing but blocks.
    network.passes = [](std::size_t, std::size_t to, const Incoming&) { return to != 0; };
    network.start_all();
    network.run(seconds{60});
    // Its turn costs the others one time-out, and it hears of each block before its own one.
    CHECK(network.head(0).header.number > 30);
    for (std::uint64_t height = 1; height < network.head(0).header.number; ++height) {
        if (network.extra_of(network.chain(0)[height].header).round > 0) continue;
        CHECK_FALSE(network.signatures.has(account(0), Code::round_change, {height, 1}));
    }
    CHECK(network.faults == std::vector<std::string>{});
}

TEST_CASE("the own change of round is among what a peer is told that comes late") {
    Network network{4, 4};
    network.start(0);
    network.run(seconds{4});
    const auto& said = network.agreement(0).said();
    REQUIRE_FALSE(said.empty());
    CHECK(said.back().code == Code::round_change);
    const auto read = decode_round_change(said.back().message);
    REQUIRE(read);
    CHECK(read->signed_change.author == account(0));
    CHECK(read->signed_change.payload.view == View{1, 1});
    // It is enough for those who start later.
    for (std::size_t i = 1; i < 3; ++i) network.start(i);
    CHECK(network.run_to_height(0, 1, seconds{10}));
}

TEST_CASE("a node without a part in it follows: it says nothing and takes what is final") {
    Network network{5, 4};
    network.start_all();
    REQUIRE(network.run_to_height(4, 3, seconds{10}));
    CHECK(network.agreement(4).said().empty());
    CHECK(network.faults == std::vector<std::string>{});
}
