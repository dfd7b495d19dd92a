// Blocks that the one signer of a chain makes at a steady interval.
#include <parley/chain/producer/producer.hpp>

#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/events/test_log.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

struct Rig {
    TestChain chain;
    TestLog log;
    std::vector<Picked> waiting;  // what the pool has
    std::unique_ptr<Producer> producer;
    Now now{Instant{100s}, UnixTime{2'000s}};

    explicit Rig(ProducerConfig config = {}) {
        config.secret = secret_of(77);
        config.beneficiary.value[0] = std::byte{0xbe};
        chain.engine = std::make_shared<Solo>(merged_schedule(), address_of(77));
        REQUIRE(chain.open());
        producer = std::make_unique<Producer>(
            config, chain.execution, chain.engine, *chain.ledger,
            [this](const Uint256&, std::uint64_t) { return std::exchange(waiting, {}); },
            [this](Now at, Block block, ImportDone done, ExecutedBlock known) {
                chain.ledger->import(at, std::move(block), std::move(done), std::move(known));
            },
            log);
    }
    void wait(Duration time) {
        now.instant += time;
        now.unix_time += std::chrono::duration_cast<std::chrono::milliseconds>(time);
        producer->on_timer(now);
        run_all(*chain.jobs, now);
    }
    std::uint64_t height() const { return chain.ledger->head().header.number; }
};

}  // namespace

TEST_CASE("blocks are made at each interval, with what waits, and are valid to others") {
    Rig rig;
    TestChain other;
    other.engine = rig.chain.engine;
    REQUIRE(other.open());
    for (std::uint64_t i = 0; i < 4; ++i) {
        auto tx = payment(0, i, 1, 5);
        rig.waiting.push_back({tx.raw, address_of(0)});
        rig.wait(2s);
        CHECK(rig.height() == i + 1);
        const auto block = rig.chain.ledger->blocks().read(rig.chain.ledger->head().hash).value();
        CHECK(block->block.body.transactions.size() == 1);
        CHECK(block->block.header.timestamp == 2'002 + 2 * i);
        REQUIRE(other.import(block->block));
    }
    CHECK(other.ledger->state().root() == rig.chain.ledger->state().root());
    rig.wait(1s);
    CHECK(rig.height() == 4);
    rig.wait(1s);
    CHECK(rig.height() == 5);  // empty
    CHECK(rig.producer->counters().made == 5);
}

TEST_CASE("where empty blocks are not wanted, none is made until something waits") {
    Rig rig{{.makes_empty_blocks = false}};
    for (int i = 0; i < 3; ++i) rig.wait(2s);
    CHECK(rig.height() == 0);
    rig.waiting.push_back({payment(0, 0, 1, 5).raw, address_of(0)});
    rig.wait(2s);
    CHECK(rig.height() == 1);
}

TEST_CASE("a clock that is behind the head makes blocks a second apart") {
    Rig rig;
    rig.now.unix_time = UnixTime{5s};  // the genesis is of second 1,000
    rig.wait(2s);
    rig.wait(2s);
    CHECK(rig.chain.ledger->head().header.timestamp == 1'002);
}

TEST_CASE("a block is begun when the one before is imported, and not before") {
    Rig rig;
    rig.now.instant += 2s;
    rig.producer->on_timer(rig.now);
    CHECK(rig.producer->next_wakeup() == never);
    rig.now.instant += 10s;
    rig.producer->on_timer(rig.now);
    run_all(*rig.chain.jobs, rig.now);
    CHECK(rig.height() == 1);
    CHECK(rig.producer->next_wakeup() <= rig.now.instant);
    rig.producer->on_timer(rig.now);
    rig.producer.reset();  // Jobs come back to nobody
    run_all(*rig.chain.jobs, rig.now);
    CHECK(rig.height() == 1);
}

TEST_CASE("what cannot be executed is told, and the block is made of the rest") {
    Rig rig;
    std::vector<std::pair<Hash256, ExecutionErrc>> refused;
    rig.producer->on_refused([&](Now, const Hash256& hash, const ExecutionError& why) {
        refused.emplace_back(hash, why.code);
    });
    auto creation = transfer(0, 100'000'000'000);
    creation.to.reset();
    creation.gas_limit = 100'000;
    creation = sign(creation, secret_of(1));
    const auto later = payment(2, 5, 1, 1);
    rig.waiting = {{creation.raw, address_of(1)},
                   {payment(0, 0, 1, 5).raw, address_of(0)},
                   {later.raw, address_of(2)}};
    rig.wait(2s);
    CHECK(rig.height() == 1);
    CHECK(rig.chain.account(0).nonce == 1);
    using Refused = std::pair<Hash256, ExecutionErrc>;
    CHECK(refused == std::vector<Refused>{{creation.hash, ExecutionErrc::creates_code},
                                          {later.hash, ExecutionErrc::nonce_too_high}});
}
