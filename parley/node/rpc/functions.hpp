// The functions behind the chain's JSON-RPC methods. Internal to node.
#pragma once

#include <parley/node/chain.hpp>
#include <parley/rpc/method.hpp>

namespace parley::node {

// eth.cpp
/// Always an empty list: a node holds no accounts' keys.
rpc::Result eth_accounts(Chain& chain, const rpc::Call& call);
/// Always zero, as there is no ledger.
rpc::Result eth_block_number(Chain& chain, const rpc::Call& call);
/// The number that transactions are signed for (EIP-155).
rpc::Result eth_chain_id(Chain& chain, const rpc::Call& call);
/// Wei per gas: 1 gwei, as there are no blocks to learn from. Also eth_maxPriorityFeePerGas.
rpc::Result eth_gas_price(Chain& chain, const rpc::Call& call);
/// Always null, as there is no ledger. By hash and by number.
rpc::Result eth_get_block(Chain& chain, const rpc::Call& call);
/// The transaction while it waits in the pool, else null.
rpc::Result eth_get_transaction_by_hash(Chain& chain, const rpc::Call& call);
/// For "pending" the nonce after the account's run in the pool, else zero.
rpc::Result eth_get_transaction_count(Chain& chain, const rpc::Call& call);
/// Always null, as nothing is mined; the hash is checked all the same.
rpc::Result eth_get_transaction_receipt(Chain& chain, const rpc::Call& call);
/// The hash once the transaction is in the pool; refused with the reason why it is not.
void eth_send_raw_transaction(Chain& chain, const rpc::Call& call, rpc::Done done);
/// Always false, as there is no ledger.
rpc::Result eth_syncing(Chain& chain, const rpc::Call& call);

// txpool.cpp
/// How many are pending and queued.
rpc::Result txpool_status(Chain& chain, const rpc::Call& call);

}  // namespace parley::node
