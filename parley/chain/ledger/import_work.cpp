#include <parley/chain/ledger/import_work.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/state/state_overlay.hpp>
#include <parley/chain/types/sender.hpp>

#include <utility>

namespace parley::chain {
namespace {

ImportError import_error_of(BlockFailure failure) {
    return std::visit([](auto& what) -> ImportError { return std::move(what); }, failure);
}

}  // namespace

Result<void, InvalidBlock> check_block(const Engine& engine, const Block& block,
                                       const ChainHeader& parent, Fork fork) {
    const bool bounds = engine.bounds_gas_limit();
    if (auto checked = check_header(block.header, parent.header, fork, bounds); !checked) {
        return checked;
    }
    if (auto checked = engine.check_header(block.header, parent, fork); !checked) {
        return std::unexpected{breaks_engine_rule(std::move(checked.error()))};
    }
    return check_body(block);
}

Result<std::vector<Address>, InvalidBlock> recover_senders(const Execution& execution,
                                                           std::span<const Transaction> some,
                                                           std::size_t first_index, Fork fork) {
    std::vector<Address> senders;
    const auto refuse = [&](TxError rule) {
        InvalidBlock out{.rule = BlockRule::transaction, .index = first_index + senders.size()};
        out.transaction = ExecutionError{.code = ExecutionErrc::rule, .rule = rule};
        return std::unexpected{std::move(out)};
    };
    std::vector<const Transaction*> checked;
    std::optional<TxError> broken;  // by the one after those
    for (const auto& tx : some) {
        if (const auto check = execution.check(tx, fork); !check) {
            broken = check.error();
            break;
        }
        checked.push_back(&tx);
    }
    for (const auto& sender : recover_senders(checked)) {
        if (!sender) return refuse(sender.error());
        senders.push_back(*sender);
    }
    if (broken) return refuse(*broken);
    return senders;
}

Result<ImportWork::Done, ImportError> ImportWork::run() {
    const State& state = chain->state;
    Done out;
    std::optional<StateOverlay> beside;
    if (!way.empty()) {
        auto commit = commit_state(state, state.root(), join_changes(way));
        if (!commit) return std::unexpected{commit.error()};
        out.way = *commit;
        beside.emplace(state, std::move(*commit));
    }
    const StateAt at =
        beside ? StateAt{*beside, *beside, parent_root} : StateAt{state, state, parent_root};
    if (executed) {
        out.commit = executed->commit;
        out.receipts = executed->receipts;
    } else {
        auto made = execute_block(*chain->execution, *chain->engine, block, fork, senders, at);
        if (!made) return std::unexpected{import_error_of(std::move(made.error()))};
        out.commit = std::move(made->commit);
        out.receipts = std::move(made->receipts);
    }
    if (place) {
        out.place = *place;
        return out;
    }
    const auto appended = chain->log.append(block, senders, out.receipts);
    if (!appended) return std::unexpected{appended.error()};
    out.place = *appended;
    if (sync) {
        if (const auto synced = chain->log.sync(); !synced) {
            return std::unexpected{synced.error()};
        }
    }
    return out;
}

}  // namespace parley::chain
