// The functions behind the chain's JSON-RPC methods of the pool. Internal to node.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/rpc/method.hpp>

namespace parley::node {

// txpool.cpp
/// How many are pending and queued.
rpc::Result txpool_status(Chain& chain, const rpc::Call& call);

/// What can be executed, counted by price.
rpc::Result parley_pool_prices(Chain& chain, const rpc::Call& call);

}  // namespace parley::node
