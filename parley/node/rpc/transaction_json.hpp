// Transactions as JSON, in the form of Ethereum's execution API: in a block, in the pool, and not
// yet signed. Threading: pure.
// Spec: ethereum/execution-apis, schemas TransactionInfo and FilledTransaction.
#pragma once

#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/chain/types/transaction.hpp>

#include <boost/json.hpp>

#include <cstdint>

namespace parley::node {

/// Where a transaction is in the chain.
struct TxPosition {
    const chain::Header& header;
    const Hash256& block_hash;
    std::uint64_t index = 0;
};

/// Of the pool: decodes the entry's bytes; fields of a block are null, and `gasPrice` is the most
/// that it pays.
boost::json::object transaction_json(const chain::PooledTx& pooled);

/// Of a block: `gasPrice` is what it paid.
boost::json::object transaction_json(const chain::Transaction& tx, const chain::Address& sender,
                                     const TxPosition& position);

/// Not signed: without hash, sender and signature.
boost::json::object unsigned_json(const chain::Transaction& tx);

/// Wei that a transaction paid for each gas.
Uint256 price_paid(const chain::Transaction& tx, const chain::Header& header);
/// What of it the block's maker took: above the base fee.
Uint256 tip_paid(const chain::Transaction& tx, const chain::Header& header);

}  // namespace parley::node
