// Transfers: Ethereum's rules for transactions that run no code: what they cost, what they move,
// who gets the fees; and withdrawals. Code and storage of a genesis are kept, and never executed:
// a call to code and a creation are refused.
// Threading: as Execution. Spec: Yellow Paper, section 6; EIP-158, 1559, 3607, 4844, 4895.
#pragma once

#include <parley/chain/execution/execution.hpp>

#include <cstdint>

namespace parley::chain {

class Transfers : public Execution {
public:
    explicit Transfers(std::uint64_t chain_id) : chain_id_(chain_id) {}

    Result<void, TxError> check(const Transaction& tx, Fork fork) const override;
    /// Refuses what runs code: sender_has_code, creates_code, calls_code.
    Result<void, ExecutionError> check_waiting(const Transaction& tx, const Address& sender,
                                               Fork fork, const AccountState& state) const override;
    Result<TxOutcome, ExecutionError> execute(const Transaction& tx, const Address& sender,
                                              const BlockContext& block, std::uint64_t gas_left,
                                              StateEdit& state) const override;
    /// Credits the withdrawals.
    void finish(const BlockContext& block, std::span<const Withdrawal> withdrawals,
                StateEdit& state) const override;

private:
    std::uint64_t chain_id_;
};

}  // namespace parley::chain
