#include <parley/chain/ledger/execute_block.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/state/state_edit.hpp>

#include <cassert>
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
    out.logs_bloom = bloom_of(out.logs);
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

Result<Executed, BlockFailure> execute_block(const Execution& execution, const Engine& engine,
                                             const Block& block, Fork fork,
                                             std::span<const Address> senders,
                                             const StateAt& state) {
    const auto& [header, body] = block;
    assert(senders.size() == body.transactions.size());
    const auto context = context_of(header, fork);
    StateEdit edit{state.view};
    Executed out;
    execution.begin(context, edit);
    for (std::size_t i = 0; i < senders.size(); ++i) {
        const auto& tx = body.transactions[i];
        auto outcome =
            execution.execute(tx, senders[i], context, header.gas_limit - out.gas_used, edit);
        if (edit.error()) break;
        if (!outcome) return invalid_transaction(i, std::move(outcome.error()));
        out.gas_used += outcome->gas_used;
        out.receipts.push_back(receipt_of(tx, std::move(*outcome), out.gas_used));
        out.logs_bloom |= out.receipts.back().logs_bloom;
    }
    execution.finish(context, body.withdrawals.value_or(std::vector<Withdrawal>{}), edit);
    engine.reward(block, fork, edit);
    if (edit.error()) {
        return std::unexpected{trie::TrieError{trie::TrieErrc::store, 0,
                                               static_cast<std::uint64_t>(edit.error()->code)}};
    }
    auto commit = commit_state(state.nodes, state.root, edit.take());
    if (!commit) return std::unexpected{commit.error()};
    out.commit = std::move(*commit);
    if (auto checked = check_outcome(header, out); !checked) {
        return std::unexpected{std::move(checked.error())};
    }
    return out;
}

}  // namespace parley::chain
