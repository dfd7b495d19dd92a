// Work: a block that lacks nothing but its nonce, as miners get it: the RLP of its header, in which
// nonce and mixHash, both of fixed length, are zero, and the highest hash that is good.
//
// What names it is Keccak-256 of its header without these two fields, as in Geth.
// Threading: values and pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/codec/rlp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::chain {

struct Work {
    Hash256 name{};
    Uint256 boundary{};        ///< the header's hash must not exceed it
    std::uint64_t number = 0;  ///< of the block
    Buffer header;             ///< RLP
    std::size_t mix_hash_at = 0;
    std::size_t nonce_at = 0;
};

/// What a miner found.
struct Solution {
    Hash256 work{};  ///< Work::name
    std::uint64_t nonce = 0;
    Hash256 mix_hash{};
    friend bool operator==(const Solution&, const Solution&) = default;
};

/// Of a header whose nonce and mixHash are left out of consideration.
Work work_of(const Header& header, const Uint256& boundary);
/// Of a header that came as RLP, at most 1 KiB. Errors: those of RLP.
Result<Work, rlp::RlpError> read_work(Bytes header, const Uint256& boundary);

/// Keccak-256 of the header with this nonce and mixHash, which is the block's hash.
Hash256 hash_of(const Work& work, const Solution& solution);

/// The first good one of `count` nonces from `first` on, with that mixHash; they wrap around.
/// Slow: some hundred nanoseconds a nonce.
std::optional<Solution> find_nonce(const Work& work, std::uint64_t first, std::uint64_t count,
                                   const Hash256& mix_hash = {});

}  // namespace parley::chain
