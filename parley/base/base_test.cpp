#include <parley/base/block_pool.hpp>
#include <parley/base/bytes.hpp>
#include <parley/base/entropy_pool.hpp>
#include <parley/base/jobs.hpp>
#include <parley/base/lru.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/sip_hash.hpp>
#include <parley/base/store.hpp>
#include <parley/base/token_bucket.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

using namespace parley;

TEST_CASE("hex goes there and back, and refuses what is not hex") {
    CHECK(to_hex(*from_hex("0x00ff10Ab")) == "00ff10ab");
    CHECK(from_hex("")->empty());
    CHECK_FALSE(from_hex("abc"));
    CHECK_FALSE(from_hex("zz"));
    CHECK_FALSE(array_from_hex<2>("aabbcc"));
    CHECK(hex_constant("00ff1a") == *array_from_hex<3>("00ff1a"));
}

TEST_CASE("shared bytes share, slice and outlive their source") {
    SharedBytes slice;
    {
        const auto whole = SharedBytes::own(to_buffer(bytes_of("hello world")));
        slice = whole.slice(6, 5);
        CHECK(slice.view().data() == whole.view().data() + 6);
    }
    CHECK(text_of(slice) == "world");
    CHECK(text_of(SharedBytes::copy(bytes_of("abc"))) == "abc");
    CHECK(SharedBytes::copy({}).empty());
}

TEST_CASE("the generator is reproducible, splits by purpose and stays below its bound") {
    Rng a{7};
    Rng b{7};
    CHECK(a.next() == b.next());
    CHECK(a.split("x").next() == b.split("x").next());
    CHECK(a.split("x").next() == a.split("x").next());  // in whatever order parts are made
    CHECK(a.split("x").next() != a.split("y").next());
    CHECK(Rng{a.next()}.next() != Rng{a.next()}.next());  // many of a kind
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 200; ++i) seen.insert(a.below(6));
    CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("SipHash: the vectors of its paper and of its reference code") {
    Buffer input;
    for (unsigned i = 0; i < 15; ++i) input.push_back(static_cast<std::byte>(i));
    const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    CHECK(sip_hash(key, input) == 0xa129ca6149be45e5);
    CHECK(sip_hash(key, {}) == 0x726fdb47dd0e0e31);
    CHECK(sip_hash(key, Bytes{input}.first(8)) == 0x93f5f5799a932462);
    CHECK(SaltedHash{1}(input) != SaltedHash{2}(input));
}

TEST_CASE("an entropy pool gives out what its source gave, each byte once, in few calls") {
    struct Counted final : EntropySource {
        void fill(MutableBytes out) override {
            ++calls;
            for (auto& byte : out) byte = static_cast<std::byte>(next++ / 4);
        }
        int calls = 0;
        unsigned next = 0;
    } source;
    EntropyPool pool{source};
    Buffer seen;
    for (const std::size_t size : {0U, 1U, 500U, 20U, 503U}) {
        Buffer some(size);
        pool.fill(some);
        append(seen, some);
    }
    CHECK(source.calls == 2);
    REQUIRE(seen.size() == 1024);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i] != static_cast<std::byte>(i / 4)) FAIL("byte " << i);
    }
}

TEST_CASE("entropy pools of a machine and its clone differ, from the next byte on") {
    struct Same final : EntropySource {
        void fill(MutableBytes out) override { std::ranges::fill(out, std::byte{7}); }
    } source;
    EntropyPool one{source};
    EntropyPool clone{source};
    ByteArray<8> first{};
    ByteArray<8> second{};
    one.fill(first);
    clone.fill(second);
    CHECK(first == second);
    one.stir({.instant = Instant{1h}, .unix_time = UnixTime{1h}});
    clone.stir({.instant = Instant{1h} + 1ns, .unix_time = UnixTime{1h}});
    one.fill(first);
    clone.fill(second);
    CHECK(first != second);
    one.fill(second);
    CHECK(first != second);  // and the same time gives other bytes each time
}

TEST_CASE("a token bucket allows its burst, then its rate") {
    TokenBucket bucket{10, 2};
    Instant t{};
    CHECK(bucket.take(t));
    CHECK(bucket.take(t));
    CHECK_FALSE(bucket.take(t));
    CHECK_FALSE(bucket.take(t + 99ms));
    CHECK(bucket.take(t + 101ms));
    CHECK_FALSE(bucket.full(t + 200ms));
    CHECK(bucket.full(t + 400ms));
}

TEST_CASE("an LRU set forgets what was used least recently, never exceeding its bound") {
    LruMap<ByteArray<1>, int> map{2, 99};
    const ByteArray<1> a{std::byte{1}};
    const ByteArray<1> b{std::byte{2}};
    const ByteArray<1> c{std::byte{3}};
    CHECK(map.insert(a, 1));
    CHECK(map.insert(b, 2));
    CHECK_FALSE(map.insert(a, 9));
    CHECK(*map.find(a) == 1);
    CHECK(map.insert(c, 3));
    CHECK(map.size() == 2);
    CHECK_FALSE(map.contains(b));
    CHECK(map.contains(a));
    CHECK(map.find_or_insert(a, 7) == 1);
    CHECK(map.find_or_insert(b, 7) == 7);
    CHECK_FALSE(map.contains(c));
}

TEST_CASE("a wait doubles up to its bound") {
    CHECK(doubled(1s, 0, 1h) == 1s);
    CHECK(doubled(1s, 5, 1h) == 32s);
    CHECK(doubled(1s, 1'000'000, 1h) == 1h);
    CHECK(doubled(2h, 0, 1h) == 1h);
}

TEST_CASE("the job queue is bounded by what is under way") {
    JobQueue jobs{1};
    bool done = false;
    CHECK(jobs.submit({[] {}, [&](Now) { done = true; }}));
    CHECK_FALSE(jobs.submit({[] {}, {}}));
    auto taken = jobs.take();
    CHECK_FALSE(jobs.submit({[] {}, {}}));
    jobs.finish(taken.front(), {});
    CHECK(done);
    CHECK(jobs.submit({[] {}, {}}));
}

TEST_CASE("the memory store writes batches and scans in order") {
    MemoryStore store;
    StoreBatch batch;
    batch.put("t", bytes_of("b"), bytes_of("2"));
    batch.put("t", bytes_of("a"), bytes_of("1"));
    batch.put("u", bytes_of("a"), bytes_of("3"));
    REQUIRE(store.write(batch));
    StoreBatch erase;
    erase.erase("u", bytes_of("a"));
    REQUIRE(store.write(erase));
    std::string seen;
    REQUIRE(store.scan("t", [&](Bytes key, Bytes value) {
        seen += text_of(key);
        seen += text_of(value);
        return true;
    }));
    CHECK(seen == "a1b2");
    for (const auto& [first, keys] : {std::pair{"", "ab"}, {"a", "ab"}, {"aa", "b"}, {"c", ""}}) {
        seen.clear();
        REQUIRE(store.scan_from("t", bytes_of(first), [&](Bytes key, Bytes) {
            seen += text_of(key);
            return true;
        }));
        CHECK(seen == keys);
    }
    CHECK_FALSE(store.get("u", bytes_of("a"))->has_value());
    CHECK(text_of(**store.get("t", bytes_of("a"))) == "1");
}

TEST_CASE("pooled blocks change threads in bounded numbers, and large ones pass by") {
    std::vector<void*> blocks;
    for (int round = 0; round < 3; ++round) {
        std::set<void*> distinct;
        for (int i = 0; i < 1000; ++i) {
            blocks.push_back(take_block(200));
            std::memset(blocks.back(), round, 200);
            distinct.insert(blocks.back());
        }
        CHECK(distinct.size() == 1000);
        std::thread{[&] {
            for (void* block : blocks) give_block(block, 200);
        }}.join();
        blocks.clear();
    }
    // A magazine that a thread filled serves another one.
    std::set<void*> given;
    std::thread{[&] {
        for (int i = 0; i < 600; ++i) blocks.push_back(take_block(64));
        for (void* block : blocks) {
            given.insert(block);
            give_block(block, 64);
        }
    }}.join();
    // After what this thread had on its own shelf.
    blocks.clear();
    bool seen = false;
    for (int i = 0; i < 300; ++i) {
        blocks.push_back(take_block(33));
        seen = seen || given.contains(blocks.back());
    }
    CHECK(seen);
    for (void* block : blocks) give_block(block, 33);
    void* large = take_block(pooled_block_bytes_max + 1);
    give_block(large, pooled_block_bytes_max + 1);
}
