// Fork: the sets of rules that Ethereum has had since Berlin, and ForkSchedule: when a chain
// changes from one to the next, as the "config" of Geth's genesis says.
//
// London begins with a block, Paris with a total difficulty, all later forks with a time. So
// whether a block is after the merge is for the caller to say: the first after a block whose total
// difficulty reached `terminal_total_difficulty`, and all that follow it. A chain that was never
// mined has 0 there and is merged from its genesis on.
//
// Threading: values and pure functions. Spec: EIP-1559, 3675, 4895, 4844; EIP-2124 and 6122.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/uint256.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::chain {

/// In order: a later one has the rules of all before it.
enum class Fork : std::uint8_t { berlin, london, paris, shanghai, cancun };

/// In lower case: "london".
std::string_view name(Fork fork);

/// What is wrong with a schedule.
enum class ForkErrc : std::uint8_t {
    missing,       ///< expected: the Fork that must come before; actual: the one that is there
    out_of_order,  ///< expected: block or time of a fork; actual: of the next one, which is lower
};
/// What is wrong with a schedule, in which fork.
using ForkError = Error<ForkErrc>;
/// "cancun without shanghai".
std::string message(const ForkError& error);

/// The points of a chain's history that a fork id sums up (EIP-2124, EIP-6122).
struct ForkPoints {
    std::vector<std::uint64_t> blocks;  ///< numbers, ascending, none of them twice
    std::vector<std::uint64_t> times;   ///< Unix seconds, ascending, none of them twice
    friend bool operator==(const ForkPoints&, const ForkPoints&) = default;
};

/// Berlin's rules hold from the genesis on. Absent: the fork never comes.
struct ForkSchedule {
    std::optional<std::uint64_t> london_block = {};
    /// Paris begins after the block that brings the chain to this (EIP-3675).
    std::optional<Uint256> terminal_total_difficulty = {};
    /// Chosen after the merge, for the fork id alone (EIP-3675).
    std::optional<std::uint64_t> merge_netsplit_block = {};
    /// Unix seconds: a block of this time, or of a later one, has the fork. So for Cancun.
    std::optional<std::uint64_t> shanghai_time = {};
    std::optional<std::uint64_t> cancun_time = {};

    /// The rules of a block. `merged`: it is after the merge. Precondition: validate().
    Fork at(std::uint64_t number, std::uint64_t time_s, bool merged) const;
    /// As at(), of a block after a chain of this total difficulty.
    Fork after(const Uint256& total_difficulty, std::uint64_t number, std::uint64_t time_s) const;
    /// Whether each fork has those before it, none later than itself.
    Result<void, ForkError> validate() const;
    /// The forks after the genesis, whose time is `genesis_time_s`.
    ForkPoints fork_points(std::uint64_t genesis_time_s) const;

    friend bool operator==(const ForkSchedule&, const ForkSchedule&) = default;
};

}  // namespace parley::chain
