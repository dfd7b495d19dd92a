// The rules of a block that need no state: of its header against its parent, and of its body
// against its header. Those of the consensus are the Engine's.
// Threading: pure functions. Spec: Yellow Paper, 4.4.4; EIP-1559, 3675, 4844, 4895.
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/ledger/invalid_block.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/chain/types/fork.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/chain/types/receipt.hpp>
#include <parley/chain/types/withdrawal.hpp>

#include <span>

namespace parley::chain {

/// `fork` of the header itself. Errors: the rules from fields_of_fork to excess_blob_gas; not what
/// the body says.
Result<void, InvalidBlock> check_header(const Header& header, const Header& parent, Fork fork,
                                        bool bounds_gas_limit = true);

/// What the header says of its body. Errors: transactions_root, ommers_hash, withdrawals_root,
/// has_withdrawals, blob_gas_used.
Result<void, InvalidBlock> check_body(const Block& block);

/// The roots of a body, for who makes a block.
Hash256 transactions_root(std::span<const Transaction> transactions);
Hash256 withdrawals_root(std::span<const Withdrawal> withdrawals);
Hash256 receipts_root(std::span<const Receipt> receipts);

}  // namespace parley::chain
