// Proofs of keys and of ranges: what is true is shown, and nothing else is.
#include <parley/chain/trie/proof.hpp>

#include <parley/base/rng.hpp>
#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/chain/trie/walk.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::trie;

namespace {

/// Keys of 32 bytes that share up to three of them; values of one to sixty bytes.
struct Entries {
    MemoryNodes nodes;
    Hash256 root = empty_root_hash;
    std::map<Hash256, Buffer> values;

    Entries(Rng& rng, std::size_t count) {
        std::vector<Change> changes;
        while (values.size() < count) {
            Hash256 key = random_key(rng);
            Buffer value;
            for (std::uint64_t i = 1 + rng.below(60); i > 0; --i) {
                value.push_back(static_cast<std::byte>(rng.below(256)));
            }
            values.emplace(key, value);
        }
        for (const auto& [key, value] : values) changes.push_back({Nibbles::of_key(key), value});
        DirtyTree tree{nodes, root};
        REQUIRE(tree.update(changes));
        auto commit = tree.commit();
        nodes.apply(std::move(commit.nodes));
        root = commit.root;
    }
    static Hash256 random_key(Rng& rng) {
        Hash256 key{};
        for (std::size_t i = 0; i < 3; ++i) key[i] = static_cast<std::byte>(rng.below(4) * 17);
        for (std::size_t i = 3; i < 32; ++i) key[i] = static_cast<std::byte>(rng.below(256));
        return key;
    }
    std::vector<Entry> range(const Hash256& origin, std::size_t limit) const {
        std::vector<Entry> out;
        for (auto i = values.lower_bound(origin); i != values.end() && out.size() < limit; ++i) {
            out.push_back({i->first, i->second});
        }
        return out;
    }
    std::vector<Buffer> proof(const Hash256& origin, const std::vector<Entry>& entries) const {
        return *prove_range(nodes, root, origin, entries.empty() ? origin : entries.back().key);
    }
    bool has_after(const std::vector<Entry>& entries) const {
        return !entries.empty() && values.upper_bound(entries.back().key) != values.end();
    }
};

Hash256 key_of(std::uint8_t first) {
    Hash256 key{};
    key[0] = std::byte{first};
    return key;
}

}  // namespace

TEST_CASE("a proof shows the value of a key, or its absence, and nothing else") {
    Rng rng{1};
    for (const std::size_t count : {1U, 2U, 17U, 200U}) {
        const Entries entries{rng, count};
        for (int i = 0; i < 30; ++i) {
            auto present =
                std::next(entries.values.begin(), static_cast<std::ptrdiff_t>(rng.below(count)));
            const bool absent = i % 3 == 0;
            Hash256 key = absent ? Entries::random_key(rng) : present->first;
            const auto path = Nibbles::of_key(key);
            const auto proof = *prove(entries.nodes, entries.root, path);
            const auto shown = verify_proof(entries.root, path, proof);
            REQUIRE(shown);
            CHECK(*shown == (absent ? std::nullopt : std::optional{present->second}));
            for (std::size_t bad = 0; bad < proof.size(); ++bad) {
                auto changed = proof;
                changed[bad][rng.below(changed[bad].size())] ^= std::byte{1};
                CHECK(verify_proof(entries.root, path, changed).error().code ==
                      TrieErrc::wrong_hash);
            }
            auto shorter = proof;
            shorter.pop_back();
            CHECK(verify_proof(entries.root, path, shorter).error().code == TrieErrc::missing_node);
            auto longer = proof;
            longer.push_back(proof.back());
            CHECK(verify_proof(entries.root, path, longer).error() ==
                  TrieError{TrieErrc::too_many_nodes, proof.size(), proof.size() + 1});
        }
    }
    CHECK(*verify_proof(empty_root_hash, Nibbles::of_key(key_of(1)), {}) == std::nullopt);
}

TEST_CASE("a range with its proof is taken, from any origin and of any size") {
    Rng rng{2};
    for (const std::size_t count : {1U, 2U, 3U, 40U, 300U}) {
        const Entries entries{rng, count};
        for (int i = 0; i < 60; ++i) {
            auto origin = i == 0 ? Hash256{} : Entries::random_key(rng);
            if (i % 4 == 1) {
                origin =
                    std::next(entries.values.begin(), static_cast<std::ptrdiff_t>(rng.below(count)))
                        ->first;
            }
            const auto range = entries.range(origin, rng.below(count + 2));
            if (range.empty() && entries.values.lower_bound(origin) != entries.values.end()) {
                CHECK(verify_range(entries.root, origin, range, entries.proof(origin, range))
                          .error() == TrieError{TrieErrc::missing_entries});
                continue;
            }
            const auto more =
                verify_range(entries.root, origin, range, entries.proof(origin, range));
            REQUIRE(more);
            CHECK(*more == entries.has_after(range));
        }
        const auto all = entries.range(Hash256{}, count);
        CHECK(verify_range(entries.root, Hash256{}, all, {}) == false);
    }
    CHECK(verify_range(empty_root_hash, Hash256{}, {}, {}) == false);
}

TEST_CASE("a range that leaves out, adds or changes an entry is refused") {
    Rng rng{3};
    const Entries entries{rng, 200};
    for (int i = 0; i < 300; ++i) {
        const Hash256 origin = Entries::random_key(rng);
        const auto range = entries.range(origin, 2 + rng.below(30));
        if (range.size() < 2) continue;
        const auto proof = entries.proof(origin, range);
        const std::size_t at = rng.below(range.size());
        auto gap = range;
        gap.erase(gap.begin() + static_cast<std::ptrdiff_t>(at));
        const auto refused = verify_range(entries.root, origin, gap, proof);
        CHECK_FALSE(refused);
        auto changed = range;
        changed[at].value[0] ^= std::byte{1};
        CHECK(verify_range(entries.root, origin, changed, proof).error() ==
              TrieError{TrieErrc::wrong_root});
        auto moved = range;
        moved[at].key[31] ^= std::byte{1};
        CHECK_FALSE(verify_range(entries.root, origin, moved, proof));
        auto more = range;
        auto extra = range[at];
        extra.key[31] ^= std::byte{1};
        more.insert(std::ranges::upper_bound(more, extra.key, {}, &Entry::key), extra);
        if (more.front().key >= origin) {
            CHECK_FALSE(verify_range(entries.root, origin, more, proof));
        }
        auto shorter = proof;
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(rng.below(proof.size())));
        CHECK_FALSE(verify_range(entries.root, origin, range, shorter));
        CHECK_FALSE(verify_range(entries.root, origin, range, {}));
    }
}

TEST_CASE("entries between any two keys are taken as they are, and not otherwise") {
    Rng rng{5};
    for (const std::size_t count : {1U, 2U, 20U, 200U}) {
        const Entries entries{rng, count};
        for (int i = 0; i < 60; ++i) {
            auto first = i == 0 ? Hash256{} : Entries::random_key(rng);
            auto last = Entries::random_key(rng);
            if (i % 4 == 1) last.fill(std::byte{0xff});
            if (last < first) std::swap(first, last);
            std::vector<Entry> range;
            CHECK(visit_from(entries.nodes, entries.root, Nibbles::of_key(first),
                             [&](const Nibbles& key, const Buffer& value) {
                                 if (key > Nibbles::of_key(last)) return false;
                                 range.push_back({array_of<32>(Bytes{key.to_key()}), value});
                                 return true;
                             }));
            auto expected = entries.range(first, count);
            std::erase_if(expected, [&](const Entry& entry) { return entry.key > last; });
            CHECK(range == expected);
            const auto proof = *prove_range(entries.nodes, entries.root, first, last);
            CHECK(verify_between(entries.root, first, last, range, proof));
            if (range.empty()) {
                const std::vector<Entry> invented{{last, Buffer{std::byte{1}}}};
                CHECK_FALSE(verify_between(entries.root, first, last, invented, proof));
                continue;
            }
            const auto at = static_cast<std::ptrdiff_t>(rng.below(range.size()));
            auto gap = range;
            gap.erase(gap.begin() + at);
            CHECK_FALSE(verify_between(entries.root, first, last, gap, proof));
            range[static_cast<std::size_t>(at)].value[0] ^= std::byte{1};
            CHECK(verify_between(entries.root, first, last, range, proof).error() ==
                  TrieError{TrieErrc::wrong_root});
        }
    }
}

TEST_CASE("the form of a range is checked before its proof") {
    Rng rng{4};
    const Entries entries{rng, 20};
    auto range = entries.range(Hash256{}, 5);
    const auto proof = entries.proof(Hash256{}, range);
    const auto error = [&](const Hash256& origin, const std::vector<Entry>& what) {
        return verify_range(entries.root, origin, what, proof).error();
    };
    CHECK(error(range[1].key, range) == TrieError{TrieErrc::unordered_keys, 0, 0});
    auto twice = range;
    twice[3] = twice[2];
    CHECK(error(Hash256{}, twice) == TrieError{TrieErrc::unordered_keys, 0, 3});
    auto empty = range;
    empty[1].value.clear();
    CHECK(error(Hash256{}, empty) == TrieError{TrieErrc::empty_value, 0, 1});
    const std::vector<Buffer> many(131, proof[0]);
    CHECK(verify_range(entries.root, Hash256{}, range, many).error() ==
          TrieError{TrieErrc::too_many_nodes, 130, 131});
    CHECK(verify_between(entries.root, Hash256{}, range[3].key, range, proof).error() ==
          TrieError{TrieErrc::unordered_keys, 0, 4});
}
