// The chain's JSON-RPC methods: eth_*, txpool_*. docs/RPC.md describes each.
#include <parley/node/rpc/functions.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace parley::node {

std::vector<rpc::Method> Chain::rpc_methods() {
    using Answer = rpc::Result (*)(Chain&, const rpc::Call&);
    std::vector<rpc::Method> out;
    const auto answers = [&](std::string_view name, std::size_t params_max, Answer answer) {
        out.push_back(
            {.name = std::string{name},
             .params_max = params_max,
             .answer = [this, answer](const rpc::Call& call) { return answer(*this, call); }});
    };
    answers("eth_accounts", 0, &eth_accounts);
    answers("eth_blockNumber", 0, &eth_block_number);
    answers("eth_chainId", 0, &eth_chain_id);
    answers("eth_gasPrice", 0, &eth_gas_price);
    answers("eth_getBlockByHash", 2, &eth_get_block);
    answers("eth_getBlockByNumber", 2, &eth_get_block);
    answers("eth_getTransactionByHash", 1, &eth_get_transaction_by_hash);
    answers("eth_getTransactionCount", 2, &eth_get_transaction_count);
    answers("eth_getTransactionReceipt", 1, &eth_get_transaction_receipt);
    answers("eth_maxPriorityFeePerGas", 0, &eth_gas_price);
    answers("eth_syncing", 0, &eth_syncing);
    answers("txpool_content", 0, &txpool_content);
    answers("txpool_status", 0, &txpool_status);
    out.push_back({.name = "eth_sendRawTransaction",
                   .params_max = 1,
                   .start = [this](const rpc::Call& call, rpc::Done done) {
                       eth_send_raw_transaction(*this, call, std::move(done));
                   }});
    return out;
}

}  // namespace parley::node
