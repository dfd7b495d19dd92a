// What a miner offers, takes, and drops.
#include <parley/chain/consensus/pow/miner.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/events/test_log.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

constexpr std::uint64_t miner_difficulty = 50;

std::shared_ptr<ProofOfWork> some_engine() {
    ProofOfWorkConfig config;
    config.forks.london_block = 0;
    config.asert = {.anchor_time_s = 1'000,
                    .anchor_target = target_of_difficulty(to_uint256(miner_difficulty)),
                    .interval_s = 10,
                    .half_life_s = 3'600};
    return std::make_shared<ProofOfWork>(config);
}

/// Notes what it is asked; finds nothing by itself.
struct NotingSearch final : NonceSearch {
    std::shared_ptr<const Work> work;
    std::vector<Solution> found;
    std::size_t stops = 0;

    void begin(Now, std::shared_ptr<const Work> its_work) override { work = std::move(its_work); }
    void stop() override {
        work.reset();
        ++stops;
    }
    std::vector<Solution> take(Now) override { return std::exchange(found, {}); }
    double rate() const override { return 0; }
};

struct MinerRig {
    std::shared_ptr<ProofOfWork> engine = some_engine();
    TestChain chain;
    TestLog log;
    std::vector<Picked> waiting;  // what the pool has
    std::shared_ptr<NotingSearch> search = std::make_shared<NotingSearch>();
    bool is_ready = true;
    bool refuses = false;
    std::optional<Miner> miner;
    Now now{Instant{100s}, UnixTime{1'010s}};

    MinerRig() {
        chain.engine = engine;
        REQUIRE(chain.open());
        MinerConfig config;
        config.beneficiary.value[0] = std::byte{0xbe};
        miner.emplace(config,
                      Miner::Chain{
                          .execution = chain.execution,
                          .engine = engine,
                          .ledger = *chain.ledger,
                          .pick = [this](const auto&, auto) { return waiting; },
                          .import =
                              [this](Now at, Block block, ImportDone done, ExecutedBlock known) {
                                  import(at, std::move(block), std::move(done), std::move(known));
                              },
                          .is_ready = [this](Now) { return is_ready; },
                      },
                      search, log);
        work();
    }
    void import(Now at, Block block, ImportDone done, ExecutedBlock known) {
        if (refuses) return done(at, std::unexpected{ImportError{StoreError{StoreErrc::full}}});
        chain.ledger->import(
            at, std::move(block),
            [this, done = std::move(done)](Now then, const auto& result) mutable {
                if (miner && result && !result->applied.empty()) miner->on_head(then);
                done(then, result);
            },
            std::move(known));
    }
    void work() {
        miner->on_timer(now);
        run_all(*chain.jobs, now);
    }
    void pass(Duration time) {
        now.instant += time;
        now.unix_time += std::chrono::duration_cast<std::chrono::milliseconds>(time);
        work();
    }
    /// A block of another miner.
    void other_block(std::uint64_t seconds = 5) {
        auto block = chain.make({}, seconds, 0xaa).block;
        const auto found =
            find_nonce(work_of(block.header, engine->target_after(head())), 0, 10'000);
        REQUIRE(found);
        store_be(MutableBytes{block.header.nonce}, found->nonce);
        REQUIRE(chain.import(block));
        miner->on_head(now);
    }
    const ChainHeader& head() const { return chain.ledger->head(); }
    std::uint64_t height() const { return head().header.number; }
};

Solution solved(const Work& work, std::uint64_t first = 0) {
    const auto found = find_nonce(work, first, 1'000'000);
    REQUIRE(found);
    return *found;
}

}  // namespace

TEST_CASE("miner: a nonce for its work is a block with what waits, and others take it") {
    MinerRig rig;
    TestChain other;
    other.engine = rig.engine;
    REQUIRE(other.open());
    const auto tx = payment(0, 0, 1, 5);
    rig.waiting = {{tx.raw, address_of(0)}};
    rig.pass(3s);
    const auto work = rig.miner->work();
    REQUIRE(work);
    CHECK(rig.search->work == work);
    rig.search->found.push_back(solved(*work));
    rig.work();
    REQUIRE(rig.height() == 1);
    const auto block = rig.chain.ledger->blocks().read(rig.head().hash).value()->block;
    CHECK(block.body.transactions.size() == 1);
    CHECK(block.header.timestamp == 1'013);
    CHECK(other.import(block));
    CHECK(rig.miner->counters().found == 1);
    rig.waiting.clear();
    run_all(*rig.chain.jobs, rig.now);
    REQUIRE(rig.miner->work());
    CHECK(rig.miner->work()->number == 2);
}

TEST_CASE("miner: what comes into the pool is in the work after some seconds, not at once") {
    MinerRig rig;
    const auto first = rig.miner->work();
    rig.waiting = {{payment(0, 0, 1, 5).raw, address_of(0)}};
    rig.pass(2s);
    CHECK(rig.miner->work() == first);
    rig.pass(1s);
    CHECK(rig.miner->work() != first);
    // A nonce for the work of a moment ago is good all the same.
    CHECK(rig.miner->submit(rig.now, solved(*first)) == Submitted::good);
    run_all(*rig.chain.jobs, rig.now);
    CHECK(rig.height() == 1);
}

TEST_CASE("miner: without news the work is the same, until its time is too old") {
    MinerRig rig;
    const auto first = rig.miner->work();
    for (int i = 0; i < 4; ++i) rig.pass(3s);
    CHECK(rig.miner->work() == first);
    rig.pass(3s);
    CHECK(rig.miner->work() != first);
    CHECK(rig.miner->counters().offered == 2);
}

TEST_CASE("miner: a new head drops what is under way, and what was found for the old one") {
    MinerRig rig;
    const auto old = rig.miner->work();
    const auto late = solved(*old);
    rig.other_block();
    CHECK_FALSE(rig.search->work);  // before the new work is made
    CHECK_FALSE(rig.miner->work());
    run_all(*rig.chain.jobs, rig.now);
    REQUIRE(rig.miner->work());
    CHECK(rig.search->work == rig.miner->work());
    CHECK(rig.miner->submit(rig.now, late) == Submitted::stale);
    CHECK(rig.height() == 1);
    CHECK(rig.miner->counters().stale == 1);
}

TEST_CASE("miner: work that is made while the head moves is not offered") {
    MinerRig rig;
    rig.now.instant += 20s;
    rig.miner->on_timer(rig.now);  // the Job is under way
    auto block = rig.chain.make({}, 5, 0xaa).block;
    const auto found =
        find_nonce(work_of(block.header, rig.engine->target_after(rig.head())), 0, 10'000);
    store_be(MutableBytes{block.header.nonce}, found->nonce);
    rig.import(rig.now, block, [](auto...) {}, {});
    run_all(*rig.chain.jobs, rig.now);
    REQUIRE(rig.height() == 1);
    REQUIRE(rig.miner->work());
    CHECK(rig.miner->work()->number == 2);
}

TEST_CASE("miner: nonces that are wrong, of no work of its own, or second, are told apart") {
    MinerRig rig;
    const auto work = rig.miner->work();
    auto solution = solved(*work);
    auto wrong = solution;
    do ++wrong.nonce;
    while (hash_of(*work, wrong) <= work->boundary);
    CHECK(rig.miner->submit(rig.now, wrong) == Submitted::wrong);
    auto unknown = solution;
    unknown.work[0] ^= std::byte{1};
    CHECK(rig.miner->submit(rig.now, unknown) == Submitted::unknown);
    CHECK(rig.miner->submit(rig.now, solution) == Submitted::good);
    CHECK_FALSE(rig.miner->work());
    CHECK(rig.miner->submit(rig.now, solution) == Submitted::stale);
    CHECK(rig.miner->submit(rig.now, solved(*work, solution.nonce + 1)) == Submitted::stale);
    run_all(*rig.chain.jobs, rig.now);
    CHECK(rig.height() == 1);
    const auto& counters = rig.miner->counters();
    CHECK(counters.wrong == 1);
    CHECK(counters.unknown == 1);
    CHECK(counters.stale == 2);
}

TEST_CASE("miner: what was offered is forgotten after some more") {
    MinerRig rig;
    const auto first = rig.miner->work();
    for (std::size_t i = 0; i + 1 < Miner::offers_max; ++i) rig.pass(15s);
    CHECK(rig.miner->counters().offered == Miner::offers_max);
    const auto solution = solved(*first);
    rig.pass(15s);
    CHECK(rig.miner->submit(rig.now, solution) == Submitted::unknown);
}

TEST_CASE("miner: no work on a head whose time is far ahead, nor while blocks are missing") {
    MinerRig rig;
    rig.other_block(20);  // 1,020, ten seconds ahead
    run_all(*rig.chain.jobs, rig.now);
    CHECK_FALSE(rig.miner->work());
    rig.pass(1s);
    REQUIRE(rig.miner->work());
    rig.is_ready = false;
    rig.other_block();
    rig.pass(5s);
    CHECK_FALSE(rig.miner->work());
    rig.is_ready = true;
    rig.pass(1s);
    CHECK(rig.miner->work());
}

TEST_CASE("miner: a block that the ledger refuses is made anew, and not offered again") {
    MinerRig rig;
    rig.refuses = true;
    const auto solution = solved(*rig.miner->work());
    CHECK(rig.miner->submit(rig.now, solution) == Submitted::good);
    CHECK(rig.miner->counters().failed == 1);
    CHECK(rig.miner->submit(rig.now, solution) == Submitted::unknown);
    REQUIRE(rig.log.lines.size() == 1);
    CHECK(rig.log.lines[0].starts_with("error own block refused number=1 error="));
    rig.refuses = false;
    rig.pass(1s);
    REQUIRE(rig.miner->work());
    CHECK(rig.miner->submit(rig.now, solved(*rig.miner->work())) == Submitted::good);
}

TEST_CASE("miner: Jobs come back to nobody once it is gone") {
    MinerRig rig;
    rig.miner->submit(rig.now, solved(*rig.miner->work()));
    rig.pass(15s);
    rig.now.instant += 15s;
    rig.miner->on_timer(rig.now);
    rig.miner.reset();
    run_all(*rig.chain.jobs, rig.now);
    CHECK(rig.height() == 1);
}

TEST_CASE("rates of outside miners are summed, and forgotten, and bounded") {
    HashRates rates;
    Now now{Instant{100s}, UnixTime{1'000s}};
    CHECK(rates.report(now, {std::byte{1}}, 10));
    CHECK(rates.report(now, {std::byte{2}}, 5));
    now.instant += 20s;
    CHECK(rates.report(now, {std::byte{2}}, 7));
    CHECK(rates.sum(now) == 17);
    now.instant += 10s;
    CHECK(rates.sum(now) == 7);
    CHECK(rates.report(now, {std::byte{3}}, ~0ULL));
    CHECK(rates.sum(now) == ~0ULL);
    for (std::size_t i = 4; i <= HashRates::entries_max + 1; ++i) {
        Hash256 id{};
        store_be(MutableBytes{id}, std::uint64_t{i});
        CHECK(rates.report(now, id, 1));
    }
    CHECK_FALSE(rates.report(now, {std::byte{0xff}}, 1));
    CHECK(rates.report(now, {std::byte{3}}, 2));
    now.instant += 30s;
    CHECK(rates.report(now, {std::byte{0xff}}, 1));
}
