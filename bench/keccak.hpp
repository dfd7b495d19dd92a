// Batches of Keccak-256 against one hash after another, on what a Merkle Patricia trie hashes.
#pragma once

#include <cstddef>
#include <string>

namespace parley::bench {

inline constexpr std::size_t branch_node_bytes = 532;  ///< with 16 children
inline constexpr std::size_t leaf_node_bytes = 110;    ///< with an account

/// Hashes a second on one core, of inputs of this size: keccak256_each().
double keccak_batch(std::size_t input_bytes);
/// The same by keccak256().
double keccak_in_turn(std::size_t input_bytes);
/// What the line says of the limit, and of which implementation this processor takes.
std::string keccak_limit();

}  // namespace parley::bench
