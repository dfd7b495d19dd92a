#include <parley/chain/ledger/invalid_block.hpp>

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace parley::chain {
namespace {

std::string numbers(std::string_view what, const InvalidBlock& error) {
    return fmt::format("{}: expected {}, got {}", what, to_decimal(error.expected),
                       to_decimal(error.actual));
}

std::string hashes(std::string_view what, const InvalidBlock& error) {
    return fmt::format("{}: expected 0x{}, got 0x{}", what, to_hex(error.expected),
                       to_hex(error.actual));
}

std::string_view fork_name(const Uint256& value) {
    const auto fork = to_u64(value);
    return fork ? name(static_cast<Fork>(*fork)) : "unknown";
}

}  // namespace

std::string message(const InvalidBlock& error) {
    switch (error.rule) {
        case BlockRule::fields_of_fork:
            return fmt::format("the header has not the fields of {}", fork_name(error.expected));
        case BlockRule::number:
            return numbers("block number", error);
        case BlockRule::timestamp:
            return fmt::format("timestamp: expected at least {}, got {}",
                               to_decimal(error.expected), to_decimal(error.actual));
        case BlockRule::gas_limit:
            return fmt::format("gas limit {} is too far from its parent's {}, or below 5000",
                               to_decimal(error.actual), to_decimal(error.expected));
        case BlockRule::gas_used_limit:
            return fmt::format("gas used {} is more than the gas limit {}",
                               to_decimal(error.actual), to_decimal(error.expected));
        case BlockRule::base_fee:
            return numbers("base fee", error);
        case BlockRule::blob_gas_used:
            return numbers("blob gas used", error);
        case BlockRule::excess_blob_gas:
            return numbers("excess blob gas", error);
        case BlockRule::engine:
        case BlockRule::seals:
            return error.reason;
        case BlockRule::transactions_root:
            return hashes("transactions root", error);
        case BlockRule::ommers_hash:
            return hashes("ommers hash", error);
        case BlockRule::withdrawals_root:
            return hashes("withdrawals root", error);
        case BlockRule::has_withdrawals:
            return error.expected == Uint256{} ? "withdrawals before Shanghai"
                                               : "withdrawals are missing";
        case BlockRule::transaction:
            return fmt::format("transaction {}: {}", error.index,
                               error.transaction ? message(*error.transaction) : "invalid");
        case BlockRule::gas_used:
            return numbers("gas used", error);
        case BlockRule::receipts_root:
            return hashes("receipts root", error);
        case BlockRule::logs_bloom:
            return "logs bloom differs from that of the receipts";
        case BlockRule::state_root:
            return hashes("state root", error);
    }
    return "invalid block";
}

InvalidBlock breaks_engine_rule(EngineError error) {
    InvalidBlock out{.rule = error.is_of_seals ? BlockRule::seals : BlockRule::engine};
    out.reason = std::move(error.reason);
    return out;
}

std::unexpected<InvalidBlock> breaks(BlockRule rule, std::uint64_t expected, std::uint64_t actual) {
    return breaks(rule, to_uint256(expected), to_uint256(actual));
}

std::unexpected<InvalidBlock> breaks(BlockRule rule, const Uint256& expected,
                                     const Uint256& actual) {
    return std::unexpected{InvalidBlock{rule, expected, actual}};
}

}  // namespace parley::chain
