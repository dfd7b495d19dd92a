// Execution: what a transaction does to the state. The one place in which a chain with its own
// rules differs from ours: implement it, hand it to the Ledger, and keep the rest.
// execution/counter_test.cpp has one: a counter.
//
// A block is executed as begin(), execute() for each transaction in order, finish(). All of them
// are pure: the same block on the same state gives the same changes on every machine, so nothing
// else may be read, neither clock nor randomness.
//
// Threading: called from Jobs, on any thread, several at a time: an implementation has no state of
// its own that changes.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/chain/types/account_state.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/fork.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/chain/types/receipt.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/chain/types/withdrawal.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace parley::chain {

/// What a transaction may know of the block that it is in.
struct BlockContext {
    Fork fork{};
    std::uint64_t number = 0;
    std::uint64_t timestamp = 0;  ///< Unix seconds
    Address beneficiary;          ///< gets the fees
    std::uint64_t gas_limit = 0;
    Uint256 base_fee{};       ///< wei per gas; 0 before London
    Uint256 blob_base_fee{};  ///< wei per blob gas; 0 before Cancun
    Hash256 prev_randao{};    ///< since Paris
    std::optional<Hash256> parent_beacon_root = {};
};
/// Of a block with this header. Precondition: it has the fields of `fork`.
BlockContext context_of(const Header& header, Fork fork);

/// Why a transaction cannot be executed at this place.
enum class ExecutionErrc : std::uint8_t {
    rule,                 ///< ExecutionError::rule: refused whatever the state
    nonce_too_low,        ///< expected: the account's nonce; actual: the transaction's
    nonce_too_high,       ///< as nonce_too_low
    insufficient_funds,   ///< expected: wei that it may cost; actual: the balance
    fee_below_base,       ///< expected: base fee; actual: max fee
    blob_fee_below_base,  ///< expected: blob base fee; actual: max fee per blob gas
    exceeds_block_gas,    ///< expected: gas left in the block; actual: gas limit
    sender_has_code,      ///< EIP-3607
    calls_code,           ///< the receiver has code, and this chain runs none
    creates_code,         ///< no receiver, and this chain runs no code
    balance_overflow,     ///< the receiver would have 2^256 wei or more
    application,          ///< ExecutionError::reason: a rule of this chain's own
};

struct ExecutionError {
    ExecutionErrc code{};
    Uint256 expected{};
    Uint256 actual{};
    std::optional<TxError> rule = {};
    std::string reason = {};
    friend bool operator==(const ExecutionError&, const ExecutionError&) = default;
};
/// Whether a transaction that is refused so is not worth another try: false if another block, or
/// what comes before it there, may make the difference.
bool is_final(ExecutionErrc code);
/// One line for a log or a caller: "nonce too low: expected 3, got 2".
std::string message(const ExecutionError& error);

/// What an executed transaction leaves, for its receipt.
struct TxOutcome {
    bool succeeded = true;
    std::uint64_t gas_used = 0;  ///< at most the transaction's limit
    std::vector<ReceiptLog> logs = {};
};

class Execution {
public:
    virtual ~Execution() = default;
    /// All that needs no state, for a block of this fork and before the sender is recovered.
    virtual Result<void, TxError> check(const Transaction& tx, Fork fork) const = 0;
    /// Of a transaction that passed check() and waits for a block: an error if no block on this
    /// chain would take it, whatever comes before it. Quick: asked on the node's thread.
    virtual Result<void, ExecutionError> check_waiting(const Transaction& tx, const Address& sender,
                                                       Fork fork, const AccountState& state) const;
    /// Before the first transaction of a block.
    virtual void begin(const BlockContext& block, StateEdit& state) const;
    /// Executes a transaction that passed check(). `gas_left` of the block's limit. An error leaves
    /// `state` as it was.
    virtual Result<TxOutcome, ExecutionError> execute(const Transaction& tx, const Address& sender,
                                                      const BlockContext& block,
                                                      std::uint64_t gas_left,
                                                      StateEdit& state) const = 0;
    /// After the last transaction of a block.
    virtual void finish(const BlockContext& block, std::span<const Withdrawal> withdrawals,
                        StateEdit& state) const;
};

}  // namespace parley::chain
