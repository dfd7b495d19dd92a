#include <parley/chain/ledger/execute_block.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/state/state_edit.hpp>

#include <cassert>
#include <optional>
#include <utility>

namespace parley::chain {
namespace {

std::unexpected<BlockFailure> invalid_transaction(std::size_t index, ExecutionError why) {
    InvalidBlock out{.rule = BlockRule::transaction, .index = index};
    out.transaction = std::move(why);
    return std::unexpected{BlockFailure{std::move(out)}};
}

Receipt receipt_of(const Transaction& tx, TxOutcome outcome, std::uint64_t gas_used) {
    Receipt out;
    out.type = tx.type;
    out.succeeded = outcome.succeeded;
    out.cumulative_gas_used = gas_used;
    out.logs = std::move(outcome.logs);
    return out;
}

Result<void, InvalidBlock> check_outcome(const Header& header, const Executed& executed) {
    if (executed.gas_used != header.gas_used) {
        return breaks(BlockRule::gas_used, executed.gas_used, header.gas_used);
    }
    if (const auto root = receipts_root(executed.receipts); root != header.receipts_root) {
        return breaks(BlockRule::receipts_root, root, header.receipts_root);
    }
    if (executed.logs_bloom != header.logs_bloom) {
        return std::unexpected{InvalidBlock{BlockRule::logs_bloom}};
    }
    if (executed.commit.root != header.state_root) {
        return breaks(BlockRule::state_root, executed.commit.root, header.state_root);
    }
    return {};
}

}  // namespace

BlockExecution::BlockExecution(const Execution& execution, const Engine& engine,
                               const Header& header, Fork fork, const StateView& view)
    : execution_(execution), engine_(engine), context_(context_of(header, fork)), edit_(view) {
    execution_.begin(context_, edit_);
}

Result<void, ExecutionError> BlockExecution::execute(const Transaction& tx, const Address& sender) {
    const auto gas_left = context_.gas_limit - executed_.gas_used;
    auto outcome = execution_.execute(tx, sender, context_, gas_left, edit_);
    if (!outcome) return std::unexpected{std::move(outcome.error())};
    executed_.gas_used += outcome->gas_used;
    auto receipt = receipt_of(tx, std::move(*outcome), executed_.gas_used);
    if (!receipt.logs.empty()) executed_.logs_bloom |= receipt.logs_bloom();
    executed_.receipts.push_back(std::move(receipt));
    return {};
}

Result<Executed, trie::TrieError> BlockExecution::finish(const Block& block, const StateAt& state) {
    execution_.finish(context_, block.body.withdrawals.value_or(std::vector<Withdrawal>{}), edit_);
    engine_.reward(block, context_.fork, edit_);
    if (edit_.error()) {
        return fail(trie::TrieErrc::store, 0, static_cast<std::uint64_t>(edit_.error()->code));
    }
    auto commit = commit_state(state.nodes, state.root, edit_.take());
    if (!commit) return std::unexpected{commit.error()};
    executed_.commit = std::move(*commit);
    return std::move(executed_);
}

Result<Executed, BlockFailure> execute_block(const Execution& execution, const Engine& engine,
                                             const Block& block, Fork fork,
                                             std::span<const Address> senders,
                                             const StateAt& state) {
    const auto& transactions = block.body.transactions;
    assert(senders.size() == transactions.size());
    BlockExecution run{execution, engine, block.header, fork, state.view};
    std::optional<std::pair<std::size_t, ExecutionError>> refused;
    for (std::size_t i = 0; i < senders.size() && !refused; ++i) {
        auto executed = run.execute(transactions[i], senders[i]);
        if (!executed) refused.emplace(i, std::move(executed.error()));
    }
    // A disk that cannot be read makes transactions look invalid.
    if (refused && !run.state_error()) {
        return invalid_transaction(refused->first, std::move(refused->second));
    }
    auto executed = run.finish(block, state);
    if (!executed) return std::unexpected{executed.error()};
    if (auto checked = check_outcome(block.header, *executed); !checked) {
        return std::unexpected{std::move(checked.error())};
    }
    return std::move(*executed);
}

}  // namespace parley::chain
