// parley_blockSeals: who made a block, and who sealed it. Threading: the node's thread; signatures
// are recovered in Jobs.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/rpc/method.hpp>

namespace parley::node {

/// Of a block that a caller names; null if there is none.
void parley_block_seals(Chain& chain, const rpc::Call& call, rpc::DoneText done);

}  // namespace parley::node
