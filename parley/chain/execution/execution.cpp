#include <parley/chain/execution/execution.hpp>

#include <parley/chain/types/fees.hpp>

#include <fmt/format.h>

namespace parley::chain {

BlockContext context_of(const Header& header, Fork fork) {
    return {
        .fork = fork,
        .number = header.number,
        .timestamp = header.timestamp,
        .beneficiary = header.beneficiary,
        .gas_limit = header.gas_limit,
        .base_fee = header.base_fee.value_or(Uint256{}),
        .blob_base_fee =
            header.excess_blob_gas ? blob_base_fee(*header.excess_blob_gas) : Uint256{},
        .prev_randao = header.mix_hash,
        .parent_beacon_root = header.parent_beacon_root,
    };
}

bool is_final(ExecutionErrc code) {
    switch (code) {
        case ExecutionErrc::nonce_too_low:
        case ExecutionErrc::nonce_too_high:
        case ExecutionErrc::fee_below_base:
        case ExecutionErrc::blob_fee_below_base:
        case ExecutionErrc::exceeds_block_gas:
            return false;
        case ExecutionErrc::rule:
        case ExecutionErrc::insufficient_funds:
        case ExecutionErrc::sender_has_code:
        case ExecutionErrc::calls_code:
        case ExecutionErrc::creates_code:
        case ExecutionErrc::balance_overflow:
        case ExecutionErrc::application:
            break;
    }
    return true;
}

std::string message(const ExecutionError& error) {
    const auto compared = [&](std::string_view what) {
        return fmt::format("{}: expected {}, got {}", what, to_decimal(error.expected),
                           to_decimal(error.actual));
    };
    switch (error.code) {
        case ExecutionErrc::rule:
            return error.rule ? message(*error.rule) : "malformed";
        case ExecutionErrc::nonce_too_low:
            return compared("nonce too low");
        case ExecutionErrc::nonce_too_high:
            return compared("nonce too high");
        case ExecutionErrc::insufficient_funds:
            return fmt::format(
                "insufficient funds for gas * price + value: it may cost {}, the "
                "sender has {}",
                to_decimal(error.expected), to_decimal(error.actual));
        case ExecutionErrc::fee_below_base:
            return fmt::format("max fee per gas {} is less than the block's base fee {}",
                               to_decimal(error.actual), to_decimal(error.expected));
        case ExecutionErrc::blob_fee_below_base:
            return fmt::format("max fee per blob gas {} is less than the block's blob base fee {}",
                               to_decimal(error.actual), to_decimal(error.expected));
        case ExecutionErrc::exceeds_block_gas:
            return fmt::format("gas limit {} is more than the {} that are left in the block",
                               to_decimal(error.actual), to_decimal(error.expected));
        case ExecutionErrc::sender_has_code:
            return "the sender is a contract (EIP-3607)";
        case ExecutionErrc::calls_code:
            return "the receiver has code, and this chain runs none: it transfers value only";
        case ExecutionErrc::creates_code:
            return "no receiver: this chain creates no contracts, it transfers value only";
        case ExecutionErrc::balance_overflow:
            return "the receiver would have 2^256 wei or more";
        case ExecutionErrc::application:
            return error.reason;
    }
    return "malformed";
}

Result<void, ExecutionError> Execution::check_waiting(const Transaction&, const Address&, Fork,
                                                      const AccountState&) const {
    return {};
}

void Execution::begin(const BlockContext&, StateEdit&) const {}

void Execution::finish(const BlockContext&, std::span<const Withdrawal>, StateEdit&) const {}

}  // namespace parley::chain
