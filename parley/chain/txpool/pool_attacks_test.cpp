// Attacks on a pool that cost their maker nothing, and the property that makes them fail: what can
// be executed never pays less in all because something came.
#include <parley/base/rng.hpp>
#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/txpool/test_pool.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

using Strings = std::vector<std::string>;

constexpr std::uint64_t plenty = 1'000'000'000'000'000;

/// A pool that ten honest senders fill, one transaction each at 100 to 109.
struct FullPool {
    static constexpr unsigned honest = 10;
    static constexpr unsigned attacker = 50;

    FixedState state;
    PoolRig rig;
    Uint256 fee_before{};

    FullPool() : rig(config(state), &state) {
        for (unsigned i = 0; i < honest; ++i) {
            REQUIRE(rig.put(i, 0, 100 + i) == InsertResult::added);
        }
        REQUIRE(rig.pool.status().pending == honest);
        fee_before = rig.pool.executable_fee();
    }
    /// Room for so many, and accounts for whoever comes.
    static PoolConfig config(FixedState& state, std::size_t entries = honest) {
        for (unsigned i = 0; i < 200; ++i) fund(state, i, plenty);
        return {.bytes_max = entries * plain_cost(true)};
    }
    static void fund(FixedState& state, unsigned who, std::uint64_t wei) {
        state.accounts[sender_of(who)].balance = to_uint256(wei);
    }
    /// How many of the honest are pending.
    unsigned honest_left() const {
        unsigned left = 0;
        rig.pool.for_each([&](const PooledTx& entry, bool pending) {
            left += pending && std::to_integer<unsigned>(entry.sender.value[19]) < honest ? 1 : 0;
            return true;
        });
        return left;
    }
    bool fee_fell() const { return rig.pool.executable_fee() < fee_before; }
};

}  // namespace

TEST_CASE("attack DETER-X: future transactions of any price evict nothing that can be executed") {
    FullPool full;
    for (unsigned i = 0; i < 30; ++i) {
        CHECK(full.rig.put(FullPool::attacker + i, 1, 50'000) == InsertResult::full);
        CHECK(full.rig.put(FullPool::attacker, 10 + i, 50'000) == InsertResult::full);
    }
    CHECK(full.honest_left() == FullPool::honest);
    CHECK_FALSE(full.fee_fell());
}

TEST_CASE("attack DETER-X: future transactions that are here make room for what can be executed") {
    FixedState state;
    PoolRig rig{FullPool::config(state), &state};
    for (unsigned i = 0; i < 10; ++i) {
        REQUIRE(rig.put(FullPool::attacker + i, 1, 50'000) == InsertResult::added);
    }
    for (unsigned i = 0; i < 10; ++i) CHECK(rig.put(i, 0, 1) == InsertResult::added);
    CHECK(rig.pool.status().pending == 10);
    CHECK(rig.pool.status().queued == 0);
}

TEST_CASE("attack DETER-Z: latent overdrafts are queued, and evict nothing") {
    // Each alone could be paid, and all together could not.
    FullPool full;
    constexpr std::uint64_t price = 1000;
    FullPool::fund(full.state, FullPool::attacker, 21'000 * price * 3 / 2);
    unsigned taken = 0;
    for (std::uint64_t nonce = 0; nonce < 30; ++nonce) {
        const auto result = full.rig.put(FullPool::attacker, nonce, price);
        taken += is_new(result) ? 1 : 0;
    }
    CHECK(taken == 1);  // the one that can be paid
    CHECK(full.honest_left() == FullPool::honest - 1);
    CHECK_FALSE(full.fee_fell());
}

TEST_CASE("attack MPFUZZ: a replacement turns no child into an overdraft") {
    // A parent and children that can be paid together; then the parent takes all the money.
    FixedState state;
    PoolRig rig{FullPool::config(state), &state};
    constexpr std::uint64_t price = 1000;
    FullPool::fund(state, FullPool::attacker, 21'000 * price * 5);
    for (std::uint64_t nonce = 0; nonce < 4; ++nonce) {
        REQUIRE(rig.put(FullPool::attacker, nonce, price) == InsertResult::added);
    }
    const auto fee = rig.pool.executable_fee();
    CHECK(rig.put(FullPool::attacker, 0, 3 * price) == InsertResult::insufficient_funds);
    CHECK(rig.pool.status().pending == 4);
    CHECK(rig.pool.executable_fee() == fee);
    CHECK(rig.put(FullPool::attacker, 0, price * 11 / 10) == InsertResult::replaced);
    CHECK(rig.pool.status().pending == 4);
}

TEST_CASE("attack MPFUZZ: children are worth no more than their parent, and leave first") {
    // A run of one cheap parent with dear children takes the place of nothing dearer than it.
    FullPool full;
    REQUIRE(full.rig.put(FullPool::attacker, 0, 101) == InsertResult::added);  // for that of 100
    unsigned taken = 0;
    for (std::uint64_t nonce = 1; nonce < 30; ++nonce) {
        taken += is_new(full.rig.put(FullPool::attacker, nonce, 50'000)) ? 1 : 0;
    }
    CHECK(taken == 0);
    CHECK(full.honest_left() == FullPool::honest - 1);
    CHECK_FALSE(full.fee_fell());
}

TEST_CASE("attack MPFUZZ: a large one pushes out no more fee than it brings") {
    // It is dearer by the gas than each of those that would have to leave for it.
    FullPool full;
    const auto result = full.rig.put(FullPool::attacker, 0, 300, false, 4 * plain_cost(true));
    CHECK(result == InsertResult::added);  // its data costs gas: it pays for the five
    CHECK_FALSE(full.fee_fell());
    // The same of zeroes, a quarter of the gas for each byte.
    FullPool other;
    auto tx = transfer(0, 300);
    tx.data = SharedBytes::own(Buffer(4 * plain_cost(true)));
    const auto zeroes = *decode_transaction(SharedBytes::own(tx.encode()));
    CHECK(other.rig.pool.insert(zeroes, sender_of(FullPool::attacker), {}, {}) ==
          InsertResult::full);
    CHECK(other.honest_left() == FullPool::honest);
    CHECK_FALSE(other.fee_fell());
}

TEST_CASE("attack MPFUZZ: a replacement pays no less in all than what it replaces") {
    FixedState state;
    PoolRig rig{FullPool::config(state, 100), &state};
    REQUIRE(rig.put(1, 0, 1000, false, 2000) == InsertResult::added);
    const auto fee = rig.pool.executable_fee();
    CHECK(rig.put(1, 0, 1200) == InsertResult::replacement_underpriced);  // of less gas
    CHECK(rig.pool.executable_fee() == fee);
    CHECK(rig.put(1, 0, 4000) == InsertResult::replaced);
    CHECK(rig.pool.executable_fee() > fee);
}

TEST_CASE("attack MemPurge: chains of overdrafts behind a gap do not purge the pool") {
    // Queued first, where nobody adds up what they cost; then the gap is filled, and they would
    // turn pending and push out others, though the account can pay for one.
    FullPool full;
    constexpr std::uint64_t price = 2000;
    FullPool::fund(full.state, FullPool::attacker, 21'000 * price * 3 / 2);
    for (unsigned i = 0; i < 5; ++i) full.rig.pool.remove_through(sender_of(i), 0);
    for (std::uint64_t nonce = 1; nonce < 6; ++nonce) {
        REQUIRE(full.rig.put(FullPool::attacker, nonce, price) == InsertResult::added);
    }
    full.fee_before = full.rig.pool.executable_fee();
    CHECK(full.rig.put(FullPool::attacker, 0, price) == InsertResult::added);
    CHECK(full.rig.pool.status().pending == 6);  // five honest ones, and one
    CHECK(full.honest_left() == 5);
    for (std::uint64_t nonce = 6; nonce < 30; ++nonce) {
        CHECK_FALSE(is_new(full.rig.put(FullPool::attacker, nonce, 50'000)));
    }
    // The honest come back at any price.
    for (unsigned i = 0; i < 4; ++i) CHECK(full.rig.put(i, 0, 20) == InsertResult::added);
    CHECK(full.honest_left() == 9);
    CHECK_FALSE(full.fee_fell());
}

TEST_CASE("what can be executed never pays less because something came, and all orders agree") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Rng rng{seed};
        FixedState state;
        constexpr unsigned senders = 8;
        std::uint64_t base_fee = 0;
        const auto change_account = [&](unsigned who) {
            auto& account = state.accounts[sender_of(who)];
            account.balance = to_uint256(21'000ULL * 1000 * rng.below(12) + rng.below(100'000'000));
            if (rng.chance(0.5)) account.nonce += rng.below(3);
        };
        for (unsigned i = 0; i < senders; ++i) change_account(i);
        PoolConfig config;
        config.bytes_max = 25 * plain_cost(true);
        config.sender_bytes_max = 10 * plain_cost(true);
        config.sender_entries_max = 7;
        TxPool pool{config, &state};
        std::uint64_t dropped = 0;
        pool.on_dropped([&](const PooledTx&, DropReason reason) {
            dropped += reason == DropReason::replaced ? 0 : 1;
        });
        std::uint64_t salt = 0;
        std::uint64_t came = 0;
        for (int step = 0; step < 600; ++step) {
            const auto who = static_cast<unsigned>(rng.below(senders + 1));  // one has no account
            const auto roll = rng.below(40);
            if (roll == 0 && who < senders) {
                change_account(who);
                pool.drop_stale(sender_of(who));
            } else if (roll == 1) {
                base_fee = rng.below(3000);
                pool.set_base_fee(to_uint256(base_fee));
            } else if (roll == 2 && pool.size() > 0) {
                const auto all = pool.page(100);
                pool.remove(all[rng.below(all.size())]->hash);
            } else if (roll == 3) {
                pool.expire(Instant{1s * step});
            } else {
                const auto fee = pool.executable_fee();
                const auto nonce = state.accounts[sender_of(who)].nonce + rng.below(9);
                if (who == senders) state.accounts.erase(sender_of(who));
                auto tx = plain(nonce, 256 + rng.below(3000), rng.chance(0.2) ? rng.below(900) : 0,
                                ++salt * 10 + who);
                tx.max_priority_fee = to_uint256(rng.below(3000));
                tx.max_priority_fee = std::min(tx.max_priority_fee, tx.max_fee);
                tx = *decode_transaction(SharedBytes::own(tx.encode()));
                const auto size = pool.size();
                const auto result =
                    pool.insert(tx, sender_of(who), {Instant{1s * step}, {}},
                                {.local = rng.chance(0.05), .reverted = rng.chance(0.05)});
                came += result == InsertResult::added ? 1 : 0;
                if (!is_new(result)) REQUIRE(pool.size() == size);
                REQUIRE(pool.contains(tx.hash) == is_new(result));
                REQUIRE(pool.executable_fee() >= fee);
            }
            REQUIRE(fault_of(pool, state, base_fee).empty());
            REQUIRE(pool.size_bytes() <= config.bytes_max);
            const auto best = pool.best(to_uint256(base_fee), 1'000'000'000, 1000);
            const auto page = pool.page(1000);
            for (std::size_t i = 0; i < best.size(); ++i) REQUIRE(best[i] == page[i]);
            const auto other = pool.best(to_uint256(base_fee + 1), 1'000'000'000, 1000);
            REQUIRE(other.size() <= best.size());
        }
        CHECK(pool.evicted() > 0);
        CHECK(came - dropped == pool.size());
    }
}

TEST_CASE("what does not fit into a block is passed over with all that follows of its sender") {
    FixedState state;
    PoolRig rig{FullPool::config(state, 1000), &state};
    for (unsigned i = 0; i < 100; ++i) {
        auto tx = transfer(0, 9000 - i);
        tx.gas_limit = i % 10 == 9 ? 21'000 : 100'000'000;
        rig.pool.insert(*decode_transaction(SharedBytes::own(tx.encode())), sender_of(i), {}, {});
        REQUIRE(rig.put(i, 1, 100 + i) == InsertResult::added);
    }
    const auto best = rig.pool.best({}, 15 * 21'000, 100);
    REQUIRE(best.size() == 15);
    Strings content;
    for (const auto* entry : best) content.push_back(PoolRig::text(*entry));
    CHECK(content[0] == "9:0@8991");
    CHECK(content[9] == "99:0@8901");
    CHECK(content[10] == "99:1@199");
    CHECK(content[14] == "59:1@159");
}

TEST_CASE("the minimum price rises with what is evicted, and falls by half in ten minutes") {
    FullPool full;
    CHECK(full.rig.pool.price_floor() == 0);
    REQUIRE(full.rig.put(60, 0, 5000) == InsertResult::added);  // for that of 100
    CHECK(full.rig.pool.price_floor() == 111);
    CHECK(full.rig.put(61, 0, 110) == InsertResult::underpriced);
    CHECK(full.rig.put(61, 0, 111, true) == InsertResult::added);  // the own user's
    CHECK(full.rig.pool.price_floor() == 112);
    const auto refused = plain(0, 111, 0, 1);
    CHECK(full.rig.pool.refuse_early(refused, {}) == InsertResult::underpriced);
    CHECK(may_come_again(InsertResult::underpriced));
    const auto room = full.rig.pool.room_made();
    CHECK(full.rig.pool.next_expiry() == Instant{1min});
    full.rig.pool.expire(Instant{10min});
    CHECK(full.rig.pool.price_floor() > 50);
    CHECK(full.rig.pool.price_floor() < 62);
    CHECK(full.rig.pool.room_made() == room + 1);
    CHECK(full.rig.pool.refuse_early(refused, {}) == std::nullopt);
    full.rig.pool.expire(Instant{2h});
    CHECK(full.rig.pool.price_floor() == 0);
}

TEST_CASE("without a state the minimum price stays: what is promised costs nothing") {
    PoolRig rig{{.bytes_max = 9 * plain_cost() / 2}};
    for (unsigned i = 0; i < 10; ++i) rig.put(i, 0, 1000 + i);
    CHECK(rig.pool.evicted() == 6);
    CHECK(rig.pool.price_floor() == 0);
}
