#include <parley/chain/ledger/ledger.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/state/state_overlay.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace parley::chain {
namespace {

/// Several changes one after the other as one.
StateChanges joined_changes(std::span<const StateChanges> all) {
    std::map<Hash256, AccountChange> accounts;
    std::map<std::pair<Hash256, Hash256>, SlotChange> slots;
    for (const auto& changes : all) {
        for (const auto& change : changes.accounts) {
            const auto [place, is_new] = accounts.try_emplace(change.key, change);
            if (!is_new) place->second.after = change.after;
        }
        for (const auto& change : changes.slots) {
            const auto [place, is_new] = slots.try_emplace({change.account, change.slot}, change);
            if (!is_new) place->second.after = change.after;
        }
    }
    StateChanges out;
    for (auto& [key, change] : accounts) out.accounts.push_back(change);
    for (auto& [key, change] : slots) out.slots.push_back(change);
    return out;
}

std::unexpected<InvalidBlock> engine_refuses(EngineError error) {
    return std::unexpected{
        InvalidBlock{.rule = BlockRule::engine, .reason = std::move(error.reason)}};
}

ImportError import_error(BlockFailure failure) {
    return std::visit([](auto& what) -> ImportError { return std::move(what); }, failure);
}

}  // namespace

std::string message(const BranchError& error) {
    switch (error.code) {
        case BranchErrc::unknown_parent:
            return "the parent is not known";
        case BranchErrc::too_deep:
            return fmt::format(
                "the branch leaves the main chain more than {} blocks below the head",
                error.expected);
    }
    return "unknown";
}

std::string message(const ImportError& error) {
    return std::visit([](const auto& what) { return message(what); }, error);
}

Ledger::Ledger(const Execution& execution, const Engine& engine, Store& store,
               const Header& genesis, StateCommit genesis_state, std::uint64_t salt)
    : execution_(execution), engine_(engine), salt_(salt), state_(store, empty_root_hash, salt) {
    head_ = genesis.hash();
    state_.accept(std::move(genesis_state));
    blocks_.add({.header = {genesis, head_, genesis.difficulty}});
    blocks_.begin_main(head_);
}

Result<Imported, ImportError> Ledger::import(const Block& block) {
    const auto hash = block.header.hash();
    if (blocks_.find(hash)) return Imported{.was_known = true};
    const auto* parent = blocks_.find(block.header.parent_hash);
    if (!parent) return fail(BranchErrc::unknown_parent);
    const auto route = route_to(*parent);
    if (!route) return std::unexpected{route.error()};
    const auto fork = engine_.fork_of(block.header, parent->header);
    auto senders = check(block, parent->header, fork);
    if (!senders) return std::unexpected{std::move(senders.error())};

    std::optional<StateCommit> way;
    std::optional<StateOverlay> beside;
    if (!route->back.empty() || !route->forward.empty()) {
        std::vector<StateChanges> changes;
        for (const auto* back : route->back) changes.push_back(back->changes.reversed());
        for (const auto* forward : route->forward) changes.push_back(forward->changes);
        auto commit = commit_state(state_, state_.root(), joined_changes(changes));
        if (!commit) return std::unexpected{commit.error()};
        way = *commit;
        beside.emplace(state_, std::move(*commit), salt_);
    }
    const auto& root = parent->header.header.state_root;
    const StateAt at = beside ? StateAt{*beside, *beside, root} : StateAt{state_, state_, root};
    auto executed = execute_block(execution_, engine_, block, fork, *senders, at);
    if (!executed) return std::unexpected{import_error(std::move(executed.error()))};

    const auto total = checked_add(parent->header.total_difficulty, block.header.difficulty);
    StoredBlock stored{
        .header = {block.header, hash, total.value_or(parent->header.total_difficulty)},
        .body = block.body,
        .senders = std::move(*senders),
        .receipts = std::move(executed->receipts),
        .changes = executed->commit.changes,
    };
    const bool is_better = engine_.is_better(stored.header, head());
    blocks_.add(std::move(stored));
    if (!is_better) return Imported{};
    return follow(*route, std::move(way), std::move(executed->commit), hash);
}

Result<Ledger::Route, BranchError> Ledger::route_to(const StoredBlock& target) const {
    Route out;
    const StoredBlock* fork = &target;
    while (!blocks_.is_main(*fork)) {
        out.forward.push_back(fork);
        fork = blocks_.find(fork->header.header.parent_hash);
    }
    std::ranges::reverse(out.forward);
    const auto number = fork->header.header.number;
    const auto head_number = head().header.number;
    if (head_number - number > depth_max) return fail(BranchErrc::too_deep, depth_max);
    for (auto n = head_number; n > number; --n) out.back.push_back(blocks_.main(n));
    return out;
}

/// Everything that needs no state; gives the senders of the transactions.
Result<std::vector<Address>, InvalidBlock> Ledger::check(const Block& block,
                                                         const ChainHeader& parent,
                                                         Fork fork) const {
    if (auto checked = check_header(block.header, parent.header, fork); !checked) {
        return std::unexpected{std::move(checked.error())};
    }
    if (auto checked = engine_.check_header(block.header, parent, fork); !checked) {
        return engine_refuses(std::move(checked.error()));
    }
    if (auto checked = check_body(block); !checked) {
        return std::unexpected{std::move(checked.error())};
    }
    const Ancestry headers = [&](const Hash256& hash) -> std::optional<ChainHeader> {
        const auto* found = blocks_.find(hash);
        return found ? std::optional{found->header} : std::nullopt;
    };
    const AncestryBlocks blocks = [&](const Hash256& hash) -> std::optional<Block> {
        const auto* found = blocks_.find(hash);
        if (!found) return std::nullopt;
        return Block{found->header.header, found->body};
    };
    if (auto checked = engine_.check_ommers(block, fork, headers, blocks); !checked) {
        return engine_refuses(std::move(checked.error()));
    }
    std::vector<Address> senders;
    senders.reserve(block.body.transactions.size());
    for (const auto& tx : block.body.transactions) {
        auto checked = execution_.check(tx, fork);
        const auto sender = checked ? recover_sender(tx) : std::unexpected{checked.error()};
        if (!sender) {
            return std::unexpected{InvalidBlock{
                .rule = BlockRule::transaction,
                .index = senders.size(),
                .transaction = ExecutionError{.code = ExecutionErrc::rule, .rule = sender.error()},
            }};
        }
        senders.push_back(*sender);
    }
    return senders;
}

Imported Ledger::follow(const Route& route, std::optional<StateCommit> way, StateCommit commit,
                        const Hash256& hash) {
    Imported out;
    for (const auto* back : route.back) out.reverted.push_back(back->header.hash);
    for (const auto* forward : route.forward) out.applied.push_back(forward->header.hash);
    out.applied.push_back(hash);
    const auto fork = head().header.number - route.back.size();
    if (way) state_.accept(std::move(*way));
    state_.accept(std::move(commit));
    blocks_.set_main(fork, out.applied);
    head_ = hash;
    return out;
}

}  // namespace parley::chain
