// Forks held as RLP against the same forks decoded.
#include <parley/chain/trie/raw_branch.hpp>

#include <parley/base/rng.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <variant>

using namespace parley;
using namespace parley::chain::trie;

namespace {

Hash256 some_hash(Rng& rng) {
    Hash256 out;
    for (auto& b : out) b = static_cast<std::byte>(rng.below(256));
    return out;
}

/// Of 2 to 16 children.
Branch some_fork(Rng& rng, std::size_t children) {
    Branch out;
    for (std::size_t there = 0; there < children;) {
        auto& child = out.children[rng.below(16)];
        if (!child.empty()) continue;
        child = Reference::hash(some_hash(rng));
        ++there;
    }
    return out;
}

}  // namespace

TEST_CASE("a fork of hashes is read, changed and grown as RLP") {
    Rng rng{1};
    for (std::size_t children = 2; children <= 16; ++children) {
        CAPTURE(children);
        Branch fork = some_fork(rng, children);
        ByteArena memory;
        auto raw = RawBranch::read(encode_node(fork), memory);
        REQUIRE(raw);
        CHECK(raw->decoded().children == fork.children);
        for (std::uint8_t i = 0; i < 16; ++i) {
            if (rng.below(2) == 0) continue;
            const auto hash = some_hash(rng);
            if (raw->has_child(i)) {
                raw->set_changed(i, 7U + i);
            } else {
                raw->add_changed(i, 7U + i, memory);
            }
            CHECK(raw->child(i) == Reference::changed(7U + i));
            raw->set_hash(i, hash);
            fork.children[i] = Reference::hash(hash);
        }
        CHECK(equal(raw->rlp(), encode_node(fork)));
    }
}

TEST_CASE("what is no fork of hashes is not taken for one") {
    Rng rng{2};
    ByteArena memory;
    const auto takes = [&](const Node& node) {
        return RawBranch::read(encode_node(node), memory).has_value();
    };
    auto fork = some_fork(rng, 5);
    CHECK(takes(fork));
    fork.value.push_back(std::byte{1});
    CHECK_FALSE(takes(fork));
    CHECK_FALSE(takes(some_fork(rng, 1)));
    CHECK_FALSE(takes(Leaf{{}, Buffer(100)}));
    Nibbles run;
    run.push(1);
    CHECK_FALSE(takes(Extension{run, Reference::hash(some_hash(rng))}));
    auto with_leaf = some_fork(rng, 5);
    const auto leaf = encode_node(Leaf{run, Buffer(3)});
    for (auto& child : with_leaf.children) {
        if (child.is_hash()) child = Reference::embedded(leaf);
    }
    CHECK_FALSE(takes(with_leaf));
    CHECK_FALSE(RawBranch::read({}, memory));

    // Whatever byte is wrong or missing, it is at least a node as the strict decoder has it.
    for (const std::size_t children : {2U, 7U, 8U, 16U}) {
        const auto good = encode_node(some_fork(rng, children));
        for (std::size_t i = 0; i < good.size(); ++i) {
            CHECK_FALSE(RawBranch::read(Bytes{good}.first(i), memory));
            auto bad = good;
            bad[i] ^= static_cast<std::byte>(1U << rng.below(8));
            const auto raw = RawBranch::read(bad, memory);
            if (!raw) continue;
            const auto node = decode_node(bad);
            REQUIRE(node);
            CHECK(std::get<Branch>(*node).children == raw->decoded().children);
        }
        auto longer = good;
        longer.push_back(std::byte{0x80});
        CHECK_FALSE(RawBranch::read(longer, memory));
    }
}
