#include <parley/chain/execution/transfers.hpp>

#include <parley/chain/types/fees.hpp>

#include <limits>
#include <utility>

namespace parley::chain {
namespace {

std::unexpected<ExecutionError> refuse(ExecutionErrc code, const Uint256& expected = {},
                                       const Uint256& actual = {}) {
    return std::unexpected{ExecutionError{code, expected, actual}};
}

/// Ethereum runs code of its own at addresses 1 to 9, and since Cancun at 10.
bool is_precompile(const Address& address, Fork fork) {
    for (std::size_t i = 0; i + 1 < address.value.size(); ++i) {
        if (address.value[i] != std::byte{0}) return false;
    }
    const auto last = std::to_integer<unsigned>(address.value.back());
    return last >= 1 && last <= (fork >= Fork::cancun ? 10U : 9U);
}

Result<void, ExecutionError> check_nonce(const Transaction& tx, const Account& sender) {
    if (tx.nonce == sender.nonce) return {};
    return refuse(
        tx.nonce < sender.nonce ? ExecutionErrc::nonce_too_low : ExecutionErrc::nonce_too_high,
        to_uint256(sender.nonce), to_uint256(tx.nonce));
}

Result<void, ExecutionError> check_fees(const Transaction& tx, const BlockContext& block,
                                        std::uint64_t gas_left) {
    if (tx.gas_limit > gas_left) {
        return refuse(ExecutionErrc::exceeds_block_gas, to_uint256(gas_left),
                      to_uint256(tx.gas_limit));
    }
    if (tx.max_fee < block.base_fee) {
        return refuse(ExecutionErrc::fee_below_base, block.base_fee, tx.max_fee);
    }
    if (tx.type == TxType::blob && tx.max_fee_per_blob_gas < block.blob_base_fee) {
        return refuse(ExecutionErrc::blob_fee_below_base, block.blob_base_fee,
                      tx.max_fee_per_blob_gas);
    }
    return {};
}

/// All that the transaction can cost its sender, its value included; all ones if that is more.
Uint256 cost_max(const Transaction& tx) {
    Uint256 all_ones;
    all_ones.fill(std::byte{0xff});
    const auto gas = checked_multiply(tx.max_fee, tx.gas_limit);
    const auto blobs = checked_multiply(tx.max_fee_per_blob_gas, tx.blob_gas());
    if (!gas || !blobs) return all_ones;
    const auto fees = checked_add(*gas, *blobs);
    return fees ? checked_add(*fees, tx.value).value_or(all_ones) : all_ones;
}

/// Precondition: it is not more than is there.
void pay(Account& from, const Uint256& wei) {
    from.balance = checked_subtract(from.balance, wei).value_or(Uint256{});
}

}  // namespace

Result<void, TxError> Transfers::check(const Transaction& tx, Fork fork) const {
    ChainRules rules;
    rules.chain_id = chain_id_;
    rules.fork = fork;
    rules.tx_bytes_max = std::numeric_limits<std::size_t>::max();  // a block bounds them
    return check_stateless(tx, rules);
}

Result<void, ExecutionError> Transfers::check_waiting(const Transaction& tx, const Address& sender,
                                                      Fork fork, const AccountState& state) const {
    const auto has_code = [&](const Address& address) {
        const auto account = state.account(address);
        return account && account->has_code();
    };
    if (has_code(sender)) return refuse(ExecutionErrc::sender_has_code);
    if (!tx.to) return refuse(ExecutionErrc::creates_code);
    if (has_code(*tx.to) || is_precompile(*tx.to, fork)) return refuse(ExecutionErrc::calls_code);
    return {};
}

Result<TxOutcome, ExecutionError> Transfers::execute(const Transaction& tx, const Address& sender,
                                                     const BlockContext& block,
                                                     std::uint64_t gas_left,
                                                     StateEdit& state) const {
    auto from = state.account(sender).value_or(Account{});
    if (auto fees = check_fees(tx, block, gas_left); !fees) return std::unexpected{fees.error()};
    if (auto nonce = check_nonce(tx, from); !nonce) return std::unexpected{nonce.error()};
    if (from.has_code()) return refuse(ExecutionErrc::sender_has_code);
    const auto cost = cost_max(tx);
    if (from.balance < cost) return refuse(ExecutionErrc::insufficient_funds, cost, from.balance);
    if (!tx.to) return refuse(ExecutionErrc::creates_code);
    auto to = state.account(*tx.to).value_or(Account{});
    if (to.has_code() || is_precompile(*tx.to, block.fork)) {
        return refuse(ExecutionErrc::calls_code);
    }
    const auto received = checked_add(to.balance, tx.value);
    if (*tx.to != sender && !received) return refuse(ExecutionErrc::balance_overflow);

    const std::uint64_t gas = intrinsic_gas(tx, block.fork);
    const auto price = effective_gas_price(tx.max_fee, tx.max_priority_fee, block.base_fee);
    const auto tip = checked_subtract(price, block.base_fee).value_or(Uint256{});
    // None of these is more than cost_max().
    from.nonce += 1;
    pay(from, checked_multiply(price, gas).value_or(Uint256{}));
    if (tx.type == TxType::blob) {
        pay(from, checked_multiply(block.blob_base_fee, tx.blob_gas()).value_or(Uint256{}));
    }
    pay(from, tx.value);
    state.set_account(sender, from);
    if (*tx.to == sender) {
        state.credit(sender, tx.value);
    } else {
        to.balance = *received;
        state.set_account(*tx.to, to);
    }
    state.credit(block.beneficiary, checked_multiply(tip, gas).value_or(Uint256{}));
    return TxOutcome{.gas_used = gas};
}

void Transfers::finish(const BlockContext&, std::span<const Withdrawal> withdrawals,
                       StateEdit& state) const {
    constexpr std::uint64_t wei_per_gwei = 1'000'000'000;
    for (const auto& withdrawal : withdrawals) {
        const auto wei = checked_multiply(to_uint256(withdrawal.amount), wei_per_gwei);
        state.credit(withdrawal.address, wei.value_or(Uint256{}));
    }
}

}  // namespace parley::chain
