// asert: how hard the next block by work must be, from the time and height since the genesis alone:
// when blocks are late by a half-life the target doubles, when they are early it halves.
//
// It is aserti3-2d in its integer form, on targets of 256 bits instead of compact ones, with the
// genesis as its anchor, which is taken to have come one interval after its parent.
// Threading: pure functions. Spec: Bitcoin Cash, 2020-11-15 ASERT Difficulty Adjustment Algorithm.
#pragma once

#include <parley/base/uint256.hpp>

#include <cstdint>

namespace parley::chain {

struct AsertConfig {
    std::uint64_t anchor_time_s = 0;    ///< of the genesis, Unix seconds
    Uint256 anchor_target{};            ///< of the genesis; not 0
    std::uint64_t interval_s = 15;      ///< between two blocks; 1 to a day
    std::uint64_t half_life_s = 3'600;  ///< of the target; at least interval_s, at most a year
};

/// Of the block after block `number`, counted from the genesis's 0, whose time is `time_s`. From 1
/// to 2^256 - 1.
Uint256 next_target(const AsertConfig& config, std::uint64_t number, std::uint64_t time_s);

/// So many hashes are below the target on average: 2^256 / (target + 1), at least 1.
Uint256 difficulty_of_target(const Uint256& target);
/// The highest target of at least this difficulty; difficulty 0 is as 1.
Uint256 target_of_difficulty(const Uint256& difficulty);

}  // namespace parley::chain
