// A state fetched from peers of which some lie, while the chain goes on and the node is killed.
#include <parley/chain/sync/snapshot_sync.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/ledger/past_states.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/sync/answers.hpp>
#include <parley/chain/sync/state_answers.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;
using transport::Offence;

namespace {

/// How a peer answers.
enum class Manner : std::uint8_t {
    honest,
    wrong_value,
    left_out,
    nothing,
    silent,
    stingy,
    headers
};

constexpr std::uint64_t genesis_accounts = 100;

SnapshotSyncConfig small_config() {
    SnapshotSyncConfig out;
    out.blocks_min = 20;
    out.pivot_age_max = 16;
    out.state.spans = 4;
    out.state.span_accounts_max = 100;
    out.state.first_bytes = 1'000;
    out.state.bytes_max = 4'000;
    out.state.base_age_max = 40;
    out.headers.headers_per_question = 64;
    return out;
}

/// A chain that grows by payments to new accounts and to old ones.
struct Served : TestChain {
    PastStates past;
    std::uint64_t paid = 0;

    Served() {
        accounts = genesis_accounts;
        REQUIRE(open());
    }
    void move(std::uint64_t blocks, std::uint64_t payments) {
        for (std::uint64_t i = 0; i < blocks; ++i) {
            std::vector<Transaction> txs;
            for (std::uint64_t n = 0; n < payments; ++n, ++paid) {
                const auto to = paid % 3 == 0 ? paid % genesis_accounts : 1'000 + paid;
                txs.push_back(
                    payment(paid % genesis_accounts, paid / genesis_accounts, to, 1 + paid));
            }
            grow(std::move(txs));
        }
    }
    sync_topic::ChainStatus status() const {
        const auto& head = ledger->head();
        return {head.header.number, head.hash, head.total_difficulty};
    }
    template <class Answer>
    Answer read(const std::function<Answer(const ChainHeader&, const ChainParts&)>& make) {
        std::optional<Answer> out;
        REQUIRE(ledger->read_state(
            {},
            {[&](const auto& head, const auto& parts) { out = make(head, parts); }, [](Now) {}}));
        run_all(*jobs);
        return std::move(*out);
    }
};

/// The node that is far behind, and its peers.
struct Fetching {
    explicit Fetching(Served& its_served) : served(its_served) {}

    Served& served;
    TestChain own = {};
    std::map<SnapshotSync::PeerId, Manner> peers = {};
    SnapshotSyncConfig config = small_config();
    std::unique_ptr<SnapshotSync> sync = nullptr;
    Now now{Instant{} + std::chrono::hours{1}, {}};
    std::uint64_t bytes = 0;  // of answers
    std::uint64_t answers = 0;
    std::map<SnapshotSync::PeerId, std::vector<Offence>> charges = {};
    std::deque<SnapshotSync::Effect> waiting = {};

    void start() {
        sync.reset();
        own.accounts = genesis_accounts;
        REQUIRE(own.open());
        sync = std::make_unique<SnapshotSync>(config, *own.ledger, *own.jobs, no_log(), 7);
        REQUIRE(sync->open());
        for (const auto& [id, manner] : peers) sync->add_peer(id);
        tell();
    }
    void tell() {
        for (const auto& [id, manner] : peers) sync->on_status(now, id, served.status());
    }
    /// One question is answered, or time passes. False: nothing is left to do.
    bool step() {
        run_all(*own.jobs, now);
        for (auto& effect : sync->take_effects()) waiting.push_back(std::move(effect));
        if (waiting.empty()) {
            if (sync->is_done() || sync->next_wakeup() == never) return false;
            now.instant = std::max(now.instant, sync->next_wakeup());
            sync->on_timer(now);
            return true;
        }
        auto effect = std::move(waiting.front());
        waiting.pop_front();
        if (const auto* charge = std::get_if<SnapshotSync::Charge>(&effect)) {
            charged(charge->peer, charge->offence);
        } else {
            answer(std::get<SnapshotSync::Ask>(effect));
        }
        return true;
    }
    /// Steps until it is done, or so many answers came.
    void run(std::uint64_t answers_max = 1'000'000) {
        const auto until = answers + answers_max;
        for (int steps = 0; answers < until && step(); ++steps) REQUIRE(steps < 1'000'000);
    }
    void kill() {
        waiting.clear();
        start();
    }
    std::size_t count(SnapshotSync::PeerId peer, Offence offence) {
        return static_cast<std::size_t>(std::ranges::count(charges[peer], offence));
    }

private:
    void charged(SnapshotSync::PeerId peer, Offence offence) {
        charges[peer].push_back(offence);
        // As the link's offences do.
        if (count(peer, Offence::malformed) < 2) return;
        peers.erase(peer);
        sync->remove_peer(now, peer);
    }
    void answer(const SnapshotSync::Ask& ask) {
        const auto found = peers.find(ask.peer);
        if (found == peers.end() || found->second == Manner::silent) return;
        const auto manner = found->second;
        ++answers;
        if (ask.code == sync_topic::get_headers) return answer_with_headers(ask, manner);
        const bool fetches = ask.code == sync_topic::get_accounts;
        const auto make = [&](const ChainHeader& head,
                              const ChainParts& parts) -> StateSync::Answer {
            if (fetches) {
                auto asked = *sync_topic::decode_get_accounts(ask.message);
                if (manner == Manner::stingy) asked.bytes = 1;
                return answer_accounts(served.past, head, parts, asked);
            }
            auto asked = *sync_topic::decode_get_changes(ask.message);
            if (manner == Manner::stingy) asked.bytes = 1;
            return answer_changes(served.past, head, parts, asked);
        };
        auto given = served.read<StateSync::Answer>(make);
        std::visit([&](auto& what) { spoil(what, manner); }, given);
        bytes +=
            std::visit([](const auto& what) { return sync_topic::encode(what).size(); }, given);
        sync->on_answer(now, ask.peer, std::move(given));
    }
    void answer_with_headers(const SnapshotSync::Ask& ask, Manner manner) {
        const auto asked = *sync_topic::decode_get_headers(ask.message);
        const auto items = served.read<sync_topic::Items>(
            [&](const auto&, const auto& parts) { return answer_headers(parts.blocks, asked); });
        std::vector<Header> headers;
        if (manner != Manner::nothing) {
            for (const auto& item : items.items) headers.push_back(*decode_header(item, 32));
        }
        if (manner == Manner::headers && headers.size() > 5) headers[5].state_root = {};
        bytes += sync_topic::encode(items).size();
        sync->on_headers(now, ask.peer, asked.id, std::move(headers));
    }
    template <class Answer>
    static void spoil(Answer& answer, Manner manner) {
        auto& entries = answer.entries;
        if (manner == Manner::nothing) {
            entries.clear();
            answer.proof.clear();
        }
        if (entries.empty()) return;
        if (manner == Manner::wrong_value) {
            Account rich;
            rich.balance = to_uint256(1'000'000'000);
            entries[entries.size() / 2].value = SharedBytes::own(encode_slim(rich));
        }
        if (manner == Manner::left_out) {
            entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2));
        }
    }
};

/// It is at a block of the served chain, and has its state: it can go on from there.
void check_whole(Fetching& fetching) {
    REQUIRE(fetching.sync->is_done());
    auto& own = *fetching.own.ledger;
    const auto& blocks = fetching.served.ledger->blocks();
    const auto number = own.head().header.number;
    REQUIRE(number > 0);
    CHECK(*blocks.main(number) == own.head().hash);
    CHECK(own.state().root() == own.head().header.state_root);
    CHECK_FALSE(*SnapshotSync::is_begun(fetching.own.store));
    // All that follows is executed on it.
    for (auto next = number + 1; next <= fetching.served.ledger->head().header.number; ++next) {
        const auto block = blocks.read(**blocks.main(next));
        CHECK(fetching.own.import((*block)->block));
    }
    CHECK(own.head().hash == fetching.served.ledger->head().hash);
    // And after a restart; a header whose body is not here is there.
    own.save({});
    run_all(*fetching.own.jobs);
    REQUIRE(fetching.own.open());
    CHECK(fetching.own.ledger->head().hash == fetching.served.ledger->head().hash);
    const auto early = **blocks.main(number / 2);
    CHECK((*fetching.own.ledger->blocks().find(early))->header.header.number == number / 2);
    CHECK_FALSE(fetching.own.ledger->blocks().read(early)->has_value());
    CHECK(*fetching.own.ledger->blocks().main(number / 2) == early);
}

}  // namespace

TEST_CASE(
    "snapshot: the state of a chain that stands still is fetched, at little more than itself") {
    Served served;
    served.move(60, 20);
    Fetching fetching{served};
    fetching.peers = {{1, Manner::honest}, {2, Manner::honest}};
    fetching.start();
    fetching.run();
    CHECK(fetching.own.ledger->head().header.number == 56);
    CHECK(fetching.charges.empty());
    check_whole(fetching);
}

TEST_CASE("snapshot: a chain that is not far ahead is left to those who execute it") {
    Served served;
    served.move(10, 1);
    Fetching fetching{served};
    fetching.peers = {{1, Manner::honest}};
    fetching.start();
    fetching.run();
    CHECK(fetching.sync->is_done());
    CHECK(fetching.own.ledger->head().header.number == 0);
    CHECK_FALSE(*SnapshotSync::is_begun(fetching.own.store));
}

TEST_CASE("snapshot: liars are charged, and what they say has no effect") {
    Served served;
    served.move(60, 20);
    for (const auto manner : {Manner::wrong_value, Manner::left_out, Manner::nothing,
                              Manner::silent, Manner::stingy, Manner::headers}) {
        CAPTURE(static_cast<int>(manner));
        Fetching fetching{served};
        fetching.peers = {{1, manner}, {2, Manner::honest}};
        fetching.start();
        fetching.run();
        const bool is_invalid = manner == Manner::wrong_value || manner == Manner::left_out ||
                                manner == Manner::headers;
        CHECK(fetching.count(1, is_invalid ? Offence::malformed : Offence::useless) > 0);
        CHECK(fetching.charges[2].empty());
        check_whole(fetching);
    }
}

TEST_CASE("snapshot: it comes to the state of the chain over moves of the head, liars and kills") {
    Served served;
    served.move(60, 30);
    Fetching fetching{served};
    fetching.peers = {{1, Manner::honest},
                      {2, Manner::honest},
                      {3, Manner::honest},
                      {4, Manner::wrong_value},
                      {5, Manner::left_out}};
    fetching.start();
    for (std::uint64_t round = 0; round < 100 && !fetching.sync->is_done(); ++round) {
        served.move(round % 2, 3);
        fetching.tell();
        fetching.run(2);
        if (round % 3 == 0) fetching.kill();
    }
    CHECK(served.ledger->head().header.number > 80);
    fetching.run();
    check_whole(fetching);
}

TEST_CASE("snapshot: what servers have forgotten is fetched again") {
    Served served;
    served.move(60, 20);
    Fetching fetching{served};
    fetching.peers = {{1, Manner::honest}};
    fetching.start();
    fetching.run(8);
    REQUIRE(fetching.sync->progress().accounts > 100);
    REQUIRE_FALSE(fetching.sync->is_done());
    served.move(branch_depth_max + 10, 2);
    fetching.kill();
    fetching.run();
    CHECK(fetching.own.ledger->head().header.number > branch_depth_max);
    check_whole(fetching);
}
