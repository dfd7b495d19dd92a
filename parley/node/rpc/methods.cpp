// The chain's JSON-RPC methods: eth_*, txpool_*. docs/RPC.md describes each.
#include <parley/node/rpc/functions.hpp>
#include <parley/node/rpc/pool_content.hpp>
#include <parley/rpc/method_list.hpp>

#include <memory>
#include <utility>

namespace parley::node {

std::vector<rpc::Method> Chain::rpc_methods() {
    rpc::MethodList<Chain> list{*this};
    list.answers("eth_accounts", 0, &eth_accounts);
    list.answers("eth_blockNumber", 0, &eth_block_number);
    list.answers("eth_chainId", 0, &eth_chain_id);
    list.answers("eth_gasPrice", 0, &eth_gas_price);
    list.answers("eth_getBlockByHash", 2, &eth_get_block);
    list.answers("eth_getBlockByNumber", 2, &eth_get_block);
    list.answers("eth_getTransactionByHash", 1, &eth_get_transaction_by_hash);
    list.answers("eth_getTransactionCount", 2, &eth_get_transaction_count);
    list.answers("eth_getTransactionReceipt", 1, &eth_get_transaction_receipt);
    list.answers("eth_maxPriorityFeePerGas", 0, &eth_gas_price);
    list.starts("eth_sendRawTransaction", 1, &eth_send_raw_transaction);
    list.answers("eth_syncing", 0, &eth_syncing);
    list.add({.name = "txpool_content",
              .start_text = [content = std::make_shared<PoolContent>(relay_)](const rpc::Call&,
                                                                              rpc::DoneText done) {
                  content->ask(std::move(done));
              }});
    list.answers("txpool_status", 0, &txpool_status);
    return list.take();
}

}  // namespace parley::node
