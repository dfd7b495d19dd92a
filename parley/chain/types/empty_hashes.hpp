// The hashes of what is empty, which every chain has. Spec: Yellow Paper, sections 4.1 and 4.4.
#pragma once

#include <parley/base/bytes.hpp>

namespace parley::chain {

/// keccak256 of the RLP of an empty list: a block without ommers.
inline constexpr Hash256 empty_ommers_hash =
    hex_constant("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
/// keccak256 of the RLP of an empty string: the root of a trie without entries.
inline constexpr Hash256 empty_root_hash =
    hex_constant("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
/// keccak256 of nothing: an account without code.
inline constexpr Hash256 empty_code_hash =
    hex_constant("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");

}  // namespace parley::chain
