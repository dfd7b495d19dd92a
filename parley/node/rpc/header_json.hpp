// Headers and withdrawals as JSON, in the form of Ethereum's execution API. Threading: pure.
// Spec: ethereum/execution-apis, schemas Block and Withdrawal.
#pragma once

#include <parley/chain/types/header.hpp>
#include <parley/chain/types/withdrawal.hpp>

#include <boost/json.hpp>

#include <span>

namespace parley::node {

/// The fields that its fork has, and `hash`: as eth_subscribe's newHeads gives it.
boost::json::object header_json(const chain::Header& header, const Hash256& hash);

boost::json::array withdrawals_json(std::span<const chain::Withdrawal> withdrawals);

}  // namespace parley::node
