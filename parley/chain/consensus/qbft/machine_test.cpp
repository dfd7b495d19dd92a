// Agreement on one block: what happens in a round, when rounds change, and after restarts.
#include <parley/chain/consensus/qbft/machine.hpp>

#include <parley/chain/consensus/qbft/test_cluster.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t height = Cluster::height;

bool all_agree(const Cluster& cluster, std::size_t count) {
    if (cluster.finished.size() < count) return false;
    return std::ranges::all_of(cluster.finished, [&](const auto& one) {
        return one.second.first == cluster.finished.begin()->second.first;
    });
}

/// How often a validator said something of this kind in a round.
template <class Kind>
std::size_t times_said(const Cluster& cluster, std::size_t who, std::uint32_t round) {
    return static_cast<std::size_t>(std::ranges::count_if(cluster.said, [&](const auto& one) {
        return one.first == who && std::holds_alternative<Kind>(one.second) &&
               view_of(one.second).round == round;
    }));
}

Signed<Prepare> prepare(std::size_t who, std::uint32_t round, std::uint8_t block) {
    return {{{height, round}, digest_of(block_of(block))}, validator(who), {}};
}

}  // namespace

TEST_CASE("a block is final three delays after the period, at all validators") {
    for (const std::size_t count : {1U, 2U, 3U, 4U, 7U, 31U}) {
        CAPTURE(count);
        Cluster cluster{count};
        cluster.start();
        cluster.run(seconds{1} + 3 * Cluster::delay);
        CHECK(all_agree(cluster, count));
        CHECK(cluster.finished[0].first == digest_of(block_of(0)));
        CHECK(cluster.finished[0].second == View{height, 0});
        CHECK(cluster.accused.empty());
    }
}

TEST_CASE("nothing is proposed before the period ends") {
    Cluster cluster{4};
    cluster.start();
    cluster.run(milliseconds{999});
    CHECK(cluster.said.empty());
}

TEST_CASE("a proposer that cannot propose when the period ends is not woken up for it again") {
    Cluster cluster{4};
    cluster.config.self = validator(1);
    const Instant end = cluster.config.period_end;
    // Round 1 began before the end, since the proposer of round 0 is silent, and nobody followed.
    Effects out;
    Machine waits{cluster.config, {validator(0)}, {}, {}, out};
    waits.on_timer({}, out);
    REQUIRE(waits.round() == 1);
    REQUIRE(waits.proposer() == validator(1));
    waits.on_timer({end, {}}, out);
    CHECK(waits.next_wakeup() > end);
    // It proposed before it restarted.
    cluster.config.self = validator(0);
    const Record record{.view = {height, 0}, .proposed = digest_of(block_of(0))};
    Machine proposed{cluster.config, {}, record, {}, out};
    proposed.on_timer({end, {}}, out);
    CHECK(proposed.next_wakeup() > end);
}

TEST_CASE("a dead proposer costs one time-out, and the next height none") {
    Cluster cluster{4};
    cluster.start();
    cluster.kill(0);
    cluster.run(seconds{1} + seconds{2} + 4 * Cluster::delay);
    CHECK(all_agree(cluster, 3));
    CHECK(cluster.finished[1].second.round == 1);
    CHECK(cluster.machine(1).silent() == std::set{validator(0)});

    Cluster next{4};
    next.silent = cluster.machine(1).silent();
    next.start();
    next.kill(0);
    next.run(seconds{1} + 3 * Cluster::delay);
    CHECK(all_agree(next, 3));
    CHECK(next.finished[1].second.round == 1);
}

TEST_CASE("who is heard again gets its time") {
    Cluster cluster{4};
    cluster.silent = {validator(2)};
    cluster.start();
    CHECK(cluster.machine(1).silent().size() == 1);
    CHECK(cluster.hear(1, prepare(2, 0, 9)) == "taken");
    CHECK(cluster.machine(1).silent().empty());
}

TEST_CASE("when more are silent than may be faulty, all get their time") {
    Cluster cluster{4};
    cluster.silent = {validator(0), validator(1)};
    cluster.start();
    cluster.run(seconds{1} + 3 * Cluster::delay);
    CHECK(all_agree(cluster, 4));
    CHECK(cluster.finished[0].second.round == 0);
}

TEST_CASE("with two of four dead nothing is final, and all goes on when one is back") {
    Cluster cluster{4};
    cluster.start();
    cluster.kill(2);
    cluster.kill(3);
    cluster.run(seconds{30});
    CHECK(cluster.finished.empty());
    cluster.start(3);
    cluster.run(seconds{70});
    CHECK(all_agree(cluster, 3));
}

TEST_CASE("a block that was prepared is proposed again, with its maker, in the next round") {
    Cluster cluster{4};
    // All prepare, and nobody hears a commit of round 0.
    cluster.passes = [](std::size_t, std::size_t, const Said& said) {
        return !(std::holds_alternative<Signed<Commit>>(said) && view_of(said).round == 0);
    };
    cluster.start();
    cluster.run(seconds{10});
    CHECK(all_agree(cluster, 4));
    CHECK(cluster.finished[0].first == digest_of(block_of(0)));
    CHECK(cluster.finished[0].second.round == 1);
    CHECK(times_said<ProposalInput>(cluster, 1, 1) == 1);
}

TEST_CASE("a lock survives when all validators restart") {
    Cluster cluster{4};
    cluster.passes = [](std::size_t, std::size_t, const Said& said) {
        return !std::holds_alternative<Signed<Commit>>(said);
    };
    cluster.makes = [](std::size_t who, const View& view) {
        return static_cast<std::uint8_t>(who + 16 * view.round);
    };
    cluster.start();
    cluster.run(seconds{1} + 3 * Cluster::delay);
    for (std::size_t i = 0; i < 4; ++i) cluster.kill(i);
    cluster.passes = {};
    for (std::size_t i = 0; i < 4; ++i) cluster.start(i);
    cluster.run(seconds{10});
    CHECK(all_agree(cluster, 4));
    CHECK(cluster.finished[0].first == digest_of(block_of(0)));
}

TEST_CASE("who restarts contradicts nothing that it said") {
    Cluster cluster{4};
    cluster.start();
    CHECK(cluster.hear(1, ProposalInput{{{{{height, 0}, block_of(0)}, validator(0), {}}, {}, {}},
                                        digest_of(block_of(0)),
                                        validator(0)}) == "taken");
    cluster.run({});
    REQUIRE(times_said<Signed<Prepare>>(cluster, 1, 0) == 1);
    cluster.kill(1);
    cluster.start(1);
    // The proposer is faulty and proposes another block.
    CHECK(cluster.hear(1, ProposalInput{{{{{height, 0}, block_of(16)}, validator(0), {}}, {}, {}},
                                        digest_of(block_of(16)),
                                        validator(0)}) == "taken");
    cluster.run({});
    CHECK(times_said<Signed<Prepare>>(cluster, 1, 0) == 1);
}

TEST_CASE("what it will prepare is written down while the block is checked, once") {
    Cluster cluster{4};
    auto config = cluster.config;
    config.self = validator(1);
    const auto digest = digest_of(block_of(0));
    const ProposalInput proposal{
        {{{{height, 0}, block_of(0)}, validator(0), {}}, {}, {}}, digest, validator(0)};
    Effects out;
    Machine machine{config, {}, {}, {}, out};
    REQUIRE(machine.on_proposal({}, proposal, out));
    REQUIRE(out.size() == 2);
    const auto record = std::get<Keep>(out[0]).record;
    CHECK(std::get<CheckBlock>(out[1]).digest == digest);
    CHECK(record.prepared == digest);
    out.clear();
    machine.on_checked({}, digest, true, out);
    REQUIRE(out.size() == 1);
    CHECK(std::get<SayPrepare>(out[0]).payload.digest == digest);

    // It restarts before the check is done, and the proposer of the block sends it once more.
    out.clear();
    Machine again{config, {}, record, {}, out};
    CHECK(out.empty());
    REQUIRE(again.on_proposal({}, proposal, out));
    again.on_checked({}, digest, true, out);
    REQUIRE(out.size() == 2);
    CHECK(std::holds_alternative<SayPrepare>(out[1]));
}

TEST_CASE("a proposer writes down what it proposes and prepares at once") {
    Cluster cluster{4};
    auto config = cluster.config;
    config.self = validator(0);
    const auto digest = digest_of(block_of(0));
    const Now due{.instant = config.period_end, .unix_time = {}};
    Effects out;
    Machine machine{config, {}, {}, due, out};
    out.clear();
    machine.on_made(due, {height, 0}, digest, block_of(0), out);
    REQUIRE(out.size() == 2);
    const auto& record = std::get<Keep>(out[0]).record;
    CHECK(record.proposed == digest);
    CHECK(record.prepared == digest);
    out.clear();
    REQUIRE(machine.on_proposal(
        due, {{{{{height, 0}, block_of(0)}, validator(0), {}}, {}, {}}, digest, validator(0)},
        out));
    machine.on_checked(due, digest, true, out);
    REQUIRE(out.size() == 2);
    CHECK(std::holds_alternative<CheckBlock>(out[0]));
    CHECK(std::holds_alternative<SayPrepare>(out[1]));
}

TEST_CASE("a block made ahead is written down at once, and proposed when the period ends") {
    Cluster cluster{4};
    auto config = cluster.config;
    config.self = validator(0);
    const auto digest = digest_of(block_of(0));
    Effects out;
    Machine machine{config, {}, {}, {}, out};
    REQUIRE(machine.will_make());
    machine.on_made({}, {height, 0}, digest, block_of(0), out);
    REQUIRE(out.size() == 1);
    const auto record = std::get<Keep>(out[0]).record;
    CHECK(record.proposed == digest);
    CHECK_FALSE(machine.will_make());
    machine.on_made({}, {height, 0}, digest_of(block_of(16)), block_of(16), out);
    machine.on_timer({config.period_end - milliseconds{1}, {}}, out);
    CHECK(out.size() == 1);
    CHECK(machine.next_wakeup() == config.period_end);
    machine.on_timer({config.period_end, {}}, out);
    REQUIRE(out.size() == 2);
    CHECK(std::get<SayProposal>(out[1]).digest == digest);
    machine.on_timer({config.period_end, {}}, out);
    CHECK(out.size() == 2);

    // It restarts before it said so: it has no block, and makes no other.
    out.clear();
    Machine again{config, {}, record, {}, out};
    again.on_timer({config.period_end, {}}, out);
    CHECK(out.empty());
}

TEST_CASE("who restarts after it committed says no other change to its round") {
    Cluster cluster{4};
    cluster.passes = [](std::size_t, std::size_t, const Said& said) {
        return !std::holds_alternative<Signed<Commit>>(said);
    };
    cluster.start();
    cluster.run(seconds{1} + seconds{2} + 4 * Cluster::delay);
    REQUIRE(times_said<Signed<Commit>>(cluster, 2, 1) == 1);
    REQUIRE(times_said<RoundChangeInput>(cluster, 2, 1) == 1);
    cluster.kill(2);
    cluster.start(2);
    cluster.run(seconds{1});
    CHECK(times_said<RoundChangeInput>(cluster, 2, 1) == 1);
    CHECK(times_said<RoundChangeInput>(cluster, 2, 2) == 1);  // it goes on at once
    cluster.passes = {};
    cluster.run(seconds{10});
    CHECK(all_agree(cluster, 4));
    CHECK(cluster.accused.empty());
}

TEST_CASE("a proposer that restarts makes no second block in its round") {
    Cluster cluster{4};
    cluster.passes = [](std::size_t, std::size_t, const Said&) { return false; };
    cluster.start();
    cluster.run(seconds{1});
    REQUIRE(times_said<ProposalInput>(cluster, 0, 0) == 1);
    cluster.kill(0);
    cluster.start(0);
    cluster.run(seconds{1});
    CHECK(times_said<ProposalInput>(cluster, 0, 0) == 1);
}

TEST_CASE(
    "a proposer that restarts with a clock that was set back waits for no time that is over") {
    Cluster cluster{4};
    cluster.start();
    cluster.run(seconds{1});
    REQUIRE(times_said<ProposalInput>(cluster, 0, 0) == 1);
    cluster.kill(0);
    cluster.config.period_end += milliseconds{500};
    cluster.passes = [](auto, auto to, const auto&) { return to != 0; };
    cluster.start(0);
    cluster.run(seconds{2});
    CHECK(times_said<ProposalInput>(cluster, 0, 0) == 1);
}

TEST_CASE("a block that may not follow costs its proposer the round at once") {
    Cluster cluster{4};
    cluster.is_valid = [](Bytes block) { return block[0] != std::byte{0}; };
    cluster.start();
    cluster.run(seconds{1} + 5 * Cluster::delay);
    CHECK(all_agree(cluster, 4));
    CHECK(cluster.finished[0].first == digest_of(block_of(1)));
    // Not even who made it prepared it.
    for (std::size_t i = 0; i < 4; ++i) CHECK(times_said<Signed<Prepare>>(cluster, i, 0) == 0);
}

TEST_CASE("more than may be faulty in a later round take one along, in one jump") {
    Cluster cluster{4};
    cluster.start();
    const auto change = [](std::size_t who, std::uint32_t round) {
        return RoundChangeInput{{{{{height, round}, {}}, validator(who), {}}, {}, {}}, {}};
    };
    CHECK(cluster.hear(0, change(1, 9)) == "taken");
    CHECK(cluster.machine(0).round() == 0);
    CHECK(cluster.hear(0, change(2, 7)) == "taken");
    CHECK(cluster.machine(0).round() == 7);
    CHECK(times_said<RoundChangeInput>(cluster, 0, 7) == 1);
}

TEST_CASE("of each validator one change of round counts, the latest") {
    Cluster cluster{7};
    cluster.start();
    const auto change = [](std::size_t who, std::uint32_t round) {
        return RoundChangeInput{{{{{height, round}, {}}, validator(who), {}}, {}, {}}, {}};
    };
    for (std::uint32_t round = 1; round < 50; ++round) {
        CHECK(cluster.hear(0, change(1, round)) == "taken");
    }
    const auto size = cluster.machine(0).snapshot().size();
    CHECK(cluster.hear(0, change(1, 50)) == "taken");
    CHECK(cluster.machine(0).snapshot().size() == size);
    CHECK(cluster.hear(0, change(2, 3)) == "taken");
    CHECK(cluster.machine(0).round() == 0);  // two of seven may be faulty
    CHECK(cluster.hear(0, change(3, 4)) == "taken");
    CHECK(cluster.machine(0).round() == 3);
}

TEST_CASE("nothing is proposed that others went on from while the block was made") {
    const auto change = [](std::size_t who, std::uint32_t round) {
        return RoundChangeInput{{{{{height, round}, {}}, validator(who), {}}, {}, {}}, {}};
    };
    for (const bool goes_on : {false, true}) {
        CAPTURE(goes_on);
        Cluster cluster{4};
        cluster.config.period_end = Instant{};
        cluster.passes = [](std::size_t, std::size_t, const Said&) { return false; };
        cluster.makes = [&](std::size_t who, const View& view) {
            if (who == 1 && goes_on) CHECK(cluster.hear(1, change(3, view.round + 1)) == "taken");
            return static_cast<std::uint8_t>(who);
        };
        cluster.start();
        CHECK(cluster.hear(1, change(2, 1)) == "taken");
        CHECK(cluster.hear(1, change(3, 1)) == "taken");
        cluster.run({});
        // With its own one there were three; two allow nothing.
        CHECK(times_said<ProposalInput>(cluster, 1, 1) == (goes_on ? 0 : 1));
        CHECK(cluster.hear(1, change(0, 1)) == "taken");
        cluster.run({});
        CHECK(times_said<ProposalInput>(cluster, 1, 1) == 1);
    }
}

TEST_CASE("the own change of round is said again every two seconds, and rounds double") {
    Cluster cluster{4};
    cluster.passes = [](std::size_t, std::size_t, const Said& said) {
        return std::holds_alternative<RoundChangeInput>(said);
    };
    cluster.start();
    // All others' changes of round arrive, and then its time runs.
    Duration end = seconds{1} + seconds{2};
    for (const auto& [round, time] : {std::pair{1U, seconds{4}},
                                      {2U, seconds{8}},
                                      {3U, seconds{16}},
                                      {4U, seconds{32}},
                                      {5U, seconds{60}},
                                      {6U, seconds{60}}}) {
        CAPTURE(round);
        const auto begins = end + Cluster::delay;
        end = begins + time;
        cluster.run(end - milliseconds{1} - cluster.time());
        CHECK(cluster.machine(0).round() == round);
        CHECK(times_said<RoundChangeInput>(cluster, 0, round) ==
              static_cast<std::size_t>((end - begins + Cluster::delay) / seconds{2} + 1));
    }
}

TEST_CASE("who is alone stays near the others, and they agree when enough are back") {
    Cluster cluster{4};
    for (std::size_t i = 1; i < 4; ++i) cluster.kill(i);
    cluster.start(0);
    cluster.run(seconds{1 + 2 + 4} - milliseconds{1});
    CHECK(times_said<RoundChangeInput>(cluster, 0, 1) == 2);  // at 3 and 5 s
    cluster.run(std::chrono::minutes{30});
    CHECK(cluster.machine(0).round() == 1);
    // One is dead for good, so that all others are needed in one round.
    cluster.start(1);
    cluster.start(2);
    cluster.run(seconds{10});
    CHECK(all_agree(cluster, 3));
}

TEST_CASE("a round that was entered by its proposal has its time") {
    Cluster cluster{4};
    // One hears no change of round, and nobody a vote in round 1.
    cluster.passes = [](std::size_t, std::size_t to, const Said& said) {
        if (std::holds_alternative<RoundChangeInput>(said)) return to != 3;
        return view_of(said).round == 1 && std::holds_alternative<ProposalInput>(said);
    };
    cluster.start();
    cluster.run(seconds{1} + seconds{2} + 2 * Cluster::delay);
    REQUIRE(times_said<Signed<Prepare>>(cluster, 3, 1) == 1);
    cluster.run(seconds{4} + Cluster::delay);
    CHECK(cluster.machine(3).round() == 2);
}

TEST_CASE("what nobody honest says is refused by what is wrong") {
    Cluster cluster{4};
    cluster.start();
    CHECK(cluster.hear(0, prepare(8, 0, 0)) == "the author is no validator");
    auto other = prepare(1, 0, 0);
    other.payload.view.height = 6;
    CHECK(cluster.hear(0, other) == "height 6, expected 5");
    CHECK(cluster.hear(0, prepare(1, 1'001, 0)) == "round 1001, expected at most 1000");
    CHECK(cluster.hear(0, prepare(1, 1'000, 0)) == "taken");
    CHECK(cluster.hear(0, prepare(1, 0, 0)) == "taken");
    CHECK(cluster.hear(0, prepare(1, 0, 0)) == "taken");
    CHECK(cluster.hear(0, prepare(1, 0, 1)) == "the author said something else before");
    REQUIRE(cluster.accused.size() == 1);
    CHECK(std::get<Signed<Prepare>>(cluster.accused[0].second) == prepare(1, 0, 1));
    const auto proposal = [](std::size_t who, std::uint8_t block) {
        return ProposalInput{{{{{height, 0}, block_of(block)}, validator(who), {}}, {}, {}},
                             digest_of(block_of(block)),
                             validator(block % 16U)};
    };
    CHECK(cluster.hear(1, proposal(2, 2)) == "a proposal out of turn");
    CHECK(cluster.hear(1, proposal(0, 2)) == "a new block of another maker than its proposer");
    CHECK(cluster.hear(1, proposal(0, 0)) == "taken");
    CHECK(cluster.hear(1, proposal(0, 16)) == "the author said something else before");
    CHECK(cluster.accused.size() == 2);
}

TEST_CASE("each kind of message is taken of 1,000 rounds ahead, and of no other height") {
    Cluster cluster{4};
    cluster.start();
    const auto said_of = [](std::uint64_t of_height, std::uint32_t round) {
        const View view{of_height, round};
        const auto digest = digest_of(block_of(0));
        return std::vector<Said>{
            ProposalInput{{{{view, block_of(0)}, validator(1), {}}, {}, {}}, digest, validator(1)},
            Signed<Prepare>{{view, digest}, validator(1), {}},
            Signed<Commit>{{view, digest, {}}, validator(1), {}},
            RoundChangeInput{{{{view, {}}, validator(1), {}}, {}, {}}, {}}};
    };
    for (const auto& said : said_of(height, 1'001)) {
        CHECK(cluster.hear(0, said) == "round 1001, expected at most 1000");
    }
    for (const auto& said : said_of(height, ~0U)) {
        CHECK(cluster.hear(0, said) == "round 4294967295, expected at most 1000");
    }
    for (const auto& said : said_of(height + 1, 0)) {
        CHECK(cluster.hear(0, said) == "height 6, expected 5");
    }
    const auto last = said_of(height, 1'000);
    CHECK(cluster.hear(0, last[0]) == "a proposal out of turn");  // it gets as far as that
    for (std::size_t i = 1; i < last.size(); ++i) CHECK(cluster.hear(0, last[i]) == "taken");
}

TEST_CASE("each kind of message shows who says two things, with both as evidence") {
    Cluster cluster{4};
    cluster.start();
    const View view{height, 1};
    const auto commit = [&](std::uint8_t block) {
        return Signed<Commit>{{view, digest_of(block_of(block)), {}}, validator(1), {}};
    };
    CHECK(cluster.hear(0, commit(0)) == "taken");
    CHECK(cluster.hear(0, commit(1)) == "the author said something else before");
    CHECK(std::get<Signed<Commit>>(cluster.accused.at(0).first) == commit(0));
    CHECK(std::get<Signed<Commit>>(cluster.accused.at(0).second) == commit(1));
    RoundChangeInput nothing{{{{view, {}}, validator(1), {}}, {}, {}}, {}};
    auto something = nothing;
    something.message.signed_change.payload.prepared = PreparedRound{0, digest_of(block_of(0))};
    CHECK(cluster.hear(0, nothing) == "taken");
    CHECK(cluster.hear(0, something) == "the author said something else before");
    CHECK(std::get<Signed<RoundChange>>(cluster.accused.at(1).second) ==
          something.message.signed_change);
}

TEST_CASE("votes of one validator fill no more than their share") {
    Cluster cluster{4};
    cluster.start();
    for (std::uint32_t round = 0; round < 100; ++round) {
        CHECK(cluster.hear(0, prepare(1, round, 0)) == "taken");
    }
    // The oldest made room.
    CHECK(cluster.hear(0, prepare(1, 0, 1)) == "taken");
    CHECK(cluster.hear(0, prepare(1, 99, 1)) == "the author said something else before");
}
