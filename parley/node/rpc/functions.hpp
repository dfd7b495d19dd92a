// The functions behind the chain's JSON-RPC methods txpool_*. Internal to node.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/rpc/method.hpp>

namespace parley::node {

// txpool.cpp
/// How many are pending and queued.
rpc::Result txpool_status(Chain& chain, const rpc::Call& call);

}  // namespace parley::node
