// A transaction tried out on a state, which does not change: for eth_call and eth_estimateGas. It
// runs by the chain's own Execution; nonce and signature are not checked, and without fees it costs
// nothing. Threading: as Execution. Errors carry geth's words and numbers where there are such.
#pragma once

#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/state/state_view.hpp>
#include <parley/node/rpc/call_args.hpp>
#include <parley/rpc/method.hpp>

#include <cstdint>

namespace parley::node {

/// Gas that a call has, whatever it asks for.
inline constexpr std::uint64_t call_gas_max = 50'000'000;

struct DryRun {
    const chain::Execution& execution;
    const chain::StateView& view;
    const chain::Header& block;  ///< whose state `view` is
    chain::Fork fork{};
    std::uint64_t chain_id = 0;

    /// Errors: refused, with why it would not be executed.
    Result<void, rpc::Error> call(const CallArgs& args) const;
    /// Gas that it takes. Errors: as call(), and where the sender cannot pay for that much.
    Result<std::uint64_t, rpc::Error> estimate(const CallArgs& args) const;

private:
    struct Failure;
    Result<chain::TxOutcome, Failure> run(const CallArgs& args, std::uint64_t gas) const;
    Result<std::uint64_t, rpc::Error> affordable_gas(const CallArgs& args, std::uint64_t gas) const;
};

}  // namespace parley::node
