// Change: what a batch of changes to a trie is made of. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/trie/nibbles.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace parley::chain::trie {

/// A key with its new value; an empty one erases. The value is somebody else's.
struct Change {
    Nibbles key;
    Bytes value;
};

/// The changes at the front that go on with the same nibble. Precondition: none ends at `depth`.
inline std::span<const Change> front_group(std::span<const Change> changes, std::size_t depth) {
    const std::uint8_t nibble = changes.front().key[depth];
    const auto end = std::ranges::find_if(
        changes, [&](const Change& change) { return change.key[depth] != nibble; });
    return changes.first(static_cast<std::size_t>(end - changes.begin()));
}

}  // namespace parley::chain::trie
