#include <parley/chain/consensus/qbft/block_check.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/ledger/execute_block.hpp>

#include <utility>
#include <variant>

namespace parley::chain::qbft {

Result<ExecutedBlock, std::string> check_block(const Execution& execution, const Qbft& engine,
                                               const ChainHeader& head, const State& state,
                                               const Block& block,
                                               const std::vector<std::optional<Address>>& known,
                                               ExecutedBlock executed) {
    const auto& header = block.header;
    if (header.parent_hash != head.hash) return std::unexpected{"it does not follow the head"};
    const auto fork = engine.fork_of(header, head);
    const auto rules = check_header(header, head.header, fork, engine.bounds_gas_limit());
    if (!rules) return std::unexpected{message(rules.error())};
    if (auto checked = engine.check_proposed(header, head); !checked) {
        return std::unexpected{std::move(checked.error().reason)};
    }
    if (auto checked = check_body(block); !checked)
        return std::unexpected{message(checked.error())};
    if (executed.executed) return executed;
    std::vector<Address> senders;
    const std::span<const Transaction> transactions{block.body.transactions};
    senders.reserve(transactions.size());
    for (std::size_t i = 0; i < transactions.size(); ++i) {
        if (i < known.size() && known[i]) {
            senders.push_back(*known[i]);
            continue;
        }
        const auto recovered = recover_senders(execution, transactions.subspan(i, 1), i, fork);
        if (!recovered) return std::unexpected{message(recovered.error())};
        senders.push_back(recovered->front());
    }
    auto made =
        execute_block(execution, engine, block, fork, senders, {state, state, state.root()});
    if (made) {
        return ExecutedBlock{std::move(senders),
                             std::make_shared<const Executed>(std::move(*made))};
    }
    return std::unexpected{std::visit([](const auto& why) { return message(why); }, made.error())};
}

}  // namespace parley::chain::qbft
