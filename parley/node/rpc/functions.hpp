// The functions behind the chain's JSON-RPC methods. Internal to node.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/rpc/method.hpp>

namespace parley::node {

// eth.cpp
rpc::Result eth_accounts(Chain& chain, const rpc::Call& call);
rpc::Result eth_block_number(Chain& chain, const rpc::Call& call);
rpc::Result eth_chain_id(Chain& chain, const rpc::Call& call);
rpc::Result eth_gas_price(Chain& chain, const rpc::Call& call);
rpc::Result eth_get_block(Chain& chain, const rpc::Call& call);
rpc::Result eth_get_transaction_by_hash(Chain& chain, const rpc::Call& call);
rpc::Result eth_get_transaction_count(Chain& chain, const rpc::Call& call);
rpc::Result eth_get_transaction_receipt(Chain& chain, const rpc::Call& call);
void eth_send_raw_transaction(Chain& chain, const rpc::Call& call, rpc::Done done);
rpc::Result eth_syncing(Chain& chain, const rpc::Call& call);

// txpool.cpp
rpc::Result txpool_status(Chain& chain, const rpc::Call& call);
rpc::Result txpool_content(Chain& chain, const rpc::Call& call);

}  // namespace parley::node
