// check_block: whether a block that was proposed may follow the head: all its rules but seals, and
// its execution. Slow: for a Job.
// Threading: pure; the state must not change meanwhile.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/ledger/execute_block.hpp>
#include <parley/chain/ledger/import_work.hpp>
#include <parley/chain/types/block.hpp>

#include <optional>
#include <string>
#include <vector>

namespace parley::chain::qbft {

/// `known` has the senders that a pool knows, in their order, and may be empty; a block that is
/// `executed` already is not executed again. Errors, in words: the rule that it breaks, or that it
/// does not follow the head.
Result<ExecutedBlock, std::string> check_block(const Execution& execution, const Qbft& engine,
                                               const ChainHeader& head, const State& state,
                                               const Block& block,
                                               const std::vector<std::optional<Address>>& known,
                                               ExecutedBlock executed = {});

}  // namespace parley::chain::qbft
