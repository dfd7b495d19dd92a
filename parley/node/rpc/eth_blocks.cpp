#include <parley/node/rpc/answers.hpp>
#include <parley/node/rpc/block_methods.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/find_block.hpp>

#include <string>
#include <utility>

namespace parley::node {

namespace {

void answer(EthRpc& eth, const rpc::Call& call, const BlockMethod& method, rpc::DoneText done) {
    auto question = method.read(call);
    if (!question) return done(std::unexpected{std::move(question.error())});
    const auto* chain = eth.chain();
    if (chain == nullptr) return done(eth.nothing_found());
    const auto block = find_block(*chain, question->ref);
    if (!block) return done(std::unexpected{block.error()});
    if (!*block) return done("null");
    const auto& hash = (*block)->header.hash;
    const auto* recent = method.is_small ? chain->ledger.blocks().recent(hash) : nullptr;
    if (recent != nullptr) return done(text_of_result(question->make(recent->logged, hash)));
    answer_from_block(eth, call.now, **block, std::move(question->make), std::move(done));
}

}  // namespace

void add_block_methods(EthMethods& list) {
    for (const auto& method : block_methods()) {
        list.add({.name = std::string{method.name},
                  .params_max = method.params_max,
                  .start_text = [&eth = list.owner(), &method](const rpc::Call& call,
                                                               rpc::DoneText done) {
                      answer(eth, call, method, std::move(done));
                  }});
    }
}

}  // namespace parley::node
