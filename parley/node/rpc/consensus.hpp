// The chain's JSON-RPC methods about the consensus by votes: parley_consensus, parley_validators,
// and qbft_* as Besu names them. docs/RPC.md describes each. Internal to node.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/rpc/method.hpp>

#include <vector>

namespace parley::node {

/// They refuse where blocks are not made by votes. `chain` outlives them.
std::vector<rpc::Method> consensus_methods(Chain& chain);

}  // namespace parley::node
