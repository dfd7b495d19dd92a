// The ledger on a disk that fails: the process is killed at every write, the power is cut, the
// store is full.
#include <parley/base/rng.hpp>
#include <parley/chain/ledger/test_chain.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

/// Stands for a machine: after so many writes everything stops, the write under way half done.
struct Fuse {
    std::uint64_t writes_left = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t writes = 0;
    bool is_dead = false;
    /// False: the machine stops within this write.
    bool burn() {
        if (is_dead || writes == writes_left) is_dead = true;
        if (!is_dead) ++writes;
        return !is_dead;
    }
};

/// A log of which a power cut takes some of what was not synced.
class FaultyLog final : public AppendLog {
public:
    FaultyLog(Fuse& fuse, Rng& rng) : fuse_(fuse), rng_(rng) {}

    std::uint64_t size_bytes() const override { return bytes_.size(); }
    Result<void, StoreError> append(Bytes bytes) override {
        const bool whole = fuse_.burn();
        if (whole || !stopped_) {
            parley::append(bytes_, whole ? bytes : bytes.first(rng_.below(bytes.size())));
        }
        stopped_ = !whole;
        if (!whole) return fail(StoreErrc::io, 0, 5);
        return {};
    }
    Result<void, StoreError> sync() override {
        if (!fuse_.burn()) return fail(StoreErrc::io, 0, 5);
        synced_ = bytes_.size();
        return {};
    }
    Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size) const override {
        if (offset > bytes_.size() || size > bytes_.size() - offset) {
            return fail(StoreErrc::corrupt);
        }
        return to_buffer(Bytes{bytes_}.subspan(offset, size));
    }
    Result<void, StoreError> truncate(std::uint64_t size) override {
        if (fuse_.is_dead) return fail(StoreErrc::io, 0, 5);
        bytes_.resize(size);
        synced_ = std::min<std::uint64_t>(synced_, size);
        return {};
    }
    void cut_power() { bytes_.resize(synced_ + rng_.below(bytes_.size() - synced_ + 1)); }
    void restart() { stopped_ = false; }

private:
    Fuse& fuse_;
    Rng& rng_;
    Buffer bytes_;
    std::uint64_t synced_ = 0;
    bool stopped_ = false;
};

class FaultyStore final : public Store {
public:
    explicit FaultyStore(Fuse& fuse) : fuse_(fuse) {}
    Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) override {
        return rows_.get(table, key);
    }
    Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                       const Visitor& visit) override {
        return rows_.scan_from(table, first, visit);
    }
    Result<void, StoreError> write(const StoreBatch& batch) override {
        if (is_full) return fail(StoreErrc::full);
        if (!fuse_.burn()) return fail(StoreErrc::io, 0, 5);
        return rows_.write(batch);
    }
    bool is_full = false;

private:
    Fuse& fuse_;
    MemoryStore rows_;
};

/// Two branches that take the lead from each other.
std::vector<Block> branching_blocks() {
    TestChain left;
    TestChain right;
    REQUIRE(left.open());
    REQUIRE(right.open());
    std::vector<Block> out;
    std::uint64_t nonce = 0;
    for (std::uint64_t i = 0; i < 6; ++i) {
        for (int twice = 0; twice < 2; ++twice, ++nonce) {
            out.push_back(left.grow({payment(0, nonce, 1, 10), payment(2, nonce, 5, 1)}));
        }
        if (i == 0) out.push_back(right.grow({payment(3, 0, 4, 7)}, 3));
        for (int twice = 0; twice < 2; ++twice) {
            out.push_back(
                right.grow({payment(3, 1 + 2 * i + static_cast<std::uint64_t>(twice), 4, 7)}, 3));
        }
    }
    return out;
}

struct Crash {
    std::uint64_t writes = 0;  // that a run without a crash makes
    bool happened = false;
};

/// Imports until the machine stops; then goes on after a restart, and compares with a chain that
/// nothing happened to.
Crash run(const std::vector<Block>& blocks, std::uint64_t stop_at, bool power_cut,
          std::uint64_t seed) {
    Rng rng{seed};
    Fuse fuse;
    fuse.writes_left = stop_at;
    FaultyLog log{fuse, rng};
    FaultyStore store{fuse};
    TestChain chain{store, log};
    chain.config.save_blocks = 3;
    chain.config.save_rows = 2;
    std::vector<Hash256> durable;  // answered as imported
    Crash out;
    if (chain.open()) {
        for (const auto& block : blocks) {
            const auto imported = chain.import(block);
            if (fuse.is_dead) break;
            REQUIRE(imported);
            durable.push_back(block.header.hash());
        }
    }
    out.writes = fuse.writes;
    out.happened = fuse.is_dead;
    chain.ledger.reset();
    fuse = {};
    log.restart();
    if (power_cut) log.cut_power();
    REQUIRE(chain.open());
    for (const auto& hash : durable) CHECK(chain.ledger->blocks().find(hash).value());
    for (const auto& block : blocks) REQUIRE(chain.import(block));

    TestChain whole;
    REQUIRE(whole.open());
    for (const auto& block : blocks) REQUIRE(whole.import(block));
    CHECK(chain.ledger->head().hash == whole.ledger->head().hash);
    CHECK(chain.ledger->state().root() == whole.ledger->state().root());
    REQUIRE(chain.open());
    CHECK(chain.ledger->head().hash == whole.ledger->head().hash);
    for (const auto& block : blocks) {
        for (const auto& tx : block.body.transactions) {
            const auto place = chain.ledger->blocks().find_transaction(tx.hash).value();
            CHECK(place == whole.ledger->blocks().find_transaction(tx.hash).value());
        }
    }
    return out;
}

}  // namespace

TEST_CASE("killed at any write, or without power, a ledger has all it said it has") {
    const auto blocks = branching_blocks();
    const auto all = run(blocks, std::numeric_limits<std::uint64_t>::max(), false, 1).writes;
    CHECK(all > 60);
    for (std::uint64_t stop_at = 0; stop_at < all; ++stop_at) {
        CAPTURE(stop_at);
        CHECK(run(blocks, stop_at, false, stop_at).happened);
        CHECK(run(blocks, stop_at, true, stop_at + 1000).happened);
    }
}

TEST_CASE(
    "while the store is full the chain goes on, as far as it could be replayed, and is saved "
    "later") {
    Rng rng{1};
    Fuse fuse;
    FaultyLog log{fuse, rng};
    FaultyStore store{fuse};
    TestChain chain{store, log};
    chain.config.save_blocks = 2;
    chain.config.replay_max = 5;
    REQUIRE(chain.open());
    store.is_full = true;
    for (std::uint64_t i = 0; i < 5; ++i) chain.grow({payment(0, i, 1, 10)});
    CHECK(chain.ledger->unsaved_blocks() == 5);
    std::optional<Result<Imported, ImportError>> result;
    chain.ledger->import({}, chain.make({payment(0, 5, 1, 10)}).block,
                         [&](Now, auto imported) { result = std::move(imported); });
    run_all(*chain.jobs);
    CHECK_FALSE(result);  // it waits
    store.is_full = false;
    REQUIRE(chain.ledger->next_wakeup() != never);
    chain.ledger->on_timer({chain.ledger->next_wakeup(), {}});
    run_all(*chain.jobs);
    REQUIRE(result);
    CHECK(result->has_value());
    CHECK(chain.ledger->unsaved_blocks() < 5);
    const auto head = chain.ledger->head().hash;
    REQUIRE(chain.open());
    CHECK(chain.ledger->head().hash == head);
}

TEST_CASE("a queue of Jobs that is full delays an import and loses none") {
    TestChain chain;
    REQUIRE(chain.open());
    TestChain other;
    REQUIRE(other.open());
    const auto block = other.grow({payment(0, 0, 1, 10)});
    std::size_t taken = 0;
    while (chain.jobs->submit({[] {}, {}})) ++taken;
    bool done = false;
    chain.ledger->import({}, block, [&](Now, auto imported) { done = imported.has_value(); });
    for (int i = 0; i < 10 && !done; ++i) {
        run_all(*chain.jobs);
        chain.ledger->on_timer({chain.ledger->next_wakeup(), {}});
    }
    CHECK(taken == 64);
    CHECK(done);
}
