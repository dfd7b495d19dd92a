// KeccakWays: what keccak256_each() chooses from, each of which tests and benchmarks can ask for.
// Internal to crypto. A way is one of the Keccak states that are worked on at once; lanes, in
// FIPS 202, are the words of a state.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace parley::crypto {

/// One implementation: how many ways it has, and its function.
struct KeccakWays {
    static constexpr std::size_t ways_max = 8;
    static constexpr std::size_t state_words = 25;
    static constexpr std::size_t block_words = 17;  ///< 136 bytes, the rate of Keccak-256

    std::string_view name;
    std::size_t ways;
    /// Xors a block of block_words into each state and permutes it. `state`: word 0 of each way,
    /// then word 1 of each way, and so on. `keep`, for each way: all ones, or zero to begin with a
    /// new state. Null if the compiler was not told of a processor that has such vectors.
    void (*absorb)(std::uint64_t* state, const std::uint64_t* keep, const std::byte* const* blocks);
};
extern const KeccakWays keccak_scalar;  ///< on any processor
extern const KeccakWays keccak_avx2;
extern const KeccakWays keccak_avx512;

/// Those that this processor can run, keccak_scalar first; keccak256_each() takes the
/// last one, unless there is only one input.
std::span<const KeccakWays* const> keccak_implementations();

/// As keccak256_each() of keccak_batch.hpp, by one of keccak_implementations().
void keccak256_each(const KeccakWays& by, std::span<const Bytes> inputs,
                    std::span<Hash256> outputs);

}  // namespace parley::crypto
