// The genesis of a new chain, and the forks of one that runs.
#pragma once

#include "command.hpp"
#include <parley/chain/genesis/genesis.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace parley::app {

/// Without accounts, by the rules of Cancun from its first block on. `extra_data` names who makes
/// the blocks (signer, or validator_extra_data).
chain::Genesis new_genesis(std::uint64_t chain_id, std::uint64_t gas_limit, Buffer extra_data);

/// Blocks are made by votes, one each `period_s` at most.
void set_votes(chain::Genesis& genesis, std::uint64_t period_s);

/// Blocks are made by work, by London's rules: later ones are without work.
void set_work(chain::Genesis& genesis, const Uint256& difficulty, const chain::PowGenesis& pow);

/// The first block has these rules, and no fork is to come.
void set_rules(chain::Genesis& genesis, chain::Fork rules);
/// Adds a fork to come, or moves it: "london=BLOCK", "shanghai=TIME" or "cancun=TIME", in Unix
/// seconds. Fails where it does not fit the others, or would change the first block.
Outcome add_fork(chain::Genesis& genesis, std::string_view text);

/// Fails if there are too many, or one comes twice.
Result<Buffer, Failure> validator_extra_data(std::vector<chain::Address> validators);

}  // namespace parley::app
