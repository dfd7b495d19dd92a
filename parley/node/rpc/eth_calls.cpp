#include <parley/node/rpc/answers.hpp>
#include <parley/node/rpc/call_args.hpp>
#include <parley/node/rpc/dry_run.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/filled_tx.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

/// The rules of a block that would follow now.
chain::Fork next_fork(const EthLedger& chain, const chain::ChainHeader& parent, Now now) {
    chain::Header next;
    next.parent_hash = parent.hash;
    next.number = parent.header.number + 1;
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.unix_time.time_since_epoch());
    next.timestamp =
        std::max(parent.header.timestamp + 1,
                 static_cast<std::uint64_t>(std::max<std::int64_t>(seconds.count(), 0)));
    return chain.engine->fork_of(next, parent);
}

/// State and block overrides of geth: this chain has none.
Result<void, rpc::Error> refuse_overrides(const rpc::Call& call) {
    for (std::size_t i = 2; i < call.params.size(); ++i) {
        const auto* given = rpc::optional_param(call, i);
        if (given == nullptr) continue;
        const auto* object = given->if_object();
        if (object == nullptr) return rpc::bad_param(i, "an object", rpc::json_kind(*given));
        if (!object->empty()) return rpc::refused("overrides are not supported by this chain");
    }
    return {};
}

using FromDryRun = rpc::Result (*)(const DryRun&, const CallArgs&);

void try_out(EthRpc& eth, Now now, const chain::ChainHeader& block, CallArgs args, FromDryRun make,
             rpc::DoneText done) {
    const auto& chain = *eth.chain();
    answer_from_state(
        eth, now, block,
        [execution = chain.execution, fork = next_fork(chain, block, now),
         chain_id = eth.services().chain_id, args = std::move(args),
         make](const SlowReads::StateAt& at) {
            return make({*execution, at.view, at.block.header, fork, chain_id}, args);
        },
        std::move(done));
}

template <FromDryRun Make>
void eth_try_out(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    auto args = call_args_param(call, 0, eth.services().chain_id);
    if (!args) return done(std::unexpected{std::move(args.error())});
    const auto ref = block_param(call, 1);
    if (!ref) return done(std::unexpected{ref.error()});
    if (const auto none = refuse_overrides(call); !none) return done(std::unexpected{none.error()});
    const auto* chain = eth.chain();
    if (chain == nullptr) return done(eth.no_ledger());
    const auto block = require_block(*chain, *ref);
    if (!block) return done(std::unexpected{block.error()});
    try_out(eth, call.now, block->header, std::move(*args), Make, std::move(done));
}

/// Code never runs, so there is nothing that it could give back.
rpc::Result called(const DryRun& run, const CallArgs& args) {
    const auto outcome = run.call(args);
    if (!outcome) return std::unexpected{outcome.error()};
    return json::value("0x");
}

rpc::Result estimated(const DryRun& run, const CallArgs& args) {
    const auto gas = run.estimate(args);
    if (!gas) return std::unexpected{gas.error()};
    return json::value(rpc::hex_quantity(*gas));
}

rpc::Result filled(const DryRun& run, const CallArgs& args) {
    auto tx = args.transaction(run.chain_id, run.fork);
    if (!args.gas) {
        const auto gas = run.estimate(args);
        if (!gas) return std::unexpected{gas.error()};
        tx.gas_limit = *gas;
    }
    return json::value(filled_json(tx));
}

/// The nonce after what the account has in the pool.
Result<std::uint64_t, rpc::Error> next_nonce(EthRpc& eth, const chain::Address& from) {
    const auto account = eth.chain()->ledger.account(from);
    if (!account) return std::unexpected{store_failure({StoreErrc::io})};
    return std::max(account->nonce, eth.services().pool.next_nonce(from).value_or(0));
}

void eth_fill_transaction(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    auto args = call_args_param(call, 0, eth.services().chain_id);
    if (!args) return done(std::unexpected{std::move(args.error())});
    const auto* chain = eth.chain();
    if (chain == nullptr) return done(eth.no_ledger());
    const auto& head = chain->ledger.head();
    if (auto fees = fill_fees(*args, head.header, eth.suggested_tip()); !fees) {
        return done(std::unexpected{std::move(fees.error())});
    }
    if (auto fit = check_fillable(*args); !fit)
        return done(std::unexpected{std::move(fit.error())});
    if (!args->nonce) {
        const auto nonce = next_nonce(eth, args->from);
        if (!nonce) return done(std::unexpected{nonce.error()});
        args->nonce = *nonce;
    }
    try_out(eth, call.now, head, std::move(*args), &filled, std::move(done));
}

}  // namespace

void add_call_methods(EthMethods& list) {
    list.starts_text("eth_call", 4, &eth_try_out<&called>);
    list.starts_text("eth_estimateGas", 4, &eth_try_out<&estimated>);
    list.starts_text("eth_fillTransaction", 1, &eth_fill_transaction);
}

}  // namespace parley::node
