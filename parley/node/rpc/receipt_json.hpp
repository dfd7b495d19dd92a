// Receipts as JSON, in the form of Ethereum's execution API. Threading: pure.
// Spec: ethereum/execution-apis, schemas ReceiptInfo and Log.
#pragma once

#include <parley/chain/ledger/block_log.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::node {

/// What one needs to know of the receipts before it.
struct BeforeReceipt {
    std::uint64_t gas_used = 0;  ///< cumulative
    std::uint64_t logs = 0;
};

/// A transaction of a block, with its receipt.
struct ReceiptOf {
    const chain::Header& header;
    const Hash256& block_hash;
    std::size_t index;
    const chain::Transaction& tx;
    const chain::Address& sender;
    const chain::Receipt& receipt;
};

/// `contractAddress` is null: no chain of ours creates any.
boost::json::object receipt_json(const ReceiptOf& one, const BeforeReceipt& before);
/// As above, with what comes before it counted here.
boost::json::object receipt_json(const chain::LoggedBlock& logged, const Hash256& block_hash,
                                 std::size_t index);
/// Of all transactions, in order.
boost::json::array receipts_json(const chain::LoggedBlock& logged, const Hash256& block_hash);

}  // namespace parley::node
