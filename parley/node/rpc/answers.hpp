// Answers that are made in Jobs, from a block of the log or from the state after a block.
// Threading: the node's thread; what is handed in to make the answer, any.
#pragma once

#include <parley/chain/ledger/block_store.hpp>
#include <parley/node/rpc/block_methods.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/rpc/method.hpp>

#include <functional>

namespace parley::node {

/// `done` gets what `make` makes of the block and its hash.
void answer_from_block(EthRpc& eth, Now now, const chain::KnownBlock& block, FromBlock make,
                       rpc::DoneText done);

using FromState = std::move_only_function<rpc::Result(const SlowReads::StateAt&)>;
/// `done` gets what `make` makes of the state after the block.
void answer_from_state(EthRpc& eth, Now now, const chain::ChainHeader& block, FromState make,
                       rpc::DoneText done);

/// Without a Job.
rpc::TextResult text_of_result(const rpc::Result& result);

}  // namespace parley::node
