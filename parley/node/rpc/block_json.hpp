// Blocks as JSON, in the form of Ethereum's execution API. Cost: that of their transactions.
// Threading: pure. Spec: ethereum/execution-apis, schema Block.
#pragma once

#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/types/header.hpp>

#include <boost/json.hpp>

#include <cstdint>

namespace parley::node {

/// How a block shows its transactions.
enum class TxDetail : std::uint8_t { hashes, full };

boost::json::object block_json(const chain::LoggedBlock& logged, const Hash256& hash,
                               TxDetail detail);

/// An ommer: a block without transactions.
boost::json::object ommer_json(const chain::Header& ommer);

}  // namespace parley::node
