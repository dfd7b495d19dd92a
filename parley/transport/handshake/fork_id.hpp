// ForkId: which forks of its chain a node follows (EIP-2124, with times: EIP-6122), and whether two
// nodes fit.
// Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstdint>
#include <vector>

namespace parley::transport {

/// EIP-2124 fork identifier.
struct ForkId {
    ByteArray<4> hash{};     ///< CRC32 of the genesis hash and the passed forks
    std::uint64_t next = 0;  ///< the next fork known, 0 if none
    friend bool operator==(const ForkId&, const ForkId&) = default;
};

/// EIP-2124 validation state of the local chain, reduced to what a pure check needs.
struct ForkRules {
    Hash256 genesis{};
    std::vector<std::uint64_t> forks = {};  ///< block numbers, ascending; 0 and repeats are skipped
    std::uint64_t head = 0;                 ///< block number
    /// Unix seconds, ascending, of the forks after those of `forks`; above the time of the genesis.
    std::vector<std::uint64_t> fork_times = {};
    std::uint64_t head_time = 0;  ///< of the head block; Unix seconds
};
/// The identifier of a chain that has these rules, at their head.
ForkId fork_id(const ForkRules& rules);
/// EIP-2124, "Validation rules": true if we could sync with a peer that says `theirs`, or it with
/// us.
bool fork_compatible(const ForkRules& ours, const ForkId& theirs);

}  // namespace parley::transport
