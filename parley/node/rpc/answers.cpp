#include <parley/node/rpc/answers.hpp>

#include <parley/node/rpc/find_block.hpp>

#include <memory>
#include <utility>

namespace parley::node {

namespace {

/// Passed between the node's thread and a Job.
struct MadeText {
    rpc::TextResult text{};
};

SlowReads::Done finish_with(std::shared_ptr<MadeText> made, rpc::DoneText done) {
    return [made = std::move(made), done = std::move(done)](
               Now, const std::optional<rpc::Error>& error) mutable {
        if (error) return done(std::unexpected{*error});
        done(std::move(made->text));
    };
}

}  // namespace

rpc::TextResult text_of_result(const rpc::Result& result) {
    if (!result) return std::unexpected{result.error()};
    return rpc::json::serialize(*result);
}

void answer_from_block(EthRpc& eth, Now now, const chain::KnownBlock& block, FromBlock make,
                       rpc::DoneText done) {
    const auto made = std::make_shared<MadeText>();
    eth.reads().read_log(now, {.run =
                                   [made, log = eth.chain()->ledger.log(), place = block.place,
                                    hash = block.header.hash, make = std::move(make)]() mutable {
                                       const auto logged = log->read(place);
                                       made->text =
                                           logged ? text_of_result(make(*logged, hash))
                                                  : std::unexpected{store_failure(logged.error())};
                                   },
                               .done = finish_with(made, std::move(done))});
}

void answer_from_state(EthRpc& eth, Now now, const chain::ChainHeader& block, FromState make,
                       rpc::DoneText done) {
    const auto made = std::make_shared<MadeText>();
    eth.reads().read_state(
        now, {.block = block,
              .run =
                  [made, make = std::move(make)](const SlowReads::StateAt& at) mutable {
                      made->text = text_of_result(make(at));
                  },
              .done = finish_with(made, std::move(done))});
}

}  // namespace parley::node
