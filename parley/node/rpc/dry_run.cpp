#include <parley/node/rpc/dry_run.hpp>

#include <parley/chain/types/wide_uint.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/rpc/hex.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace parley::node {

namespace {

/// Of any transaction (Yellow Paper, appendix G).
constexpr std::uint64_t transaction_gas_min = 21'000;

/// In the range that a signature must be in; nobody's.
crypto::Signature placeholder_signature() {
    crypto::Signature out{};
    out[31] = std::byte{1};
    out[63] = std::byte{1};
    return out;
}

std::string money_words(std::string_view what, const chain::Address& from, const Uint256& have,
                        const Uint256& want) {
    return fmt::format("{}: address {} have {} want {}", what, from.checksummed(), to_decimal(have),
                       to_decimal(want));
}

/// In geth's words where it has such.
std::string words_of(const chain::ExecutionError& error, const chain::Transaction& tx,
                     const chain::Address& from) {
    switch (error.code) {
        case chain::ExecutionErrc::insufficient_funds:
            return money_words("insufficient funds for gas * price + value", from, error.actual,
                               error.expected);
        case chain::ExecutionErrc::fee_below_base:
            return fmt::format(
                "max fee per gas less than block base fee: address {}, maxFeePerGas: {}, baseFee: "
                "{}",
                from.checksummed(), to_decimal(tx.max_fee), to_decimal(error.expected));
        case chain::ExecutionErrc::blob_fee_below_base:
            return fmt::format(
                "max fee per blob gas less than block blob gas fee: address {} blobGasFeeCap: {}, "
                "blobBaseFee: {}",
                from.checksummed(), to_decimal(error.actual), to_decimal(error.expected));
        default:
            return message(error);
    }
}

std::string words_of(const chain::TxError& error, const chain::Transaction& tx,
                     const chain::Address& from) {
    switch (error.code) {
        case chain::TxErrc::gas_too_low:
            return fmt::format("intrinsic gas too low: have {}, want {}", error.actual,
                               error.expected);
        case chain::TxErrc::priority_above_max:
            return fmt::format(
                "max priority fee per gas higher than max fee per gas: address {}, "
                "maxPriorityFeePerGas: {}, maxFeePerGas: {}",
                from.checksummed(), to_decimal(tx.max_priority_fee), to_decimal(tx.max_fee));
        default:
            return message(error);
    }
}

/// What this chain cannot do at all is said without the gas.
bool is_about_code(const chain::ExecutionError& error) {
    return error.code == chain::ExecutionErrc::calls_code ||
           error.code == chain::ExecutionErrc::creates_code;
}

/// How often `b` fits into `a`, at most the largest. Precondition: `b` is not 0.
std::uint64_t quotient(const Uint256& a, const Uint256& b) {
    const auto out = chain::widen(a) / chain::widen(b);
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    return out > largest ? largest : static_cast<std::uint64_t>(out);
}

}  // namespace

struct DryRun::Failure {
    std::string words;
    bool gas_too_low = false;
    bool about_code = false;
    std::optional<StoreError> store = {};

    rpc::Error error(const std::string& before, const std::string& after) const {
        if (store) return store_failure(*store);
        return {rpc::code::refused, about_code ? words : before + words + after};
    }
};

Result<chain::TxOutcome, DryRun::Failure> DryRun::run(const CallArgs& args,
                                                      std::uint64_t gas) const {
    auto tx = args.transaction(chain_id, fork);
    tx.gas_limit = gas;
    tx.signature = placeholder_signature();
    chain::StateEdit state{view};
    tx.nonce = state.account(args.from).value_or(chain::Account{}).nonce;
    if (const auto checked = execution.check(tx, fork); !checked) {
        return std::unexpected{Failure{words_of(checked.error(), tx, args.from),
                                       checked.error().code == chain::TxErrc::gas_too_low}};
    }
    auto context = chain::context_of(block, fork);
    if (!args.has_fees()) context.base_fee = {};
    if (tx.max_fee_per_blob_gas == Uint256{}) context.blob_base_fee = {};
    constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();
    auto outcome = execution.execute(tx, args.from, context, no_limit, state);
    if (state.error()) return std::unexpected{Failure{.words = {}, .store = state.error()}};
    if (outcome) return std::move(*outcome);
    return std::unexpected{Failure{.words = words_of(outcome.error(), tx, args.from),
                                   .about_code = is_about_code(outcome.error())}};
}

Result<void, rpc::Error> DryRun::call(const CallArgs& args) const {
    const auto gas = std::min(args.gas.value_or(call_gas_max), call_gas_max);
    const auto outcome = run(args, gas);
    if (!outcome) {
        return std::unexpected{
            outcome.error().error("err: ", fmt::format(" (supplied gas {})", gas))};
    }
    if (!outcome->succeeded) {
        return std::unexpected{rpc::Error{rpc::code::reverted, "execution reverted"}};
    }
    return {};
}

/// What the sender can pay for, at most `gas`.
Result<std::uint64_t, rpc::Error> DryRun::affordable_gas(const CallArgs& args,
                                                         std::uint64_t gas) const {
    const auto tx = args.transaction(chain_id, fork);
    if (tx.max_fee == Uint256{}) return gas;
    const auto account = view.account(crypto::keccak256(args.from));
    if (!account) return std::unexpected{store_failure(account.error())};
    const auto balance = account->value_or(chain::Account{}).balance;
    const auto after_value = checked_subtract(balance, tx.value);
    if (!after_value || *after_value == Uint256{}) {
        return rpc::refused("insufficient funds for transfer");
    }
    const auto blobs = checked_multiply(tx.max_fee_per_blob_gas, tx.blob_gas());
    const auto left = blobs ? checked_subtract(*after_value, *blobs) : std::nullopt;
    if (!left || (tx.blob_gas() > 0 && *left == Uint256{})) {
        return rpc::refused("insufficient funds for gas * price + value");
    }
    return std::min(gas, quotient(*left, tx.max_fee));
}

Result<std::uint64_t, rpc::Error> DryRun::estimate(const CallArgs& args) const {
    const auto wanted = args.gas && *args.gas >= transaction_gas_min ? *args.gas : block.gas_limit;
    const auto affordable = affordable_gas(args, wanted);
    if (!affordable) return std::unexpected{affordable.error()};
    const auto gas = std::min(*affordable, call_gas_max);
    const auto outcome = run(args, gas);
    if (!outcome) {
        if (outcome.error().gas_too_low) {
            return rpc::refused(fmt::format("gas required exceeds allowance ({})", gas));
        }
        return std::unexpected{outcome.error().error(fmt::format("failed with {} gas: ", gas), "")};
    }
    if (!outcome->succeeded) {
        return std::unexpected{rpc::Error{rpc::code::reverted, "execution reverted"}};
    }
    return outcome->gas_used;
}

}  // namespace parley::node
