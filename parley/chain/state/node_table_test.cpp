// Nodes in a table, looked up one by one and side by side.
#include <parley/chain/state/node_table.hpp>

#include <parley/base/rng.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

using namespace parley;
using namespace parley::chain;

TEST_CASE("look-ups side by side find what look-ups one by one find") {
    Rng rng{1};
    NodeTable table{5};
    const auto some_key = [&] {
        trie::Nibbles path;
        for (std::uint64_t i = rng.below(5); i > 0; --i) {
            path.push(static_cast<std::uint8_t>(rng.below(16)));
        }
        return NodeRowKey{rng.below(2) == 0 ? std::optional{Hash256{}} : std::nullopt, path};
    };
    std::vector<const NodeRow*> found(NodeTable::each_max);
    std::vector<NodeRowKey> keys(NodeTable::each_max);
    table.find_each(keys, found);  // of an empty one
    CHECK(std::ranges::count(found, nullptr) == static_cast<std::ptrdiff_t>(found.size()));
    for (int i = 0; i < 3'000; ++i) table.insert(some_key()).first.rlp.resize(rng.below(600));
    for (int round = 0; round < 200; ++round) {
        std::ranges::generate(keys, some_key);
        table.find_each(keys, found);
        for (std::size_t i = 0; i < keys.size(); ++i) CHECK(found[i] == table.find(keys[i]));
    }
}
