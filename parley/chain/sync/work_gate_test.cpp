// Peers show the work of their chains before their headers are kept: honest ones, and others.
#include <parley/chain/sync/work_gate.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/sync/header_sync.hpp>
#include <parley/chain/sync/test_work_headers.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;
using sync_topic::ChainStatus;
using sync_topic::GetHeaders;
using transport::Offence;

namespace {

constexpr WorkGate::PeerId peer = 1;

/// Chains that take long to make, and which several tests use.
const std::vector<ChainHeader>& honest_chain() {
    static const auto made = grown(*work_engine(), {work_genesis()}, 600, 1);
    return made;
}
/// Of the same length, and of less work: its blocks come late.
const std::vector<ChainHeader>& poor_chain() {
    static const auto made = grown(*work_engine(), {work_genesis()}, 600, 2, 11);
    return made;
}

/// A node that has some headers, and follows what the gate lets through.
struct GateNode {
    std::shared_ptr<const ProofOfWork> engine = work_engine();
    std::vector<ChainHeader> chain{work_genesis()};
    Now now{Instant{100s}, UnixTime{100'000s}};
    std::optional<WorkGate> gate;
    std::vector<Offence> offences;
    std::optional<ChainStatus> followed;
    std::size_t most_bytes = 0;
    int questions = 0;
    /// What the peer answers to the gate's questions.
    std::function<std::vector<Header>(const GetHeaders&)> peer_answers;

    explicit GateNode(const Uint256& minimum_work = {}, std::uint64_t blocks_back = 144) {
        WorkGateConfig config;
        config.minimum_work = minimum_work;
        config.blocks_back = blocks_back;
        gate.emplace(
            config,
            WorkGate::Chain{
                .head = [this]() -> const ChainHeader& { return chain.back(); },
                .locator = [this] { return std::vector{chain.back().hash, chain[0].hash}; },
                .find = [this](const Hash256& hash) -> std::optional<ChainHeader> {
                    const auto at = std::ranges::find(chain, hash, &ChainHeader::hash);
                    return at == chain.end() ? std::nullopt : std::optional{*at};
                },
                .engine = [this]() -> const Engine& { return *engine; },
            },
            Rng{7});
        gate->add_peer(peer);
    }
    void give_from(const std::vector<ChainHeader>& its) {
        peer_answers = [&its](const GetHeaders& question) { return answer_from(its, question); };
    }
    void perform(std::vector<WorkGate::Effect> effects) {
        while (!effects.empty()) {
            std::vector<WorkGate::Effect> next;
            for (auto& effect : effects) {
                std::visit(
                    overloaded{[&](WorkGate::Ask& ask) {
                                   ++questions;
                                   gate->on_headers(now, ask.peer, ask.question.id,
                                                    peer_answers(ask.question), next);
                               },
                               [&](WorkGate::Check& one) {
                                   const auto good =
                                       check_headers(*engine, one.parent, one.headers);
                                   gate->on_checked(now, one.peer, good,
                                                    good.size() == one.headers.size(), next);
                               },
                               [&](WorkGate::Follow& one) { followed = one.status; },
                               [&](WorkGate::Charge& one) { offences.push_back(one.offence); }},
                    effect);
                most_bytes = std::max(most_bytes, gate->memory_bytes(peer));
            }
            effects = std::move(next);
        }
    }
    void on_status(const ChainStatus& status) {
        std::vector<WorkGate::Effect> out;
        gate->on_status(now, peer, status, out);
        perform(std::move(out));
    }
    /// As Downloads asks for them; whether they were let through.
    bool take(const std::vector<ChainHeader>& its, std::size_t count = 128) {
        GetHeaders question;
        for (const auto back : {std::size_t{0}, chain.size() - 1}) {
            question.from.push_back(chain[chain.size() - 1 - back].hash);
        }
        question.count = static_cast<std::uint32_t>(count);
        const auto headers = answer_from(its, question);
        std::vector<WorkGate::Effect> out;
        const bool passes = gate->judge(now, peer, headers, out);
        perform(std::move(out));
        if (!passes) return false;
        const auto parent = gate_parent(headers);
        const auto good = check_headers(*engine, parent, headers);
        while (chain.back().hash != parent.hash) chain.pop_back();
        chain.insert(chain.end(), good.begin(), good.end());
        return true;
    }

private:
    ChainHeader gate_parent(const std::vector<Header>& headers) const {
        if (headers.empty()) return chain.back();
        return *std::ranges::find(chain, headers.front().parent_hash, &ChainHeader::hash);
    }
};

}  // namespace

TEST_CASE("gate: a peer shows its work first, and gives the same headers again") {
    const auto& its = honest_chain();
    GateNode node{its[500].total_difficulty};
    node.give_from(its);
    node.on_status(status_of(its.back()));
    REQUIRE(node.followed);
    node.followed.reset();
    CHECK_FALSE(node.take(its));
    CHECK(node.questions == 4);  // of 128 headers
    CHECK(node.followed == status_of(its.back()));
    CHECK(node.most_bytes > 0);
    CHECK(node.most_bytes < HeaderPresync::memory_bytes_max);
    for (int i = 0; i < 5; ++i) REQUIRE(node.take(its));
    CHECK(node.chain.size() == its.size());
    CHECK(node.chain.back().hash == its.back().hash);
    CHECK(node.offences.empty());
    CHECK(node.gate->memory_bytes(peer) == 0);
}

TEST_CASE("gate: headers that have the work are let through at once, and those after them") {
    const auto& its = honest_chain();
    GateNode node{its[100].total_difficulty};
    node.on_status(status_of(its.back()));
    // Whoever follows them has not yet imported them when the next ones come.
    std::vector<WorkGate::Effect> out;
    const auto from = [&](std::size_t at) {
        return answer_from(its, GetHeaders{.id = 1, .from = {its[at].hash}, .count = 128});
    };
    CHECK(node.gate->judge(node.now, peer, from(0), out));
    CHECK(node.gate->judge(node.now, peer, from(128), out));
    CHECK(out.empty());
    // Of others the parent is not known.
    CHECK_FALSE(node.gate->judge(node.now, peer, from(300), out));
}

TEST_CASE("gate: the work of the own chain counts, less its last blocks") {
    const auto& its = honest_chain();
    const auto& poor = poor_chain();
    REQUIRE(poor.back().total_difficulty < its[400].total_difficulty);
    GateNode node{{}, 20};
    node.chain.assign(its.begin(), its.begin() + 501);
    CHECK(node.gate->work_needed() ==
          *checked_subtract(its[500].total_difficulty,
                            *checked_multiply(its[500].header.difficulty, 20)));
    node.give_from(poor);
    auto claim = status_of(poor.back());
    claim.total_difficulty = its.back().total_difficulty;
    node.on_status(claim);
    CHECK_FALSE(node.take(poor));
    CHECK(node.offences == std::vector{Offence::withheld});
    CHECK(node.chain.back().hash == its[500].hash);
    // A branch of the last blocks is nothing strange.
    const auto branch = grown(*node.engine, {its.begin(), its.begin() + 490}, 15, 3, 9);
    node.on_status(status_of(branch.back()));
    GetHeaders question{.id = 1, .from = {its[489].hash}, .count = 128};
    std::vector<WorkGate::Effect> out;
    CHECK(node.gate->judge(node.now, peer, answer_from(branch, question), out));
}

TEST_CASE("gate: a long chain of little work costs its peer, and nothing is kept of it") {
    const auto& poor = poor_chain();
    GateNode node{honest_chain()[500].total_difficulty};
    node.give_from(poor);
    // What honestly has little is not followed.
    node.on_status(status_of(poor.back()));
    CHECK_FALSE(node.followed);
    CHECK_FALSE(node.take(poor));
    CHECK(node.questions == 0);
    CHECK(node.offences.empty());
    // It claims more than it has.
    auto claim = status_of(poor.back());
    claim.total_difficulty = honest_chain().back().total_difficulty;
    node.on_status(claim);
    REQUIRE(node.followed);
    CHECK_FALSE(node.take(poor));
    CHECK(node.offences == std::vector{Offence::withheld});
    CHECK(node.chain.size() == 1);
    CHECK(node.most_bytes < HeaderPresync::memory_bytes_max);
    CHECK(node.gate->memory_bytes(peer) == 0);
    // More headers than it said are not even asked for to the end.
    claim.number = 300;
    node.on_status(claim);
    node.questions = 0;
    CHECK_FALSE(node.take(poor));
    CHECK(node.questions == 3);
    CHECK(node.offences.back() == Offence::withheld);
}

TEST_CASE("gate: a peer that gives other headers the second time is caught") {
    const auto& its = honest_chain();
    const auto& poor = poor_chain();
    GateNode node{its[500].total_difficulty};
    node.give_from(its);
    node.on_status(status_of(its.back()));
    CHECK_FALSE(node.take(its));
    std::size_t passed = 0;
    while (node.offences.empty()) {
        REQUIRE(passed < 600);
        if (node.take(poor, 4)) passed += 4;
    }
    CHECK(node.offences == std::vector{Offence::invalid_data});
    CHECK(passed < 8 * HeaderPresync::period_min);
    CHECK(node.gate->memory_bytes(peer) == 0);
    // In one piece nothing of them comes through.
    GateNode other{its[500].total_difficulty};
    other.give_from(its);
    other.on_status(status_of(its.back()));
    CHECK_FALSE(other.take(its));
    CHECK_FALSE(other.take(poor));
    CHECK(other.chain.size() == 1);
}

TEST_CASE("gate: headers without the work that they claim are refused in either pass") {
    const auto& its = honest_chain();
    auto forged = its;
    forged[60].header.nonce = {std::byte{0xff}};
    while (forged[60].header.hash() <= target_of_difficulty(forged[60].header.difficulty)) {
        forged[60].header.nonce[7] =
            static_cast<std::byte>(std::to_integer<int>(forged[60].header.nonce[7]) + 1);
    }
    GateNode node{its[500].total_difficulty};
    node.give_from(forged);
    node.on_status(status_of(its.back()));
    CHECK_FALSE(node.take(forged));
    CHECK(node.offences == std::vector{Offence::malformed, Offence::malformed});
    // The last of an answer says that it is hard, so that the sum would do.
    auto boastful = std::vector<ChainHeader>{its.begin(), its.begin() + 100};
    boastful.back().header.difficulty = its.back().total_difficulty;
    node.offences.clear();
    node.on_status(status_of(its.back()));
    CHECK_FALSE(node.take(boastful));
    CHECK(node.offences == std::vector{Offence::malformed, Offence::malformed});
    CHECK(node.chain.size() == 1);
}

TEST_CASE("gate: a claim of more blocks than there were seconds is none") {
    const auto& its = honest_chain();
    GateNode node{its[500].total_difficulty};
    node.give_from(its);
    auto claim = status_of(its.back());
    claim.number = 200'000;
    node.on_status(claim);
    CHECK_FALSE(node.take(its));
    CHECK(node.offences == std::vector{Offence::invalid_data});
}

TEST_CASE("gate: a peer that says nothing is let go, and begins anew with its next status") {
    const auto& its = honest_chain();
    GateNode node{its[500].total_difficulty};
    node.on_status(status_of(its.back()));
    std::vector<WorkGate::Effect> out;
    const auto first = answer_from(its, GetHeaders{.id = 1, .from = {its[0].hash}, .count = 100});
    CHECK_FALSE(node.gate->judge(node.now, peer, first, out));
    REQUIRE(out.size() == 1);
    const auto id = std::get<WorkGate::Ask>(out[0]).question.id;
    CHECK(id >= WorkGate::first_id);
    // Meanwhile nobody follows it.
    node.followed.reset();
    node.on_status(status_of(its.back()));
    CHECK_FALSE(node.followed);
    CHECK(node.gate->next_wakeup() == node.now.instant + WorkGateConfig{}.patience);
    node.now.instant = node.gate->next_wakeup();
    out.clear();
    node.gate->on_timer(node.now, out);
    REQUIRE(out.size() == 1);
    CHECK(std::get<WorkGate::Charge>(out[0]).offence == Offence::useless);
    CHECK(node.gate->next_wakeup() == never);
    // Its answer comes too late.
    out.clear();
    node.gate->on_headers(node.now, peer, id, first, out);
    CHECK(std::get<WorkGate::Charge>(out[0]).offence == Offence::unasked);
    node.on_status(status_of(its.back()));
    CHECK(node.followed);
}

TEST_CASE("gate: a peer that comes to another chain meanwhile shows that one") {
    const auto& its = honest_chain();
    const auto other = grown(*work_engine(), {its.begin(), its.begin() + 101}, 520, 4);
    GateNode node{its[500].total_difficulty};
    node.peer_answers = [&](const GetHeaders& question) {
        return answer_from(node.questions < 3 ? its : other, question);
    };
    node.on_status(status_of(its.back()));
    CHECK_FALSE(node.take(its));
    CHECK(node.offences.empty());
    for (int i = 0; i < 5; ++i) REQUIRE(node.take(other));
    CHECK(node.chain.back().hash == other.back().hash);
    // Not for ever.
    GateNode tired{its[500].total_difficulty};
    tired.peer_answers = [&](const GetHeaders& question) {
        return answer_from(tired.questions % 2 == 0 ? its : other, question);
    };
    tired.on_status(status_of(its.back()));
    CHECK_FALSE(tired.take(its));
    CHECK(tired.offences == std::vector{Offence::withheld});
}
