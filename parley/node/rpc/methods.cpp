// The chain's JSON-RPC methods: eth_*, of the pool, and of the consensus. docs/RPC.md describes
// each.
#include <parley/node/rpc/consensus.hpp>
#include <parley/node/rpc/functions.hpp>
#include <parley/node/rpc/mining.hpp>
#include <parley/node/rpc/pool_content.hpp>
#include <parley/rpc/method_list.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace parley::node {

std::vector<rpc::Method> Chain::rpc_methods() {
    rpc::MethodList<Chain> list{*this};
    list.add({.name = "txpool_content",
              .start_text = [content = std::make_shared<PoolContent>(relay_)](const rpc::Call&,
                                                                              rpc::DoneText done) {
                  content->ask(std::move(done));
              }});
    list.answers("parley_poolPrices", 0, &parley_pool_prices);
    list.answers("txpool_status", 0, &txpool_status);
    auto out = eth_.methods();
    std::ranges::move(list.take(), std::back_inserter(out));
    std::ranges::move(consensus_methods(*this), std::back_inserter(out));
    std::ranges::move(mining_methods(*this), std::back_inserter(out));
    return out;
}

}  // namespace parley::node
