// Blocks that callers name, looked up. "pending" is the latest block: what comes next is not known
// before it is made. Threading: the node's thread.
#pragma once

#include <parley/chain/ledger/block_store.hpp>
#include <parley/node/rpc/block_ref.hpp>
#include <parley/node/rpc/eth_ledger.hpp>

#include <optional>

namespace parley::node {

/// What of a disk that cannot be read a caller is told.
rpc::Error store_failure(const StoreError& error);

/// Nothing if there is no such block. Errors: refused, with geth's words, where there is no final
/// block, or the block is not in the main chain though it must be; internal_error of the disk.
Result<std::optional<chain::KnownBlock>, rpc::Error> find_block(const EthLedger& chain,
                                                                const BlockRef& ref);
/// The same for a block that must be there: "header not found", as geth says.
Result<chain::KnownBlock, rpc::Error> require_block(const EthLedger& chain, const BlockRef& ref);

}  // namespace parley::node
