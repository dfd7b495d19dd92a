#include <parley/chain/txpool/pool.hpp>

#include <parley/base/endian.hpp>
#include <parley/base/rng.hpp>
#include <parley/chain/txpool/test_pool.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

using Rig = PoolRig;
using Strings = std::vector<std::string>;

std::vector<Hash256> hashes(const TxPool& pool, std::size_t limit) {
    std::vector<Hash256> out;
    for (const auto* entry : pool.page(limit)) out.push_back(entry->hash);
    return out;
}

Transaction numbered(std::uint64_t number, std::uint64_t price) {
    return plain(0, price, 0, 1000 + number);
}

}  // namespace

TEST_CASE("an inserted transaction is found, listed once and removed") {
    TxPool pool;
    const auto tx = plain(3, 1000, 5);
    const Now now{.instant = Instant{7s}, .unix_time = {}};
    CHECK(pool.insert(tx, sender_of(1), now, {.local = true}) == InsertResult::added);
    CHECK(pool.insert(tx, sender_of(1), now, {}) == InsertResult::already_known);
    REQUIRE(pool.contains(tx.hash));
    const auto* found = pool.find(tx.hash);
    REQUIRE(found);
    CHECK(found->sender == sender_of(1));
    CHECK(found->expires == Instant{7s} + PoolConfig{}.lifetime_local);
    CHECK(found->local);
    CHECK(equal(found->raw, tx.raw));
    CHECK(equal(found->transaction().data, tx.data));
    CHECK(found->transaction().hash == tx.hash);
    CHECK(hashes(pool, 10) == std::vector{tx.hash});
    CHECK(pool.page(0).empty());
    CHECK(pool.next_nonce(sender_of(1)) == 4);
    CHECK(pool.remove(tx.hash));
    CHECK_FALSE(pool.remove(tx.hash));
    CHECK_FALSE(pool.find(tx.hash));
    CHECK(pool.size_bytes() == 0);
    CHECK(pool.status().pending + pool.status().queued == 0);
    CHECK_FALSE(pool.next_nonce(sender_of(1)));
}

TEST_CASE("the pool keeps bytes of its own, not the message they came in") {
    const auto tx = plain(0, 1000, 20);
    Buffer message(1000, std::byte{9});
    append(message, tx.raw);
    const auto whole = SharedBytes::own(std::move(message));
    auto sliced = *decode_transaction(whole.slice(1000, tx.raw.size()));
    TxPool pool;
    pool.insert(sliced, sender_of(1), {}, {});
    const auto* found = pool.find(tx.hash);
    REQUIRE(found);
    CHECK(found->raw.view().data() != sliced.raw.view().data());
    CHECK(equal(found->raw, tx.raw));
}

TEST_CASE("pages cover the pool once, what can be executed first, by price") {
    Rig rig;
    for (unsigned i = 0; i < 25; ++i) rig.put(i, 0, 1000 + i % 5);
    for (unsigned i = 0; i < 5; ++i) rig.put(i, 2, 5000);  // behind a gap
    std::vector<std::string> seen;
    std::optional<PoolRank> after;
    for (auto page = rig.pool.page(7); !page.empty(); page = rig.pool.page(7, after)) {
        for (const auto* entry : page) {
            const auto rank = rig.pool.rank(*entry);
            CHECK((!after || *after < rank));
            CHECK_FALSE(rank < rank);
            after = rank;
            seen.push_back(Rig::text(*entry));
        }
    }
    REQUIRE(seen.size() == 30);
    CHECK(seen.front() == "4:0@1004");
    CHECK(seen[5] == "3:0@1003");
    CHECK(seen[24] == "20:0@1000");
    CHECK(seen[25] == "0:2@5000");
    CHECK(std::set(seen.begin(), seen.end()).size() == 30);
}

TEST_CASE("a page goes on where the last one ended, whatever came and went meanwhile") {
    Rig rig;
    for (unsigned i = 0; i < 20; ++i) rig.put(i, 0, 1000 + i);
    const auto first = rig.pool.page(10);
    const auto after = rig.pool.rank(*first.back());
    CHECK(Rig::text(*first.back()) == "10:0@1010");
    rig.put(30, 0, 2000);
    rig.pool.remove(first.back()->hash);
    rig.put(31, 0, 1005);
    Strings rest;
    for (const auto* entry : rig.pool.page(100, after)) rest.push_back(Rig::text(*entry));
    CHECK(rest == Strings{"9:0@1009", "8:0@1008", "7:0@1007", "6:0@1006", "5:0@1005", "31:0@1005",
                          "4:0@1004", "3:0@1003", "2:0@1002", "1:0@1001", "0:0@1000"});
}

TEST_CASE("a replacement needs both fees raised by the bump, exactly") {
    TxPool pool;
    auto with_fees = [&](std::uint64_t max_fee, std::uint64_t priority) {
        auto tx = testing::transfer(0);
        tx.max_fee = to_uint256(max_fee);
        tx.max_priority_fee = to_uint256(priority);
        return pool.insert(*decode_transaction(SharedBytes::own(tx.encode())), sender_of(1), {},
                           {});
    };
    CHECK(with_fees(1000, 100) == InsertResult::added);
    CHECK(with_fees(1099, 200) == InsertResult::replacement_underpriced);
    CHECK(with_fees(2000, 109) == InsertResult::replacement_underpriced);
    CHECK(with_fees(1100, 110) == InsertResult::replaced);
    CHECK(pool.size() == 1);
    CHECK(pool.evicted() == 0);
    CHECK(with_fees(1100, 110) == InsertResult::already_known);
    CHECK(with_fees(1000, 100) == InsertResult::replacement_underpriced);
}

TEST_CASE("a price of zero is not replaced by another of zero") {
    Rig rig;
    CHECK(rig.put(1, 0, 0) == InsertResult::added);
    CHECK(rig.put(1, 0, 0) == InsertResult::replacement_underpriced);
    CHECK(rig.put(1, 0, 1) == InsertResult::replaced);
}

TEST_CASE("a minimum price holds for peers, not for the node's own user") {
    Rig rig{{.priority_fee_min = to_uint256(500)}};
    CHECK(rig.put(1, 0, 499) == InsertResult::underpriced);
    CHECK(rig.put(1, 0, 500) == InsertResult::added);
    CHECK(rig.put(2, 0, 1, true) == InsertResult::added);
}

TEST_CASE("a consecutive run is pending and what follows a gap is queued") {
    Rig rig;
    for (const auto nonce : {9u, 5u, 6u, 8u}) rig.put(1, nonce, 1000);
    rig.put(2, 40, 1000);
    CHECK(rig.content() == Strings{"1:5@1000", "1:6@1000", "1:8@1000q", "1:9@1000q", "2:40@1000"});
    CHECK(rig.pool.status().pending == 3);
    CHECK(rig.pool.status().queued == 2);
    CHECK(rig.pool.next_nonce(sender_of(1)) == 7);
    rig.put(1, 7, 1000);
    CHECK(rig.pool.status().pending == 6);
    CHECK(rig.pool.next_nonce(sender_of(1)) == 10);
    std::size_t visited = 0;
    rig.pool.for_each([&](const auto&, bool) { return ++visited < 2; });
    CHECK(visited == 2);
}

TEST_CASE("when full the cheapest leave, newest first among equals, and nothing for less") {
    const auto cost = plain_cost();
    Rig rig{{.bytes_max = 3 * cost}};
    rig.put(1, 0, 300);
    rig.put(2, 0, 200);
    rig.put(3, 0, 200);
    CHECK(rig.pool.size_bytes() > 2 * cost);
    CHECK(rig.put(4, 0, 200) == InsertResult::full);
    CHECK(rig.put(4, 0, 199) == InsertResult::full);
    CHECK(rig.put(4, 0, 201) == InsertResult::added);
    CHECK(rig.content() == Strings{"1:0@300", "2:0@200", "4:0@201"});
    CHECK(rig.pool.evicted() == 1);
    CHECK(rig.pool.size_bytes() > 2 * cost);
}

TEST_CASE("a large newcomer evicts several, or none at all") {
    const auto cost = plain_cost();
    Rig rig{{.bytes_max = 4 * cost}};
    for (const auto price : {400u, 200u, 300u, 900u}) rig.put(price / 100, 0, price);
    const auto before = rig.content();
    CHECK(rig.put(20, 0, 350, false, 3 * cost) == InsertResult::full);
    CHECK(rig.content() == before);
    CHECK(rig.put(20, 0, 350, false, cost / 2) == InsertResult::added);
    CHECK(rig.content() == Strings{"4:0@400", "9:0@900", "20:0@350"});
    CHECK(rig.put(21, 0, 10'000, false, 5 * cost) == InsertResult::full);
}

TEST_CASE("local transactions leave last, and one may push out any remote one") {
    const auto cost = plain_cost();
    Rig rig{{.bytes_max = 2 * cost}};
    rig.put(1, 0, 1000);
    rig.put(2, 0, 300, true);
    CHECK(rig.put(3, 0, 400, true) == InsertResult::added);
    CHECK(rig.content() == Strings{"2:0@300l", "3:0@400l"});
    CHECK(rig.put(4, 0, 9000) == InsertResult::full);
    CHECK(rig.put(4, 0, 300, true) == InsertResult::full);
    CHECK(rig.put(4, 0, 301, true) == InsertResult::added);
    CHECK(rig.content() == Strings{"3:0@400l", "4:0@301l"});
}

TEST_CASE("one that came from a peer becomes local when the user sends it too") {
    const auto cost = plain_cost();
    Rig rig{{.bytes_max = 2 * cost}};
    const auto tx = plain(0, 300);
    rig.pool.insert(tx, sender_of(1), {}, {});
    CHECK(rig.pool.insert(tx, sender_of(1), {}, {.local = true}) == InsertResult::already_known);
    rig.put(2, 0, 400);
    CHECK(rig.put(3, 0, 500) == InsertResult::added);
    CHECK(rig.content() == Strings{"1:0@300l", "3:0@500"});
}

TEST_CASE("eviction takes the end of the cheapest sender's run and leaves no gap") {
    const auto cost = plain_cost();
    Rig rig{{.bytes_max = 4 * cost}};
    rig.put(1, 0, 100);  // the cheapest: all that follows it is worth no more
    rig.put(1, 1, 5000);
    rig.put(1, 2, 5000);
    rig.put(2, 0, 200);
    CHECK(rig.put(3, 0, 300) == InsertResult::added);
    CHECK(rig.content() == Strings{"1:0@100", "1:1@5000", "2:0@200", "3:0@300"});
    // A high price at the end of a cheap run buys nothing.
    CHECK(rig.put(1, 2, 9000) == InsertResult::full);
    // But what comes before the end of the run takes its place.
    CHECK(rig.put(4, 0, 300) == InsertResult::added);
    CHECK(rig.put(5, 0, 300) == InsertResult::added);
    CHECK(rig.content() == Strings{"2:0@200", "3:0@300", "4:0@300", "5:0@300"});
}

TEST_CASE("a sender keeps its lowest nonces, in whatever order they come") {
    std::vector<std::uint64_t> nonces{0, 1, 2, 3, 4, 5, 6, 7};
    Rng rng{5};
    for (int round = 0; round < 20; ++round) {
        rng.shuffle(nonces);
        Rig rig{{.sender_entries_max = 3}};
        rig.put(2, 7, 1000);
        for (const auto nonce : nonces) rig.put(1, nonce, 1000);
        CHECK(rig.content() == Strings{"1:0@1000", "1:1@1000", "1:2@1000", "2:7@1000"});
        CHECK(rig.put(1, 3, 99'000) == InsertResult::sender_limit);
        CHECK(rig.put(1, 2, 2000) == InsertResult::replaced);
    }
    Rig bytes{{.sender_bytes_max = 2 * plain_cost()}};
    CHECK(bytes.put(1, 5, 1000) == InsertResult::added);
    CHECK(bytes.put(1, 6, 1000) == InsertResult::added);
    CHECK(bytes.put(1, 7, 1000) == InsertResult::sender_limit);
    CHECK(bytes.put(1, 4, 1000) == InsertResult::added);
    CHECK(bytes.content() == Strings{"1:4@1000", "1:5@1000"});
    CHECK(bytes.put(2, 0, 1000, false, 3 * plain_cost()) == InsertResult::sender_limit);
    // What it replaces counts once: there is still no room for so large a replacement.
    CHECK(bytes.put(1, 5, 2000, false, plain_cost() / 2) == InsertResult::sender_limit);
    CHECK(bytes.content() == Strings{"1:4@1000", "1:5@1000"});
}

TEST_CASE("a mined nonce takes along all up to it") {
    Rig rig;
    for (unsigned nonce = 0; nonce < 5; ++nonce) rig.put(1, nonce, 1000);
    rig.put(2, 0, 1000);
    CHECK(rig.pool.remove_through(sender_of(1), 2) == 3);
    CHECK(rig.content() == Strings{"1:3@1000", "1:4@1000", "2:0@1000"});
    CHECK(rig.pool.remove_through(sender_of(1), 100) == 2);
    CHECK(rig.pool.remove_through(sender_of(9), 100) == 0);
    CHECK(rig.content() == Strings{"2:0@1000"});
}

TEST_CASE("the state, where it is known, decides on nonce, balance and what is pending") {
    FixedState state;
    const auto cost_wei = 21'000u * 1000u + 1;
    state.accounts[sender_of(1)] = {5, to_uint256(2 * cost_wei)};
    TxPool pool{{}, &state};
    const auto put = [&](const Transaction& tx, unsigned sender) {
        return pool.insert(tx, sender_of(sender), {}, {});
    };
    CHECK(put(plain(4, 1000), 1) == InsertResult::nonce_too_low);
    CHECK(put(plain(5, 1000, 0, cost_wei + 2), 1) == InsertResult::insufficient_funds);
    CHECK(put(plain(6, 1000), 1) == InsertResult::added);
    CHECK(pool.status().queued == 1);
    CHECK_FALSE(pool.next_nonce(sender_of(1)));
    CHECK(pool.best({}, 1'000'000, 10).empty());
    CHECK(put(plain(5, 1000), 1) == InsertResult::added);
    CHECK(pool.status().pending == 2);
    CHECK(put(plain(4, 1000, 0, 77), 2) == InsertResult::added);  // unknown account: not checked

    state.accounts[sender_of(1)].nonce = 6;
    CHECK(pool.drop_stale(sender_of(1)) == 1);
    CHECK(pool.drop_stale(sender_of(2)) == 0);
    CHECK(pool.next_nonce(sender_of(1)) == 7);
    auto dear = testing::transfer(9);
    dear.max_fee.fill(std::byte{0xff});
    dear.gas_limit = 1;
    CHECK(put(*decode_transaction(SharedBytes::own(dear.encode())), 1) ==
          InsertResult::insufficient_funds);  // the sum does not fit in 256 bits
}

TEST_CASE("a producer gets the best tips first, each sender's nonces in order, without gaps") {
    Rig rig;
    rig.put(1, 0, 100);
    rig.put(1, 1, 900);
    rig.put(1, 3, 900);
    rig.put(2, 7, 500);
    rig.put(2, 8, 50);
    rig.put(3, 0, 500);
    const auto best = [&](std::uint64_t base_fee, std::uint64_t gas, std::size_t count) {
        Strings out;
        for (const auto* entry : rig.pool.best(to_uint256(base_fee), gas, count)) {
            out.push_back(Rig::text(*entry));
        }
        return out;
    };
    CHECK(best(0, 1'000'000, 10) == Strings{"2:7@500", "3:0@500", "1:0@100", "1:1@900", "2:8@50"});
    CHECK(best(100, 1'000'000, 10) == Strings{"2:7@500", "3:0@500", "1:0@100", "1:1@900"});
    CHECK(best(101, 1'000'000, 10) == Strings{"2:7@500", "3:0@500"});
    CHECK(best(0, 1'000'000, 2) == Strings{"2:7@500", "3:0@500"});
    CHECK(best(0, 3 * 21'000 + 20'999, 10).size() == 3);
}

TEST_CASE("a changed base fee changes who is cheapest") {
    const auto put = [](TxPool& pool, unsigned sender, std::uint64_t max, std::uint64_t priority) {
        auto tx = testing::transfer(0);
        tx.max_fee = to_uint256(max);
        tx.max_priority_fee = to_uint256(priority);
        tx.value = to_uint256(sender);
        return pool.insert(*decode_transaction(SharedBytes::own(tx.encode())), sender_of(sender),
                           {}, {});
    };
    TxPool probe;
    put(probe, 1, 400, 300);
    TxPool pool{{.bytes_max = 2 * probe.size_bytes()}};
    put(pool, 1, 400, 300);
    put(pool, 2, 900, 256);
    pool.set_base_fee(to_uint256(500));  // now the first pays 400, the second 756
    CHECK(put(pool, 3, 800, 256) == InsertResult::added);
    std::vector<Address> left;
    pool.for_each([&](const PooledTx& entry, bool) {
        left.push_back(entry.sender);
        return true;
    });
    CHECK(left == std::vector{sender_of(2), sender_of(3)});
}

TEST_CASE("accounted bytes cover what the allocator hands out") {
    const auto pool = std::make_unique<TxPool>();
    std::vector<Transaction> transactions;
    for (std::uint64_t i = 0; i < 4000; ++i) {
        auto tx = plain(i % 2, 1000, i % 300, i);
        if (i % 5 == 0) {
            tx.type = TxType::access_list;
            tx.access_list.resize(1 + i % 3, {sender_of(1), std::vector<Hash256>(i % 4)});
            tx = *decode_transaction(SharedBytes::own(tx.encode()));
        }
        transactions.push_back(std::move(tx));
    }
    const auto before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < transactions.size(); ++i) {
        pool->insert(transactions[i], sender_of(static_cast<unsigned>(i / 2)), {}, {});
    }
    const auto used = ::mallinfo2().uordblks - before;
    REQUIRE(pool->size() == transactions.size());
    if (used == 0) return;  // under a sanitizer's allocator
    CAPTURE(used);
    CHECK(pool->size_bytes() >= used);
    CHECK(pool->size_bytes() <= used * 3 / 2);
}

TEST_CASE("bounds and indexes hold through thousands of random calls") {
    const auto cost = plain_cost();
    const PoolConfig config{
        .bytes_max = 40 * cost, .sender_bytes_max = 12 * cost, .sender_entries_max = 9};
    Rig rig{config};
    Rng rng{11};
    for (int step = 0; step < 5000; ++step) {
        const auto sender = static_cast<unsigned>(rng.below(12));
        const auto roll = rng.below(20);
        if (roll == 0) {
            rig.pool.remove_through(sender_of(sender), rng.below(6));
        } else if (roll == 1) {
            const auto some = hashes(rig.pool, 5);
            if (!some.empty()) CHECK(rig.pool.remove(some.back()));
        } else if (roll == 2) {
            rig.pool.set_base_fee(to_uint256(rng.below(3000)));
        } else {
            const auto before = rig.pool.size();
            const auto result = rig.put(sender, rng.below(15), 256 + rng.below(5000),
                                        rng.chance(0.1), rng.below(400));
            if (!is_new(result)) CHECK(rig.pool.size() == before);
        }
        std::size_t bytes = 0;
        std::size_t entries = 0;
        std::map<Address, std::pair<std::size_t, std::size_t>> senders;
        std::size_t pending = 0;
        rig.pool.for_each([&](const PooledTx& entry, bool is_pending) {
            bytes += entry.size_bytes;
            ++entries;
            pending += is_pending ? 1 : 0;
            auto& [count, sum] = senders[entry.sender];
            ++count;
            sum += entry.size_bytes;
            CHECK(entry.pending == is_pending);
            CHECK(rig.pool.find(entry.hash) == &entry);
            return true;
        });
        REQUIRE(entries == rig.pool.size());
        REQUIRE(pending == rig.pool.status().pending);
        REQUIRE(entries - pending == rig.pool.status().queued);
        REQUIRE(bytes == rig.pool.size_bytes());
        REQUIRE(bytes <= config.bytes_max);
        for (const auto& [address, sums] : senders) {
            REQUIRE(sums.first <= config.sender_entries_max);
            REQUIRE(sums.second <= config.sender_bytes_max);
        }
    }
    while (rig.pool.size() > 0) REQUIRE(rig.pool.remove(hashes(rig.pool, 1).front()));
    CHECK(rig.pool.size_bytes() == 0);
}

TEST_CASE("what is pending is counted along, also where accounts say where it begins") {
    FixedState state;
    Rig rig{{}, &state};
    Rng rng{5};
    for (int step = 0; step < 3000; ++step) {
        const auto number = static_cast<unsigned>(rng.below(4));
        const auto sender = sender_of(number);
        const auto roll = rng.below(10);
        if (roll == 0 && number > 0) {  // one of them has no account
            auto& account = state.accounts[sender];
            account.balance = to_uint256(1'000'000'000'000);
            account.nonce = rng.below(8);
            rig.pool.drop_stale(sender);
        } else if (roll == 1) {
            rig.pool.remove_through(sender, rng.below(4));
        } else if (roll == 2 && rig.pool.size() > 0) {
            const auto all = hashes(rig.pool, 100);
            rig.pool.remove(all[rng.below(all.size())]);
        } else {
            rig.put(number, rng.below(12), 1000 + rng.below(1000));
        }
        std::size_t pending = 0;
        rig.pool.for_each([&](const PooledTx&, bool is_pending) {
            pending += is_pending ? 1 : 0;
            return true;
        });
        REQUIRE(rig.pool.status().pending == pending);
        REQUIRE(rig.pool.status().queued == rig.pool.size() - pending);
    }
}

TEST_CASE(
    "whoever fills the pool at an absurd price leaves room for other groups and the own user") {
    const auto size = plain_cost();
    TxPool pool{{.bytes_max = 80 * size}};
    constexpr std::uint64_t absurd = 60'000;
    unsigned sender = 0;
    const auto put = [&](std::uint64_t price, Origin origin) {
        ++sender;
        return pool.insert(numbered(sender, price), sender_of(sender), {}, origin);
    };
    for (int i = 0; i < 80; ++i) REQUIRE(put(absurd, {.group = 1}) == InsertResult::added);
    // The group itself must outbid itself; one that has less than its share need not.
    CHECK(put(absurd, {.group = 1}) == InsertResult::full);
    CHECK(put(absurd + 1, {.group = 1}) == InsertResult::added);
    for (int i = 0; i < 10; ++i) CHECK(put(300, {.group = 2}) == InsertResult::added);
    CHECK(pool.size() == 80);
    // Above its share, price decides, and nobody below a share is evicted.
    CHECK(put(300, {.group = 2}) == InsertResult::full);
    CHECK(put(absurd + 2, {.group = 1}) == InsertResult::added);
    for (int i = 0; i < 10; ++i) CHECK(put(301, {.group = 3}) == InsertResult::added);
    CHECK(put(299, {.local = true}) == InsertResult::added);
    std::map<std::uint64_t, int> by_group;
    pool.for_each([&](const PooledTx& entry, bool) { return ++by_group[entry.group], true; });
    CHECK(by_group[0] == 1);
    CHECK(by_group[1] + by_group[2] + by_group[3] == 79);
    CHECK(by_group[3] == 10);
}

TEST_CASE("with one group alone, price decides about all of the pool") {
    const auto size = plain_cost();
    TxPool pool{{.bytes_max = 10 * size}};
    for (unsigned i = 1; i <= 10; ++i) {
        REQUIRE(pool.insert(numbered(i, 1000 + i), sender_of(i), {}, {}) == InsertResult::added);
    }
    CHECK(pool.insert(numbered(11, 1001), sender_of(11), {}, {}) == InsertResult::full);
    CHECK(pool.insert(numbered(12, 1002), sender_of(12), {}, {}) == InsertResult::added);
    CHECK_FALSE(pool.contains(numbered(1, 1001).hash));
}

TEST_CASE("a price that does not suffice is refused before the sender is known, as later") {
    const auto size = plain_cost();
    TxPool pool{{.bytes_max = 8 * size, .priority_fee_min = to_uint256(1)}};
    const auto early = [&](std::uint64_t number, std::uint64_t price, Origin origin) {
        const auto tx = numbered(number, price);
        const auto refusal = pool.refuse_early(tx, origin);
        const auto result = pool.insert(tx, sender_of(static_cast<unsigned>(number)), {}, origin);
        if (refusal) CHECK(refusal == result);
        return refusal;
    };
    CHECK(early(99, 0, {}) == InsertResult::underpriced);
    for (unsigned i = 1; i <= 4; ++i) CHECK_FALSE(early(i, 1000, {.group = 1}));
    for (unsigned i = 5; i <= 8; ++i) CHECK_FALSE(early(i, 2000, {.group = 2}));
    CHECK(early(10, 1000, {.group = 1}) == InsertResult::full);
    CHECK_FALSE(early(11, 1001, {.group = 1}));
    CHECK_FALSE(early(12, 5, {.group = 3}));  // below its share
    CHECK(early(13, 5, {.group = 3}) == InsertResult::full);
    CHECK_FALSE(early(14, 5, {.local = true}));
}

TEST_CASE("what waits for its whole lifetime is forgotten, and peers do not bring it back") {
    TxPool pool{{.lifetime = 3h, .lifetime_local = 24h}};
    const auto foreign = numbered(1, 1000);
    const auto own = numbered(2, 1000);
    CHECK(pool.next_expiry() == never);
    REQUIRE(is_new(pool.insert(own, sender_of(2), {Instant{0h}, {}}, {.local = true})));
    REQUIRE(is_new(pool.insert(foreign, sender_of(1), {Instant{1h}, {}}, {})));
    CHECK(pool.next_expiry() == Instant{4h});
    CHECK(pool.expire(Instant{4h} - 1ns) == 0);
    CHECK(pool.expire(Instant{4h}) == 1);
    CHECK_FALSE(pool.contains(foreign.hash));
    CHECK(pool.insert(foreign, sender_of(1), {Instant{4h}, {}}, {}) == InsertResult::expired);
    CHECK(is_new(pool.insert(foreign, sender_of(1), {Instant{4h}, {}}, {.local = true})));
    CHECK(pool.expire(Instant{24h}) == 1);
    CHECK_FALSE(pool.contains(own.hash));
    CHECK(pool.next_expiry() == Instant{28h});
}

TEST_CASE("what can be executed lives for days, what cannot for hours from when on it could not") {
    FixedState state;
    auto& account = state.accounts[sender_of(1)];
    account = {0, to_uint256(1'000'000'000)};
    Rig rig{{.lifetime = 3h, .lifetime_executable = 72h}, &state};
    rig.put(1, 0, 1000);
    rig.put(1, 1, 1000);
    rig.put(1, 5, 1000);
    CHECK(rig.pool.next_expiry() == Instant{3h});
    CHECK(rig.pool.expire(Instant{3h}) == 1);
    CHECK(rig.content() == Strings{"1:0@1000", "1:1@1000"});
    rig.pool.expire(Instant{50h});
    account.balance = to_uint256(21'005'000);  // of one of them
    rig.pool.drop_stale(sender_of(1));
    CHECK(rig.content() == Strings{"1:0@1000", "1:1@1000q"});
    CHECK(rig.pool.next_expiry() == Instant{53h});
    CHECK(rig.pool.expire(Instant{53h}) == 1);
    CHECK(rig.pool.next_expiry() == Instant{72h});
}

TEST_CASE("of a full pool that expires, peers bring nothing back") {
    constexpr std::size_t entries = 70'000;
    const auto plain = numbered(1, 1000);
    TxPool pool{{.bytes_max = entries * plain_cost(), .groups = 1, .lifetime = 3h}};
    const auto nth = [&](std::size_t n) {
        auto tx = plain;
        tx.nonce = n >> 16;  // there are 2^16 senders
        store_be(MutableBytes{tx.hash}.first(8), std::uint64_t{n});
        return pool.insert(std::move(tx), sender_of(static_cast<unsigned>(n)), {}, {});
    };
    std::size_t taken = 0;
    for (std::size_t n = 1; n <= entries; ++n) taken += is_new(nth(n)) ? 1 : 0;
    REQUIRE(taken == entries);
    CHECK(pool.expire(Instant{3h}) == entries);
    CHECK(nth(1) == InsertResult::expired);  // the first one that it would forget
}

TEST_CASE("after a refusal for lack of room, the pool says when there is some again") {
    const auto size = plain_cost();
    TxPool pool{{.bytes_max = 16 * size, .sender_entries_max = 8}};
    for (unsigned i = 1; i <= 16; ++i) pool.insert(numbered(i, 1000), sender_of(i), {}, {});
    const auto remove = [&](unsigned i) { return pool.remove(numbered(i, 1000).hash); };
    REQUIRE(remove(1));
    CHECK(pool.room_made() == 0);  // nothing was refused
    pool.insert(numbered(1, 1000), sender_of(1), {}, {});
    REQUIRE(pool.insert(numbered(20, 999), sender_of(20), {}, {}) == InsertResult::full);
    REQUIRE(remove(1));
    CHECK(pool.room_made() == 0);  // too little
    REQUIRE(remove(2));
    CHECK(pool.room_made() == 1);
    REQUIRE(remove(3));
    CHECK(pool.room_made() == 1);
    // The same for a sender.
    TxPool other{{.sender_entries_max = 8}};
    for (std::uint64_t nonce = 0; nonce < 8; ++nonce) {
        other.insert(plain(nonce, 1000), sender_of(1), {}, {});
    }
    REQUIRE(other.insert(plain(8, 1000), sender_of(1), {}, {}) == InsertResult::sender_limit);
    CHECK(other.remove_through(sender_of(1), 0) == 1);
    CHECK(other.room_made() == 1);
}

TEST_CASE("what can be executed is counted by price") {
    PoolRig rig;
    for (const std::uint64_t price : {1U, 9U, 49U, 50U, 51U, 1999U})
        rig.put(static_cast<unsigned>(price % 251), 0, price);
    rig.put(1, 5, 3000);  // waits for its nonces: is not counted
    const auto text = [&] {
        std::string out;
        for (const auto& bucket : rig.pool.prices()) {
            out += std::to_string(bucket.from) + ":" + std::to_string(bucket.count) + " ";
        }
        return out;
    };
    CHECK(rig.pool.base_fee() == 0);
    CHECK(text() == "1:1 5:1 20:1 50:2 1000:1 ");
    rig.pool.set_base_fee(to_uint256(50));
    CHECK(rig.pool.base_fee() == 50);
    CHECK(text() ==
          std::to_string(std::numeric_limits<std::int64_t>::min()) + ":3 0:1 1:1 1000:1 ");
    const auto all = rig.pool.prices();
    CHECK(all.front().gas == 3 * 21'000);
}
