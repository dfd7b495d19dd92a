// A transaction that a caller described, with what was left out filled in: for eth_fillTransaction.
// Threading: pure.
#pragma once

#include <parley/chain/types/header.hpp>
#include <parley/node/rpc/call_args.hpp>
#include <parley/rpc/method.hpp>

#include <boost/json.hpp>

namespace parley::node {

/// Fees for a block after `head`; before London a gas price. Errors: refused, in geth's words.
Result<void, rpc::Error> fill_fees(CallArgs& args, const chain::Header& head, const Uint256& tip);

/// What must be there besides the fees. Errors: refused, in geth's words.
Result<void, rpc::Error> check_fillable(const CallArgs& args);

/// {raw, tx}: as bytes with an empty signature, and as an object.
boost::json::object filled_json(const chain::Transaction& tx);

}  // namespace parley::node
