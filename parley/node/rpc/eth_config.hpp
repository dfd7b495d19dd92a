// The rules of a chain as JSON: those in force, and those to come. Threading: pure.
// Spec: EIP-7910; EIP-2124 and 6122 (fork ids).
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/types/fork.hpp>

#include <boost/json.hpp>

#include <cstdint>

namespace parley::node {

struct ConfigOfChain {
    std::uint64_t chain_id = 0;
    Hash256 genesis_hash{};
    std::uint64_t genesis_time_s = 0;  ///< Unix seconds
    chain::ForkSchedule forks = {};
};

/// `now_s`: the time of the head. Precompiled contracts and system contracts are none, since this
/// chain runs no code.
boost::json::object config_json(const ConfigOfChain& config, std::uint64_t now_s);

}  // namespace parley::node
