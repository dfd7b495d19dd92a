// A pooled transaction as JSON, as Ethereum's execution API has it for pending ones.
// For sources of Rpc only.
#pragma once

#include <parley/chain/txpool/pool.hpp>

#include <boost/json.hpp>

namespace parley::node {

/// Decodes the entry's bytes; fields of a block are null.
boost::json::object transaction_json(const chain::PooledTx& pooled);

}  // namespace parley::node
