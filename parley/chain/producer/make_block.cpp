#include <parley/chain/producer/make_block.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/types/fees.hpp>

namespace parley::chain {
namespace {

void set_fields_of(Header& header, const Header& parent, Fork fork, const BlockPlan& plan) {
    if (fork >= Fork::london) header.base_fee = next_base_fee(parent);
    if (fork >= Fork::shanghai) header.withdrawals_root = withdrawals_root(plan.withdrawals);
    if (fork >= Fork::cancun) {
        header.blob_gas_used = 0;
        header.excess_blob_gas = next_excess_blob_gas(parent);
        header.parent_beacon_root = Hash256{};
    }
}

}  // namespace

Result<MadeBlock, trie::TrieError> make_block(const Execution& execution, const Engine& engine,
                                              const ChainHeader& parent, const BlockPlan& plan,
                                              std::span<const Candidate> candidates,
                                              const StateAt& state) {
    MadeBlock out;
    Header& header = out.block.header;
    header.parent_hash = parent.hash;
    header.number = parent.header.number + 1;
    header.timestamp = plan.timestamp;
    header.beneficiary = plan.beneficiary;
    header.extra_data = plan.extra_data;
    header.mix_hash = plan.prev_randao;
    const Fork fork = out.fork = engine.fork_of(header, parent);
    header.gas_limit = gas_limit_towards(plan.gas_limit_aim, gas_limit_before(parent.header, fork));
    set_fields_of(header, parent.header, fork, plan);
    if (fork >= Fork::shanghai) out.block.body.withdrawals = plan.withdrawals;
    engine.prepare(header, parent, fork);

    BlockExecution run{execution, engine, header, fork, state.view};
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& [tx, sender] = candidates[i];
        if (bytes + tx.raw.size() > plan.bytes_max) continue;
        if (const auto checked = execution.check(tx, fork); !checked) {
            out.refused.emplace_back(
                i, ExecutionError{.code = ExecutionErrc::rule, .rule = checked.error()});
            continue;
        }
        if (auto executed = run.execute(tx, sender); !executed) {
            out.refused.emplace_back(i, std::move(executed.error()));
            continue;
        }
        bytes += tx.raw.size();
        out.block.body.transactions.push_back(tx);
        out.senders.push_back(sender);
        if (header.blob_gas_used) *header.blob_gas_used += tx.blob_gas();
    }
    auto executed = run.finish(out.block, state);
    if (!executed) return std::unexpected{executed.error()};
    out.executed = std::move(*executed);
    header.gas_used = out.executed.gas_used;
    header.logs_bloom = out.executed.logs_bloom;
    header.state_root = out.executed.commit.root;
    header.transactions_root = transactions_root(out.block.body.transactions);
    header.receipts_root = receipts_root(out.executed.receipts);
    return out;
}

}  // namespace parley::chain
