#include <parley/chain/ledger/block_rules.hpp>

#include <parley/chain/trie/ordered_root.hpp>
#include <parley/chain/types/fees.hpp>

#include <limits>
#include <utility>
#include <vector>

namespace parley::chain {
namespace {

template <class T>
Hash256 root_of(std::span<const T> items) {
    std::vector<Buffer> values;
    values.reserve(items.size());
    for (const auto& item : items) values.push_back(item.encode());
    return trie::ordered_root(values);
}

Result<void, InvalidBlock> check_fees(const Header& header, const Header& parent, Fork fork) {
    if (fork >= Fork::london) {
        const auto base_fee = next_base_fee(parent);
        if (header.base_fee != base_fee) {
            return breaks(BlockRule::base_fee, base_fee, *header.base_fee);
        }
    }
    if (fork >= Fork::cancun) {
        const auto excess = next_excess_blob_gas(parent);
        if (header.excess_blob_gas != excess) {
            return breaks(BlockRule::excess_blob_gas, excess, *header.excess_blob_gas);
        }
        if (*header.blob_gas_used > blob_gas_max || *header.blob_gas_used % gas_per_blob != 0) {
            return breaks(BlockRule::blob_gas_used, blob_gas_max, *header.blob_gas_used);
        }
    }
    return {};
}

}  // namespace

Result<void, InvalidBlock> check_header(const Header& header, const Header& parent, Fork fork,
                                        bool bounds_gas_limit) {
    if (!header.has_fields_of(fork)) {
        return breaks(BlockRule::fields_of_fork, static_cast<std::uint64_t>(fork), 0);
    }
    if (parent.number == std::numeric_limits<std::uint64_t>::max() ||
        header.number != parent.number + 1) {
        return breaks(BlockRule::number, parent.number + 1, header.number);
    }
    if (header.timestamp <= parent.timestamp) {
        return breaks(BlockRule::timestamp, parent.timestamp + 1, header.timestamp);
    }
    const auto parent_limit = gas_limit_before(parent, fork);
    if (bounds_gas_limit && !gas_limit_ok(parent_limit, header.gas_limit)) {
        return breaks(BlockRule::gas_limit, parent_limit, header.gas_limit);
    }
    if (header.gas_used > header.gas_limit) {
        return breaks(BlockRule::gas_used_limit, header.gas_limit, header.gas_used);
    }
    return check_fees(header, parent, fork);
}

Result<void, InvalidBlock> check_body(const Block& block) {
    const auto& [header, body] = block;
    if (const auto root = transactions_root(body.transactions); root != header.transactions_root) {
        return breaks(BlockRule::transactions_root, header.transactions_root, root);
    }
    if (const auto hash = hash_of_ommers(body.ommers); hash != header.ommers_hash) {
        return breaks(BlockRule::ommers_hash, header.ommers_hash, hash);
    }
    if (body.withdrawals.has_value() != header.withdrawals_root.has_value()) {
        return breaks(BlockRule::has_withdrawals, header.withdrawals_root ? 1U : 0U,
                      body.withdrawals ? 1U : 0U);
    }
    if (body.withdrawals) {
        const auto root = withdrawals_root(*body.withdrawals);
        if (root != *header.withdrawals_root) {
            return breaks(BlockRule::withdrawals_root, *header.withdrawals_root, root);
        }
    }
    std::uint64_t blob_gas = 0;
    for (const auto& tx : body.transactions) blob_gas += tx.blob_gas();
    if (header.blob_gas_used && *header.blob_gas_used != blob_gas) {
        return breaks(BlockRule::blob_gas_used, *header.blob_gas_used, blob_gas);
    }
    return {};
}

Hash256 transactions_root(std::span<const Transaction> transactions) {
    std::vector<Buffer> values;
    values.reserve(transactions.size());
    for (const auto& tx : transactions) values.push_back(to_buffer(tx.raw));
    return trie::ordered_root(values);
}

Hash256 withdrawals_root(std::span<const Withdrawal> withdrawals) {
    return root_of(withdrawals);
}

Hash256 receipts_root(std::span<const Receipt> receipts) {
    return root_of(receipts);
}

}  // namespace parley::chain
