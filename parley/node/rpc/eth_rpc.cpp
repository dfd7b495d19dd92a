#include <parley/node/rpc/eth_rpc.hpp>

namespace parley::node {

std::vector<rpc::Method> EthRpc::methods() {
    EthMethods list{*this};
    add_chain_methods(list);
    add_state_methods(list);
    add_block_methods(list);
    add_transaction_methods(list);
    add_fee_methods(list);
    add_call_methods(list);
    add_filter_methods(list);
    return list.take();
}

std::unexpected<rpc::Error> no_ledger() {
    return rpc::refused("this node keeps no ledger");
}

}  // namespace parley::node
