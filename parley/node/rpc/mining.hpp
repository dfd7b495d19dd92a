// The chain's JSON-RPC methods for miners: eth_getWork, eth_submitWork and what belongs to them, as
// Geth had them. docs/RPC.md describes each. Internal to node.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/rpc/method.hpp>

#include <vector>

namespace parley::node {

/// They refuse where no blocks are made by work. `chain` outlives them.
std::vector<rpc::Method> mining_methods(Chain& chain);

}  // namespace parley::node
