// InvalidBlock: the rule that a block breaks, with what was expected and what came.
// Threading: values.
#pragma once

#include <parley/base/uint256.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley::chain {

/// In the order in which they are checked. Numbers and hashes are both in InvalidBlock::expected
/// and actual.
enum class BlockRule : std::uint8_t {
    // Of the header and its parent.
    fields_of_fork,   ///< the header has the fields of another fork; expected: the Fork
    number,           ///< the parent's and one
    timestamp,        ///< expected: at least
    gas_limit,        ///< less than 1/1024 away from the parent's, at least 5,000; expected: that
    gas_used_limit,   ///< more gas used than the limit; expected: at most
    base_fee,         ///< follows from the parent
    blob_gas_used,    ///< of all transactions; at most six blobs
    excess_blob_gas,  ///< follows from the parent
    engine,           ///< InvalidBlock::reason: a rule of the consensus
    seals,            ///< InvalidBlock::reason; with other seals the same block may be good
    // Of the body and the header.
    transactions_root,
    ommers_hash,
    withdrawals_root,
    has_withdrawals,  ///< missing, or there before their fork
    // Of the execution.
    transaction,  ///< InvalidBlock::transaction says why; `index` which
    gas_used,
    receipts_root,
    logs_bloom,
    state_root,
};

struct InvalidBlock {
    BlockRule rule{};
    Uint256 expected{};
    Uint256 actual{};
    std::uint64_t index = 0;  ///< of the transaction
    std::optional<ExecutionError> transaction = {};
    std::string reason = {};
    friend bool operator==(const InvalidBlock&, const InvalidBlock&) = default;
};
/// One line for a log or a caller: "transaction 3: nonce too low: expected 3, got 2".
std::string message(const InvalidBlock& error);

/// A rule of the consensus, in its words: engine or seals.
InvalidBlock breaks_engine_rule(EngineError error);
/// With two numbers, or two hashes.
std::unexpected<InvalidBlock> breaks(BlockRule rule, std::uint64_t expected, std::uint64_t actual);
std::unexpected<InvalidBlock> breaks(BlockRule rule, const Uint256& expected,
                                     const Uint256& actual);

}  // namespace parley::chain
