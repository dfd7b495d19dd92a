// Catching up: what is asked of whom, and what becomes of peers that do not keep to it.
#include <parley/chain/sync/downloads.hpp>

#include <parley/chain/ledger/test_chain.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;
using sync_topic::ChainStatus;
using transport::Offence;

namespace {

/// A chain that some peers have, and one that catches up.
struct Rig {
    TestChain source;
    TestChain target;
    std::vector<Block> blocks;  // from number 1 on
    std::optional<Downloads> downloads;
    Now now{Instant{1000s}, UnixTime{1000s}};
    std::vector<Downloads::Effect> effects;
    std::map<Downloads::PeerId, std::vector<Offence>> charges;
    std::map<Downloads::PeerId, std::size_t> bodies_asked;
    std::map<Downloads::PeerId, std::size_t> headers_asked;
    std::uint64_t latest_time_s = ~0ULL;  // of a block that may be taken before due_at
    Instant due_at = never;

    explicit Rig(std::size_t count, DownloadsConfig config = {}) {
        REQUIRE(source.open());
        REQUIRE(target.open());
        for (std::uint64_t i = 0; i < count; ++i) {
            blocks.push_back(source.grow({payment(0, i, 1, 5)}));
        }
        downloads.emplace(
            config, Downloads::Chain{
                        .is_better =
                            [this](const ChainStatus& status) {
                                return status.number > target.ledger->head().header.number;
                            },
                        .locator =
                            [this] {
                                return std::vector{target.ledger->head().hash,
                                                   target.ledger->genesis_hash()};
                            },
                        .is_known =
                            [this](const Hash256& hash) {
                                return target.ledger->blocks().recent(hash) != nullptr;
                            },
                        .due = [this](const Header& header, Now at) -> std::optional<Instant> {
                            if (header.timestamp <= latest_time_s || at.instant >= due_at) {
                                return std::nullopt;
                            }
                            return due_at;
                        },
                    });
    }
    ChainStatus status() const {
        const auto& head = source.ledger->head();
        return {head.header.number, head.hash, head.total_difficulty};
    }
    std::optional<std::size_t> index_of(const Hash256& hash) const {
        if (hash == source.ledger->genesis_hash()) return 0;
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            if (blocks[i].header.hash() == hash) return i + 1;
        }
        return std::nullopt;
    }
    void join(Downloads::PeerId peer) {
        downloads->add_peer(peer);
        downloads->on_status(now, peer, status(), effects);
    }
    std::vector<Header> headers_for(const sync_topic::GetHeaders& question) const {
        std::vector<Header> out;
        for (const auto& hash : question.from) {
            const auto index = index_of(hash);
            if (!index) continue;
            for (std::size_t i = *index; i < blocks.size() && out.size() < question.count; ++i) {
                out.push_back(blocks[i].header);
            }
            break;
        }
        return out;
    }
    std::vector<std::optional<Body>> bodies_for(const sync_topic::GetByHash& question) const {
        std::vector<std::optional<Body>> out;
        for (const auto& hash : question.hashes) {
            const auto index = index_of(hash);
            out.push_back(index ? std::optional{blocks[*index - 1].body} : std::nullopt);
        }
        return out;
    }
    void import(const Block& block) {
        const auto result = target.import(block);
        auto outcome = Downloads::Outcome::imported;
        if (!result) {
            const auto* invalid = std::get_if<InvalidBlock>(&result.error());
            if (!invalid) return;  // of a parent that failed
            outcome = invalid->rule == BlockRule::transactions_root ? Downloads::Outcome::wrong_body
                                                                    : Downloads::Outcome::invalid;
        }
        downloads->on_imported(now, block.header.hash(), outcome, effects);
    }
    /// Answers questions as `answer` says, until nothing happens any more. It returns whether it
    /// dealt with one.
    template <class Answer>
    void run(const Answer& answer) {
        while (!effects.empty()) {
            for (auto& effect : std::exchange(effects, {})) {
                if (auto* ask = std::get_if<Downloads::Ask>(&effect)) {
                    count(*ask);
                    if (!answer(*ask)) answer_honestly(*ask);
                } else if (auto* block = std::get_if<Downloads::Import>(&effect)) {
                    import(block->block);
                } else {
                    const auto& charge = std::get<Downloads::Charge>(effect);
                    charges[charge.peer].push_back(charge.offence);
                }
            }
        }
    }
    void run() {
        run([](const Downloads::Ask&) { return false; });
    }
    void count(const Downloads::Ask& ask) {
        if (std::holds_alternative<sync_topic::GetHeaders>(ask.question)) {
            ++headers_asked[ask.peer];
        } else {
            ++bodies_asked[ask.peer];
        }
    }
    void answer_honestly(const Downloads::Ask& ask) {
        if (const auto* headers = std::get_if<sync_topic::GetHeaders>(&ask.question)) {
            downloads->on_headers(now, ask.peer, headers->id, headers_for(*headers), effects);
        } else {
            const auto& bodies = std::get<sync_topic::GetByHash>(ask.question);
            downloads->on_bodies(now, ask.peer, bodies.id, bodies_for(bodies), effects);
        }
    }
    bool has_caught_up() const {
        return target.ledger->head().hash == source.ledger->head().hash &&
               target.ledger->state().root() == source.ledger->state().root();
    }
};

/// As the honest answer, and the body of the sixth block for a header that nobody has.
bool give_any_body(Rig& rig, const Downloads::Ask& ask) {
    const auto& question = std::get<sync_topic::GetByHash>(ask.question);
    auto bodies = rig.bodies_for(question);
    for (auto& body : bodies) {
        if (!body) body = rig.blocks[5].body;
    }
    rig.downloads->on_bodies(rig.now, ask.peer, question.id, std::move(bodies), rig.effects);
    return true;
}

}  // namespace

TEST_CASE("a node catches up with one peer, and with several side by side") {
    for (const std::uint64_t peers : {1U, 3U}) {
        CAPTURE(peers);
        Rig rig{90, {.ahead_max = 64, .headers_per_question = 32, .bodies_per_question = 8}};
        for (std::uint64_t peer = 1; peer <= peers; ++peer) rig.join(peer);
        rig.run();
        CHECK(rig.has_caught_up());
        CHECK(rig.charges.empty());
        CHECK(rig.bodies_asked.size() == peers);
        CHECK(rig.downloads->ahead() == 0);
        CHECK(rig.downloads->next_wakeup() == never);
    }
}

TEST_CASE("bodies that wait for the one before them are bounded in bytes") {
    Rig rig{60, {.bodies_per_question = 4, .bytes_max = 4000}};
    rig.join(1);
    rig.join(2);
    std::optional<Downloads::Ask> held;  // with the first block
    rig.run([&](const Downloads::Ask& ask) {
        const auto* question = std::get_if<sync_topic::GetByHash>(&ask.question);
        if (!question || held || question->hashes[0] != rig.blocks[0].header.hash()) return false;
        held = ask;
        return true;
    });
    REQUIRE(held);
    CHECK(rig.bodies_asked.at(held->peer == 1 ? 2 : 1) <= 3);
    rig.answer_honestly(*held);
    rig.run();
    CHECK(rig.has_caught_up());
}

TEST_CASE("a chain that another overtook asks from where they part") {
    Rig rig{5};
    for (std::uint64_t i = 0; i < 3; ++i) rig.target.grow({payment(2, i, 1, 1)}, 3);
    rig.join(1);
    rig.run();
    CHECK(rig.has_caught_up());
    CHECK(rig.charges.empty());
}

TEST_CASE("who does not answer is left for another, and asked last") {
    Rig rig{40, {.bodies_per_question = 8}};
    rig.join(1);
    rig.join(2);
    const auto silent = [](const Downloads::Ask& ask) { return ask.peer == 1; };
    rig.run(silent);
    CHECK_FALSE(rig.has_caught_up());
    rig.now.instant = rig.downloads->next_wakeup();
    rig.downloads->on_timer(rig.now, rig.effects);
    rig.run(silent);
    while (!rig.has_caught_up() && rig.downloads->next_wakeup() != never) {
        rig.now.instant = rig.downloads->next_wakeup();
        rig.downloads->on_timer(rig.now, rig.effects);
        rig.run(silent);
    }
    CHECK(rig.has_caught_up());
    CHECK(rig.charges.at(1).front() == Offence::useless);
    CHECK_FALSE(rig.charges.contains(2));
}

TEST_CASE("a peer that leaves gives back what it was asked") {
    Rig rig{40};
    rig.join(1);
    rig.run([](const Downloads::Ask& ask) {
        return std::holds_alternative<sync_topic::GetByHash>(ask.question);
    });
    rig.join(2);
    rig.downloads->remove_peer(rig.now, 1, rig.effects);
    rig.run();
    CHECK(rig.has_caught_up());
    CHECK(rig.charges.empty());
}

TEST_CASE("a body that is not its header's is charged to who sent it, and asked of another") {
    Rig rig{20, {.bodies_per_question = 4}};
    rig.join(1);
    rig.join(2);
    std::size_t lies = 0;
    rig.run([&](const Downloads::Ask& ask) {
        const auto* question = std::get_if<sync_topic::GetByHash>(&ask.question);
        if (!question || ask.peer != 1 || lies == 3) return false;
        ++lies;
        auto bodies = rig.bodies_for(*question);
        bodies[0]->transactions.clear();
        rig.downloads->on_bodies(rig.now, 1, question->id, std::move(bodies), rig.effects);
        return true;
    });
    CHECK(rig.has_caught_up());
    CHECK(lies > 0);
    CHECK(rig.charges.at(1) == std::vector(lies, Offence::invalid_data));
    CHECK_FALSE(rig.charges.contains(2));
}

TEST_CASE("a header without a body is dropped with who gave it, until it says more") {
    Rig rig{12};
    rig.join(1);
    rig.run([&](const Downloads::Ask& ask) {
        const auto* question = std::get_if<sync_topic::GetHeaders>(&ask.question);
        if (!question) return false;
        auto headers = rig.headers_for(*question);
        if (headers.size() < 6) return false;
        headers.resize(6);
        headers[5].extra_data.resize(1);
        rig.downloads->on_headers(rig.now, 1, question->id, std::move(headers), rig.effects);
        return true;
    });
    CHECK(rig.target.ledger->head().header.number == 5);
    CHECK(rig.downloads->ahead() == 0);
    CHECK(rig.bodies_asked.at(1) <= 2);
    rig.join(2);
    rig.run();
    CHECK(rig.has_caught_up());
}

TEST_CASE("headers that do not follow, or are invalid, are charged, and others are asked") {
    for (const bool breaks_link : {true, false}) {
        CAPTURE(breaks_link);
        Rig rig{12};
        rig.join(1);
        rig.run([&](const Downloads::Ask& ask) {
            const auto* question = std::get_if<sync_topic::GetHeaders>(&ask.question);
            if (!question) return give_any_body(rig, ask);
            auto headers = rig.headers_for(*question);
            if (headers.size() < 6) return false;
            if (breaks_link) {
                headers[5].number += 1;
            } else {
                headers.resize(6);
                headers[5].state_root = {};
            }
            rig.downloads->on_headers(rig.now, 1, question->id, std::move(headers), rig.effects);
            return true;
        });
        CHECK(rig.target.ledger->head().header.number >= 5);
        CHECK(std::ranges::count(rig.charges[1], Offence::invalid_data) >= 1);
        rig.join(2);
        rig.run();
        CHECK(rig.has_caught_up());
        CHECK_FALSE(rig.charges.contains(2));
    }
}

TEST_CASE("what was not asked for is an offence, and changes nothing") {
    Rig rig{3};
    rig.join(1);
    auto effects = std::exchange(rig.effects, {});
    const auto id =
        std::get<sync_topic::GetHeaders>(std::get<Downloads::Ask>(effects.front()).question).id;
    rig.downloads->on_headers(rig.now, 1, id + 1, {rig.blocks[0].header}, rig.effects);
    rig.downloads->on_bodies(rig.now, 1, id, {std::nullopt}, rig.effects);
    std::vector<Header> many(129, rig.blocks[0].header);
    rig.downloads->on_headers(rig.now, 1, id, std::move(many), rig.effects);
    rig.run();
    CHECK(rig.charges.at(1) == std::vector(3, Offence::unasked));
    CHECK(rig.downloads->ahead() == 0);
    // The question still stands.
    rig.downloads->on_headers(rig.now, 1, id, {rig.blocks[0].header}, rig.effects);
    CHECK(rig.downloads->ahead() == 1);
}

TEST_CASE("a peer that says it is ahead and has nothing is not asked again until it says more") {
    Rig rig{3};
    rig.join(1);
    const auto nothing = [&](const Downloads::Ask& ask) {
        const auto& question = std::get<sync_topic::GetHeaders>(ask.question);
        rig.downloads->on_headers(rig.now, 1, question.id, {}, rig.effects);
        return true;
    };
    rig.run(nothing);
    CHECK(rig.headers_asked.at(1) == 1);
    rig.downloads->on_status(rig.now, 1, rig.status(), rig.effects);
    rig.run(nothing);
    CHECK(rig.headers_asked.at(1) == 1);
    auto more = rig.status();
    ++more.number;
    rig.downloads->on_status(rig.now, 1, more, rig.effects);
    rig.run(nothing);
    CHECK(rig.headers_asked.at(1) == 2);
    CHECK(rig.charges.empty());
}

TEST_CASE("a block whose time has not come is asked for again when it is due, and costs nothing") {
    Rig rig{5};
    rig.latest_time_s = rig.blocks[2].header.timestamp;
    rig.due_at = rig.now.instant + 7s;
    rig.join(1);
    const auto nobody = [](const Downloads::Ask&) { return false; };
    rig.run(nobody);
    CHECK(rig.target.ledger->head().header.number == 3);
    CHECK(rig.headers_asked[1] == 1);
    // Whatever it says meanwhile.
    auto higher = rig.status();
    ++higher.number;
    rig.downloads->on_status(rig.now, 1, higher, rig.effects);
    rig.run(nobody);
    CHECK(rig.headers_asked[1] == 1);
    REQUIRE(rig.downloads->next_wakeup() == rig.due_at);
    rig.now.instant = rig.due_at;
    rig.downloads->on_timer(rig.now, rig.effects);
    rig.run(nobody);
    CHECK(rig.target.ledger->head().header.number == 5);
    CHECK(rig.charges[1].empty());
    CHECK(rig.downloads->next_wakeup() == never);
}
