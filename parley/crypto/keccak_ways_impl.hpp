// Keccak-f[1600] (FIPS 202, 3) on several states at once, a state in each 64-bit part of a vector.
//
// The sources that instantiate it are compiled for processors that not every machine has. A
// function that one of them left to the linker might become that of the whole program. Hence all
// here is inlined into absorb(), only one source instantiates each number of ways, and nothing of
// the standard library is called but what compilers build in.
#pragma once

#include <parley/crypto/keccak_ways.hpp>

#include <bit>
#include <cstring>
#include <utility>

namespace parley::crypto::keccak {

inline constexpr unsigned rounds = 24;
inline constexpr std::size_t state_words = KeccakWays::state_words;
inline constexpr std::size_t block_words = KeccakWays::block_words;

struct Constants {
    std::uint64_t iota[rounds];
    unsigned rho[state_words];  ///< rotation of the word (x, y), which stands at x + 5y
};

/// Algorithms 5 (the bits of iota come from an LFSR) and 2 (rho).
consteval Constants make_constants() {
    Constants out{};
    unsigned lfsr = 1;
    for (auto& constant : out.iota) {
        for (unsigned j = 0; j < 7; ++j) {
            constant |= std::uint64_t{lfsr & 1} << ((1U << j) - 1);
            lfsr = (lfsr << 1) ^ ((lfsr >> 7) * 0x171);  // x^8 + x^6 + x^5 + x^4 + 1
        }
    }
    unsigned x = 1;
    unsigned y = 0;
    for (unsigned t = 0; t < 24; ++t) {
        out.rho[x + 5 * y] = (t + 1) * (t + 2) / 2 % 64;
        x = std::exchange(y, (2 * x + 3 * y) % 5);
    }
    return out;
}
inline constexpr Constants constants = make_constants();

/// One word of each way, with the operators of a number.
template <std::size_t ways>
struct Vector {
    using Word __attribute__((vector_size(8 * ways))) = std::uint64_t;
};
template <>
struct Vector<1> {
    using Word = std::uint64_t;
};

template <class Word>
[[gnu::always_inline]] inline Word load(const void* at) {
    Word word;
    std::memcpy(&word, at, sizeof(Word));
    return word;
}

template <class Word>
[[gnu::always_inline]] inline Word load_little(const void* at) {
    auto word = load<Word>(at);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    return word;
}

template <class Word>
[[gnu::always_inline]] inline Word rotate(Word word, unsigned by) {
    return (word << by) | (word >> ((64 - by) % 64));
}

/// Theta, rho, pi, chi and iota (3.2.1 to 3.2.5) from `a` to `out`. Each row of `out` takes five
/// words of `a` that no other row takes, so that hardly more than 25 words are alive at a time:
/// AVX-512 has 32 registers.
template <class Word>
[[gnu::always_inline]] inline void round(const Word (&a)[state_words], Word (&out)[state_words],
                                         std::uint64_t iota) {
    Word c[5];
    Word d[5];
#pragma GCC unroll 5
    for (unsigned x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
    for (unsigned x = 0; x < 5; ++x) d[x] = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
#pragma GCC unroll 5
    for (unsigned y = 0; y < 5; ++y) {
        Word b[5];
#pragma GCC unroll 5
        for (unsigned x = 0; x < 5; ++x) {
            const unsigned from = (x + 3 * y) % 5 + 5 * x;
            b[x] = rotate(a[from] ^ d[from % 5], constants.rho[from]);
        }
#pragma GCC unroll 5
        for (unsigned x = 0; x < 5; ++x) out[x + 5 * y] = b[x] ^ (~b[(x + 1) % 5] & b[(x + 2) % 5]);
    }
    out[0] ^= iota;
}

/// Two rounds at a time: a single one would have to move its result back.
template <class Word>
[[gnu::always_inline]] inline void permute(Word (&a)[state_words]) {
    Word b[state_words];
#pragma GCC unroll 1
    for (unsigned i = 0; i < rounds; i += 2) {
        round(a, b, constants.iota[i]);
        round(b, a, constants.iota[i + 1]);
    }
}

/// In each square of 2 `step` by 2 `step` words of two rows, the corners off the diagonal.
template <std::size_t step, class Word, std::size_t... way>
[[gnu::always_inline]] inline void swap_corners(Word& upper, Word& lower,
                                                std::index_sequence<way...>) {
    constexpr std::size_t ways = sizeof...(way);
    const Word a = upper;
    const Word b = lower;
    upper = __builtin_shufflevector(a, b, ((way & step) == 0 ? way : ways + way - step)...);
    lower = __builtin_shufflevector(a, b, ((way & step) == 0 ? way + step : ways + way)...);
}

/// A square with a row for each way becomes one with a row for each word.
template <std::size_t step, class Word, std::size_t ways>
[[gnu::always_inline]] inline void transpose(Word (&rows)[ways]) {
    if constexpr (step < ways) {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < ways; ++i) {
            if ((i & step) != 0) continue;
            swap_corners<step>(rows[i], rows[i + step], std::make_index_sequence<ways>{});
        }
        transpose<2 * step>(rows);
    }
}

/// Xors a block of each way into `a`.
template <std::size_t ways, class Word>
[[gnu::always_inline]] inline void add_blocks(Word (&a)[state_words],
                                              const std::byte* const* blocks) {
    constexpr std::size_t in_squares = block_words / ways * ways;
#pragma GCC unroll 17
    for (std::size_t first = 0; first < in_squares; first += ways) {
        Word rows[ways];
#pragma GCC unroll 8
        for (std::size_t i = 0; i < ways; ++i) rows[i] = load_little<Word>(blocks[i] + 8 * first);
        transpose<1>(rows);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < ways; ++i) a[first + i] ^= rows[i];
    }
    if constexpr (in_squares < block_words) {
        static_assert(in_squares == block_words - 1);
        Word last{};
#pragma GCC unroll 8
        for (std::size_t i = 0; i < ways; ++i) {
            last[i] = load_little<std::uint64_t>(blocks[i] + 8 * in_squares);
        }
        a[in_squares] ^= last;
    }
}

/// KeccakWays::absorb.
template <std::size_t ways>
void absorb(std::uint64_t* state, const std::uint64_t* keep, const std::byte* const* blocks) {
    using Word = typename Vector<ways>::Word;
    const auto kept = load<Word>(keep);
    Word a[state_words];
#pragma GCC unroll 25
    for (std::size_t i = 0; i < state_words; ++i) a[i] = load<Word>(state + ways * i) & kept;
    add_blocks<ways>(a, blocks);
    permute(a);
#pragma GCC unroll 25
    for (std::size_t i = 0; i < state_words; ++i)
        std::memcpy(state + ways * i, &a[i], sizeof(Word));
}

}  // namespace parley::crypto::keccak
