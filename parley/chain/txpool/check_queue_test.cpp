#include <parley/chain/txpool/check_queue.hpp>

#include <parley/chain/types/test_transactions.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using gossip::PeerId;

namespace {

/// The nonce tells them apart. Not signed: nobody checks here.
Unchecked unchecked_of(PeerId from, std::uint64_t nonce, std::size_t raw_bytes = 100) {
    Unchecked out;
    out.tx.nonce = nonce;
    out.tx.raw = SharedBytes::own(Buffer(raw_bytes));
    out.from = from;
    out.origin.local = from == PeerId{};
    return out;
}

std::size_t memory_of(std::size_t raw_bytes) {
    CheckQueue queue{{}};
    queue.push(unchecked_of(PeerId{1}, 0, raw_bytes));
    return queue.bytes();
}

/// Takes so many, each of them settled at once. How many were of each peer.
std::map<PeerId, int> serve(CheckQueue& queue, int count, PeerId useful = PeerId{}) {
    std::map<PeerId, int> out;
    for (int i = 0; i < count; ++i) {
        const auto next = queue.pop();
        REQUIRE(next);
        ++out[next->from];
        queue.settle(*next, next->from == useful);
    }
    return out;
}

}  // namespace

TEST_CASE("a peer's transactions are checked in the order in which they came") {
    CheckQueue queue{{}};
    for (std::uint64_t i = 0; i < 3; ++i) CHECK(queue.push(unchecked_of(PeerId{1}, i)).empty());
    for (std::uint64_t i = 0; i < 3; ++i) CHECK(queue.pop()->tx.nonce == i);
    CHECK(queue.empty());
    CHECK_FALSE(queue.pop());
}

TEST_CASE("who comes with one waits for one of each that floods, however much they brought") {
    CheckQueue queue{{}};
    constexpr int floods = 36;
    for (std::uint64_t i = 0; i < 200; ++i) {
        for (std::uint64_t peer = 1; peer <= floods; ++peer)
            queue.push(unchecked_of(PeerId{peer}, i));
    }
    serve(queue, 1000);
    const PeerId honest{99};
    queue.push(unchecked_of(honest, 0));
    CHECK(serve(queue, floods + 1)[honest] == 1);
    // Idle time is not saved up for a flood of one's own.
    serve(queue, 1000);
    for (std::uint64_t i = 0; i < 200; ++i) queue.push(unchecked_of(honest, i));
    CHECK(serve(queue, 10 * (floods + 1))[honest] <= 11);
}

TEST_CASE("large transactions count for more, useful ones for a quarter") {
    CheckQueue queue{{}};
    const PeerId a{1};
    const PeerId b{2};
    for (std::uint64_t i = 0; i < 100; ++i) {
        queue.push(unchecked_of(a, i));
        queue.push(unchecked_of(b, i, 100'000));
    }
    auto served = serve(queue, 60);
    CHECK(served[a] >= 45);
    CHECK(served[b] >= 9);

    CheckQueue other{{}};
    for (std::uint64_t i = 0; i < 100; ++i) {
        other.push(unchecked_of(a, i));
        other.push(unchecked_of(b, i));
    }
    served = serve(other, 50, b);
    CHECK(served[a] == 10);
    CHECK(served[b] == 40);
}

TEST_CASE("the own user is first, within bounds of its own") {
    const auto one = memory_of(100);
    CheckQueue queue{{.bytes_max = 3 * one, .own_bytes_max = 2 * one}};
    for (std::uint64_t i = 0; i < 5; ++i) queue.push(unchecked_of(PeerId{1}, i));
    CHECK_FALSE(queue.push_own(unchecked_of({}, 100)));
    CHECK_FALSE(queue.push_own(unchecked_of({}, 101)));
    const auto refused = queue.push_own(unchecked_of({}, 102));
    REQUIRE(refused);
    CHECK(refused->tx.nonce == 102);
    const auto first = queue.pop();
    CHECK(first->tx.nonce == 100);
    CHECK(queue.pop()->tx.nonce == 101);
    CHECK(queue.pop()->tx.nonce == 0);
    CHECK(queue.push_own(unchecked_of({}, 102)));  // those under way count
    queue.settle(*first, true);
    CHECK_FALSE(queue.push_own(unchecked_of({}, 102)));
}

TEST_CASE("when there is no room, the newest of the longest queue leave") {
    const auto one = memory_of(100);
    CHECK(one > 100 + sizeof(Unchecked));  // not the raw bytes alone
    CheckQueue queue{{.bytes_max = 6 * one, .own_bytes_max = one}};
    for (std::uint64_t i = 0; i < 6; ++i) CHECK(queue.push(unchecked_of(PeerId{1}, i)).empty());
    auto dropped = queue.push(unchecked_of(PeerId{1}, 6));
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].tx.nonce == 6);
    for (std::uint64_t i = 0; i < 3; ++i) {
        dropped = queue.push(unchecked_of(PeerId{2}, i));
        REQUIRE(dropped.size() == 1);
        CHECK(dropped[0].from == PeerId{1});
        CHECK(dropped[0].tx.nonce == 5 - i);
    }
    // A large one pushes out as many as it takes, itself included.
    dropped = queue.push(unchecked_of(PeerId{3}, 0, 10 * one));
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].from == PeerId{3});
    CHECK(queue.bytes() == 6 * one);
    // Access lists are memory, too.
    auto listed = unchecked_of(PeerId{3}, 0);
    listed.tx.access_list.push_back({.address = {}, .keys = std::vector<Hash256>(1000)});
    CheckQueue large{{}};
    large.push(std::move(listed));
    CHECK(large.bytes() >= one + 32'000);
}

TEST_CASE("what a peer brought before its link ended is still checked") {
    CheckQueue queue{{}};
    const PeerId peer{1};
    queue.push(unchecked_of(peer, 0));
    queue.push(unchecked_of(peer, 1));
    const auto first = queue.pop();
    queue.remove_peer(peer);
    queue.settle(*first, true);
    const auto second = queue.pop();
    REQUIRE(second);
    CHECK(second->tx.nonce == 1);
    queue.settle(*second, false);
    CHECK(queue.bytes() == 0);
    CHECK(queue.empty());
}
