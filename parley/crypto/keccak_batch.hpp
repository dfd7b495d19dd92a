// keccak256_each: Keccak-256 of many inputs at a time, for what hashes thousands of small ones, as
// a Merkle Patricia trie does level by level.
//
// With AVX-512 eight inputs are hashed side by side, with AVX2 four, else one; the first call finds
// out what the processor has. An input that ends makes room for the next one at once, so sizes may
// be mixed and come in any order. Only a long input at the end has none beside it.
//
// Bounds: some 3 KiB of stack, whatever comes; no allocation. Threading: pure, any thread.
#pragma once

#include <parley/base/bytes.hpp>

#include <span>

namespace parley::crypto {

/// `outputs[i]` becomes keccak256(inputs[i]) (hash.hpp). Any number of inputs of any size.
/// Preconditions: as many outputs as inputs, and no output lies in the bytes of an input.
void keccak256_each(std::span<const Bytes> inputs, std::span<Hash256> outputs);

}  // namespace parley::crypto
